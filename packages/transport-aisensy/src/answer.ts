import type { SendResult } from '@wa-agent/core'
import { failedAnswer, type HttpAnswer, type HttpOutcome } from '@wa-agent/transport-kit'
import { readMetaAnswer } from '@wa-agent/transport-kit/meta'
import type { z } from 'zod'
import { noCreditPauseMs } from './limits.ts'
import { campaignAnswerSchema, refusalSchema } from './payloads.ts'
import { shortReason } from './reasons.ts'

/** What became of a message that was given to the Project or the Direct API. */
export function readMessageAnswer(outcome: HttpOutcome): SendResult {
  if (outcome.kind !== 'answer') return failedAnswer(outcome)
  // An error of Meta is passed on as it is; its table says what to do.
  if (isMetaError(outcome.body)) return readMetaAnswer(outcome)
  return refusalOf(outcome) ?? readMetaAnswer(outcome)
}

/**
 * What became of a template that was given to the Campaign API: `success` is the text `"true"`, and WhatsApp's id of the
 * message is told by a webhook at most.
 */
export function readCampaignAnswer(outcome: HttpOutcome): SendResult {
  if (outcome.kind !== 'answer') return failedAnswer(outcome)
  const refusal = refusalOf(outcome)
  if (refusal) return refusal
  const answer = campaignAnswerSchema.safeParse(outcome.body).data
  if (outcome.status < 300 && String(answer?.success) === 'true') {
    const providerId = answer?.submitted_message_id
    return providerId === undefined ? { status: 'sent' } : { status: 'sent', providerId }
  }
  return { status: 'uncertain', reason: `HTTP ${outcome.status} with an answer that cannot be read` }
}

function isMetaError(body: unknown): boolean {
  const { data } = refusalSchema.safeParse(body)
  return typeof data?.error === 'object' && data.error !== null && 'code' in data.error
}

/** Statuses that a gateway answers although what is behind it may have got the request. */
const unclear: ReadonlySet<number> = new Set([408, 500, 502, 504])

/**
 * A refusal of AiSensy itself, in any of its spellings: `{name, message}`, `{name, errorCode, errorMessage}`, `{message}`,
 * `{error}`, also with HTTP 200. `undefined` where the answer is none, or comes from a gateway that cannot know.
 */
function refusalOf(answer: HttpAnswer): SendResult | undefined {
  const body = refusalSchema.safeParse(answer.body).data
  const status = statusOf(answer, body?.name)
  if (status < 300 && !isRefusal(answer.body)) return undefined
  if (status === 429) {
    return { status: 'failed', retryable: true, slowDown: 'channel', reason: 'HTTP 429', ...retryAfterOf(answer) }
  }
  if (unclear.has(status)) return undefined
  if (status >= 500) return { status: 'failed', retryable: true, reason: `HTTP ${status}`, ...retryAfterOf(answer) }
  const reason = reasonOf(status, body)
  if (status === 402) return { status: 'failed', retryable: true, retryAfterMs: noCreditPauseMs, reason }
  return { status: 'failed', retryable: false, reason }
}

/** AiSensy's code and words; its trace id is what its support asks for. */
function reasonOf(status: number, body: z.output<typeof refusalSchema> | undefined): string {
  const words = body?.errorMessage ?? body?.message ?? (typeof body?.error === 'string' ? body.error : '')
  const code = shortReason(body?.name ?? body?.errorCode ?? '') || `HTTP ${status}`
  const trace = /^[\w-]{1,60}$/.exec(body?.aisTraceId ?? '')?.[0]
  return [code, shortReason(words), trace].filter(Boolean).join(' ')
}

function retryAfterOf({ retryAfterMs }: HttpAnswer): { readonly retryAfterMs?: number } {
  return retryAfterMs === undefined ? {} : { retryAfterMs }
}

/** The status of the answer, or the one that its body names: `ERR401` came with other ones. */
function statusOf({ status }: HttpAnswer, name: string | undefined): number {
  const named = status < 400 ? /^ERR([45]\d\d)$/.exec(name ?? '')?.[1] : undefined
  return named === undefined ? status : Number(named)
}

/** Whether an answer with HTTP 200 says no. */
function isRefusal(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  if ('messages' in body && Array.isArray(body.messages)) return false
  if ('error' in body && body.error) return true
  return 'success' in body && String(body.success) === 'false'
}
