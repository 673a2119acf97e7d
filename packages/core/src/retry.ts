import { type BackoffOptions, backoffMs } from './backoff.ts'
import { type Clock, waitFor } from './clock.ts'
import { isWaAgentError } from './errors.ts'

/** How often and how patiently work is tried again; the pauses begin at 500 ms, end at 20 s and differ by half, unless given. */
export interface RetryOptions extends BackoffOptions {
  readonly clock: Clock
  /** 0 (included) to 1 (excluded), as `Math.random`. */
  readonly random: () => number
  /** Ends the waiting at once; its reason is then thrown. */
  readonly signal: AbortSignal
  /** How often the work is tried again after its first failure: 2 means three attempts. */
  readonly maxRetries: number
  /** Whether another attempt may help. Default: a `WaAgentError` that says so. */
  readonly isRetryable?: (error: unknown) => boolean
  /** Told before each wait. */
  readonly onRetry?: (retry: { readonly attempt: number; readonly delayMs: number; readonly error: unknown }) => void
}

const defaultBackoff = { baseMs: 500, maxMs: 20_000, jitter: 0.5 }

/**
 * Does `work` until it succeeds, fails for good, or has used up its retries; the last error is thrown as it is. A
 * `retryAfterMs` on the error is honoured; one longer than `maxMs` is left to whoever schedules the next try.
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, signal, maxRetries, isRetryable = saysRetryable, onRetry } = options
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    try {
      return await work(attempt)
    } catch (error) {
      signal.throwIfAborted()
      if (attempt > maxRetries || !isRetryable(error)) throw error
      const delayMs = nextDelayMs(error, attempt, options)
      if (delayMs === undefined) throw error
      onRetry?.({ attempt, delayMs, error })
      await waitFor(clock, delayMs, signal)
    }
  }
}

/**
 * What a server asked for by `retry-after-ms` (OpenAI's own) or `Retry-After` (seconds or a date, RFC 9110 10.2.3), or
 * `undefined` where it asked for nothing that can be understood.
 */
export function parseRetryAfterMs(headers: Pick<Headers, 'get'>, nowMs: number): number | undefined {
  const milliseconds = parseNumber(headers.get('retry-after-ms'))
  if (milliseconds !== undefined) return milliseconds
  const value = headers.get('retry-after')
  const seconds = parseNumber(value)
  if (seconds !== undefined) return Math.round(seconds * 1000)
  // Dates begin with the name of a day; Date.parse would take almost anything for one.
  const date = Date.parse(/^[a-z]{3}/i.test(value ?? '') ? (value ?? '') : '')
  return Number.isNaN(date) ? undefined : Math.max(date - nowMs, 0)
}

function nextDelayMs(error: unknown, attempt: number, options: RetryOptions): number | undefined {
  const { random } = options
  const { baseMs, maxMs, jitter } = { ...defaultBackoff, ...options }
  const askedMs = isWaAgentError(error) ? error.retryAfterMs : undefined
  if (askedMs === undefined) return backoffMs(attempt, { baseMs, maxMs, jitter }, random)
  // Whoever waits inside a turn holds its conversation: a long wait belongs to the engine.
  if (askedMs > maxMs) return undefined
  // Many callers were given the same time; without jitter they would all come back in the same millisecond.
  return Math.round(askedMs + random() * baseMs)
}

function saysRetryable(error: unknown): boolean {
  return isWaAgentError(error) && error.retryable
}

function parseNumber(value: string | null): number | undefined {
  if (value === null || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) && number >= 0 ? number : undefined
}
