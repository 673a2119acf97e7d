import { type SendResult, WaAgentError } from '@wa-agent/core'
import { createHttpClient, createToken, type HttpOutcome, type Token, withToken } from '@wa-agent/transport-kit'
import { metaErrorCode, readMetaAnswer } from '@wa-agent/transport-kit/meta'
import type { Settings } from './options.ts'
import { type MediaAnswer, mediaAnswerSchema, uploadAnswerSchema } from './payloads.ts'

/** The calls of the Cloud API that the transport needs. */
export interface CloudApiClient {
  readonly token: Token
  /** Posts a message. */
  send(body: Record<string, unknown>, signal: AbortSignal): Promise<SendResult>
  /** Uploads a file, so that it can be sent by its id. */
  upload(file: File, signal: AbortSignal): Promise<{ readonly id: string } | SendResult>
  /** Where a file is that came in. Rejects with `media_unavailable`. */
  findMedia(id: string, signal: AbortSignal): Promise<MediaAnswer>
  close(): void
}

/** Makes a client for one number. */
export function createCloudApiClient(settings: Settings): CloudApiClient {
  const { apiUrl, phoneNumberId, timeoutMs, fetch, clock } = settings
  const token = createToken(settings.accessToken)
  const http = withToken(createHttpClient({ baseUrl: apiUrl, timeoutMs, fetch, clock }), token, { isRejected })

  return {
    token,
    async send(body, signal) {
      return readMetaAnswer(
        await http.request({ method: 'POST', path: `${phoneNumberId}/messages`, json: body, signal }),
      )
    },
    async upload(file, signal) {
      const form = new FormData()
      form.set('messaging_product', 'whatsapp')
      form.set('type', file.type)
      form.set('file', file)
      const outcome = await http.request({ method: 'POST', path: `${phoneNumberId}/media`, body: form, signal })
      const parsed = uploadAnswerSchema.safeParse(outcome.kind === 'answer' ? outcome.body : undefined)
      return parsed.success ? parsed.data : failedUpload(outcome)
    },
    async findMedia(id, signal) {
      const query = { phone_number_id: phoneNumberId }
      const outcome = await http.request({ method: 'GET', path: encodeURIComponent(id), query, signal })
      signal.throwIfAborted()
      const parsed = mediaAnswerSchema.safeParse(outcome.kind === 'answer' ? outcome.body : undefined)
      if (parsed.success) return parsed.data
      throw mediaUnavailable(outcome)
    },
    close: () => http.close(),
  }
}

/** An expired token is mostly told by the status, and always by the code. */
function isRejected(outcome: HttpOutcome): boolean {
  if (outcome.kind !== 'answer') return false
  return outcome.status === 401 || metaErrorCode(outcome.body) === 190
}

/** Whatever became of the upload, no message went out. */
function failedUpload(outcome: HttpOutcome): SendResult {
  const result = readMetaAnswer(outcome)
  if (result.status === 'failed') return { ...result, reason: `upload: ${result.reason}` }
  const reason = result.status === 'uncertain' ? result.reason : 'an answer without id'
  return { status: 'failed', retryable: true, reason: `upload: ${reason}` }
}

function mediaUnavailable(outcome: HttpOutcome): WaAgentError {
  const isLost = outcome.kind === 'answer' && outcome.status >= 400 && outcome.status < 500 && outcome.status !== 429
  const why = outcome.kind === 'answer' ? `HTTP ${outcome.status}` : outcome.reason
  const message = isLost
    ? `Meta does not have the file, or does not give it (${why}). Files are kept for 7 days; ask for it again.`
    : `Meta could not be asked for the file (${why}). Try again later.`
  return new WaAgentError('media_unavailable', message, { retryable: !isLost })
}
