import type { SendResult } from '@wa-agent/core'
import {
  createHttpClient,
  createToken,
  failedAnswer,
  type HttpAnswer,
  plainReason,
  type TokenSource,
  withToken,
} from '@wa-agent/transport-kit'
import { metaErrorAction, metaErrorWords } from '@wa-agent/transport-kit/meta'
import { messageIdOf } from './ids.ts'
import { sendAnswerSchema } from './payloads.ts'

/** What the client needs to know. */
export interface ClientOptions {
  readonly baseUrl: string
  readonly apiKey: TokenSource
  readonly apiKeyHeader: string
  readonly fetch?: typeof fetch | undefined
  readonly timeoutMs?: number | undefined
}

/** Spoki's REST API, as far as it is needed. */
export interface SpokiClient {
  sendMessage(body: Record<string, unknown>, signal: AbortSignal): Promise<SendResult>
  close(): void
}

export function createClient({ baseUrl, apiKey, apiKeyHeader, fetch, timeoutMs }: ClientOptions): SpokiClient {
  const plain = createHttpClient({ baseUrl: hostOf(baseUrl), fetch, timeoutMs })
  const http = withToken(plain, createToken(apiKey), { headers: (key) => ({ [apiKeyHeader]: key }) })
  return {
    async sendMessage(body, signal) {
      const outcome = await http.request({ method: 'POST', path: 'api/1/messages/send/', json: body, signal })
      return outcome.kind === 'answer' ? resultOf(outcome) : failedAnswer(outcome)
    },
    close: () => http.close(),
  }
}

/** Written with or without the common prefix of all paths of the API. */
export function hostOf(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, '').replace(/\/api\/1$/, '')
}

/** What an answer means. Spoki has accepted a message only where it names its id. */
export function resultOf({ status, body, retryAfterMs }: HttpAnswer): SendResult {
  const answer = sendAnswerSchema.safeParse(body).data
  const code = codeIn(body)
  const id = answer?.uuid || answer?.id || answer?.data?.uuid || answer?.data?.id
  const refusal = refusalOf({ status, code, words: answer?.error ?? answer?.detail ?? answer?.message })
  const later = retryAfterMs === undefined ? {} : { retryAfterMs }
  if (status >= 200 && status < 300) {
    if (id && code === undefined) return { status: 'sent', providerId: messageIdOf(id) }
    if (code === undefined && answer?.error === undefined) {
      return { status: 'uncertain', reason: 'an answer without the id of the message' }
    }
  }
  if (gaveUpWaiting.has(status)) return { status: 'uncertain', reason: refusal.reason }
  return { ...refusal, ...later }
}

/** A gateway that gave up waiting: what is behind it may have sent the message. */
export const gaveUpWaiting: ReadonlySet<number> = new Set([408, 504, 520, 524])

/**
 * Codes such as `spoki::1029` (the credit is used up) and `whatsapp::131026`, which are Meta's. None of Spoki's own that are
 * known passes by waiting.
 */
function refusalOf({
  status,
  code,
  words,
}: {
  readonly status: number
  readonly code: string | undefined
  readonly words: string | undefined
}): Extract<SendResult, { status: 'failed' }> {
  const [family, number] = code?.split('::') ?? []
  if (family === 'whatsapp') {
    const action = metaErrorAction(Number(number), status)
    return { status: 'failed', reason: `whatsapp::${metaErrorWords(Number(number), words)}`, ...action }
  }
  const reason = plainReason(code, words) || `HTTP ${status}`
  if (status === 429) return { status: 'failed', retryable: true, slowDown: 'channel', reason }
  return { status: 'failed', retryable: status >= 500 && code === undefined, reason }
}

/** Where the code is in the answer is not documented. */
function codeIn(body: unknown): string | undefined {
  const text = typeof body === 'string' ? body : jsonOf(body)
  return /\b(?:spoki|whatsapp)::\d{1,10}/i.exec(text.slice(0, 10_000))?.[0].toLowerCase()
}

function jsonOf(body: unknown): string {
  try {
    return JSON.stringify(body) ?? ''
  } catch {
    // Nested deeper than the stack: nothing that Spoki answers.
    return ''
  }
}
