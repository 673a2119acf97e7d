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
import { sendAnswerSchema, statusAnswerSchema } from './payloads.ts'

/** What the client needs to know. */
export interface ClientOptions {
  readonly baseUrl: string
  readonly productId: string
  readonly phoneId: string
  readonly apiKey: TokenSource
  readonly apiKeyHeader: string
  readonly fetch?: typeof fetch | undefined
  readonly timeoutMs?: number | undefined
}

/** Maytapi's REST API, as far as it is needed. */
export interface MaytapiClient {
  sendMessage(body: Record<string, unknown>, signal: AbortSignal): Promise<SendResult>
  /** Whether the phone can send now; `false` also where that cannot be learnt. */
  isConnected(signal: AbortSignal): Promise<boolean>
  close(): void
}

export function createClient(options: ClientOptions): MaytapiClient {
  const { baseUrl, productId, phoneId, apiKey, apiKeyHeader, fetch, timeoutMs } = options
  const plain = createHttpClient({
    // Written with or without the common prefix of all its paths.
    baseUrl: `${baseUrl.replace(/\/+$/, '').replace(/\/api$/, '')}/api`,
    fetch,
    timeoutMs,
  })
  const http = withToken(plain, createToken(apiKey), { headers: (key) => ({ [apiKeyHeader]: key }) })
  const phone = `${encodeURIComponent(productId)}/${encodeURIComponent(phoneId)}`
  return {
    async sendMessage(body, signal) {
      const outcome = await http.request({ method: 'POST', path: `${phone}/sendMessage`, json: body, signal })
      return outcome.kind === 'answer' ? resultOf(outcome) : failedAnswer(outcome)
    },
    async isConnected(signal) {
      const outcome = await http.request({ method: 'GET', path: `${phone}/status`, signal })
      return outcome.kind === 'answer' && outcome.status === 200 && canSend(outcome.body)
    },
    close: () => http.close(),
  }
}

/** What `GET /{product}/{phone}/status` says of the phone. */
function canSend(body: unknown): boolean {
  const { status } = statusAnswerSchema.safeParse(body).data ?? {}
  return status?.loggedIn === true && !status.isQr && !status.loading && status.state?.canSend !== false
}

/** A session that restarts ("Lib not loaded", code W05) is back after some seconds. */
const restartPauseMs = 5000

/** A gateway that gave up waiting: what is behind it may have queued the message. */
const gaveUpWaiting: ReadonlySet<number> = new Set([408, 504, 520, 524])

/** What an answer means. Maytapi says also with HTTP 200 that it did not work: only `success: true` is a success. */
export function resultOf({ status, body, retryAfterMs }: HttpAnswer): SendResult {
  const answer = sendAnswerSchema.safeParse(body).data
  const later = retryAfterMs === undefined ? {} : { retryAfterMs }
  const reason = plainReason(answer?.code, answer?.message) || `HTTP ${status}`
  if (status === 429) return { status: 'failed', retryable: true, slowDown: 'channel', reason, ...later }
  if (gaveUpWaiting.has(status)) return { status: 'uncertain', reason }
  if (status >= 500) return { status: 'failed', retryable: true, reason, ...later }
  if (answer?.code === 'W05')
    return { status: 'failed', retryable: true, reason, retryAfterMs: restartPauseMs, ...later }
  if (status >= 200 && status < 300) {
    if (answer?.success === true || answer?.success === 'true') {
      const providerId = answer.data?.msgId
      return providerId ? { status: 'sent', providerId } : { status: 'sent' }
    }
    // Neither yes nor no: a page of a proxy, or an answer that Maytapi does not have today.
    if (answer?.success === undefined) return { status: 'uncertain', reason: 'an answer without `success`' }
  }
  return { status: 'failed', retryable: isPhoneAway(status, answer?.message ?? ''), reason, ...later }
}

/**
 * Whether it is the phone that cannot send now, rather than this message that cannot be sent. Maytapi has no published codes
 * for it; Glific goes by the same words. A wrong key or a wrong number is not mended by waiting.
 */
function isPhoneAway(status: number, message: string): boolean {
  if (status === 401 || status === 403) return false
  if (!/\b(phone|device|instance|session)s?\b/i.test(message)) return false
  const isBlamed = /\b(number|invalid|not found)\b/i.test(message)
  return !isBlamed || /\b(connected|disconnected|connecting|active|ready|loading|logged|restart\w*)\b/i.test(message)
}
