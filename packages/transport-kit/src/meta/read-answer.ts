import type { SendResult } from '@wa-agent/core'
import { failedAnswer, type HttpAnswer, type HttpOutcome } from '../http-client.ts'
import { httpErrorAction, metaErrorAction, metaErrorWords } from './error-codes.ts'
import { sendAnswerSchema } from './payloads.ts'

/** Statuses that a gateway answers although what is behind it may have got the request. */
const unclear: ReadonlySet<number> = new Set([408, 500, 502, 504])

/** What became of a send, from the answer of Meta or of somebody who passes it on. */
export function readMetaAnswer(outcome: HttpOutcome): SendResult {
  if (outcome.kind !== 'answer') return failedAnswer(outcome)
  const parsed = sendAnswerSchema.safeParse(outcome.body)
  const { error, messages, success } = parsed.success ? parsed.data : {}
  const { status } = outcome
  if (error?.code !== undefined) return refusal(error.code, { ...error, outcome })
  if (status < 300 && success === false) return failure(`HTTP ${status} without success`, { retryable: false }, outcome)
  if (status >= 200 && status < 300 && (success || isAcceptance(outcome.body)) && error === undefined) {
    const id = messages?.[0]?.id
    return id === undefined ? { status: 'sent' } : { status: 'sent', providerId: id }
  }
  if (status < 300 || unclear.has(status))
    return { status: 'uncertain', reason: `HTTP ${status} with an unknown answer` }
  return failure(`HTTP ${status}`, httpErrorAction(status), outcome)
}

/** Some who pass Meta's answer on leave out what is in it. */
function isAcceptance(body: unknown): boolean {
  return typeof body === 'object' && body !== null && ('messages' in body || 'messaging_product' in body)
}

/** The code of an error in an answer of Meta, where it has one. */
export function metaErrorCode(body: unknown): number | undefined {
  const parsed = sendAnswerSchema.safeParse(body)
  return parsed.success ? parsed.data.error?.code : undefined
}

interface Circumstances {
  readonly is_transient?: boolean | undefined
  readonly fbtrace_id?: string | undefined
  readonly outcome: HttpAnswer
}

function refusal(code: number, { is_transient, fbtrace_id, outcome }: Circumstances): SendResult {
  const action = metaErrorAction(code, outcome.status)
  const trace = fbtrace_id === undefined ? '' : ` (trace ${fbtrace_id.slice(0, 60)})`
  const retryable = action.retryable || is_transient === true
  return failure(`${metaErrorWords(code)}${trace}`, { ...action, retryable }, outcome)
}

function failure(reason: string, action: ReturnType<typeof httpErrorAction>, { retryAfterMs }: HttpAnswer): SendResult {
  return { status: 'failed', reason, ...action, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}
