import { type Clock, waitFor } from './clock.ts'
import { isWaAgentError } from './errors.ts'

/** How exponential delays grow. */
export interface BackoffOptions {
  /** The delay before the first retry, in the middle of its jitter; it doubles with each further one. Default 500. */
  readonly baseDelayMs?: number
  /** No delay is longer. Default 20,000. */
  readonly maxDelayMs?: number
}

/** How often and how patiently work is tried again. */
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

const defaultBaseDelayMs = 500
const defaultMaxDelayMs = 20_000

/** Exponential with jitter: 50-150 % of base, then of twice that, ... `attempt` is 1 for the first retry. */
export function backoffDelayMs(attempt: number, random: () => number, options: BackoffOptions = {}): number {
  const { baseDelayMs = defaultBaseDelayMs, maxDelayMs = defaultMaxDelayMs } = options
  const delayMs = baseDelayMs * 2 ** (attempt - 1) * (0.5 + random())
  return Math.min(Math.round(delayMs), maxDelayMs)
}

/**
 * Does `work` until it succeeds, fails for good, or has used up its retries; the last error is thrown as it is. A
 * `retryAfterMs` on the error is honoured; one longer than `maxDelayMs` is left to whoever schedules the next try.
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
  const date = Date.parse(value ?? '')
  return Number.isNaN(date) ? undefined : Math.max(date - nowMs, 0)
}

function nextDelayMs(error: unknown, attempt: number, options: RetryOptions): number | undefined {
  const { random, baseDelayMs = defaultBaseDelayMs, maxDelayMs = defaultMaxDelayMs } = options
  const askedMs = isWaAgentError(error) ? error.retryAfterMs : undefined
  if (askedMs === undefined) return backoffDelayMs(attempt, random, options)
  // Whoever waits inside a turn holds its conversation: a long wait belongs to the engine.
  if (askedMs > maxDelayMs) return undefined
  // Many callers were given the same time; without jitter they would all come back in the same millisecond.
  return Math.round(askedMs + random() * baseDelayMs)
}

function saysRetryable(error: unknown): boolean {
  return isWaAgentError(error) && error.retryable
}

function parseNumber(value: string | null): number | undefined {
  if (value === null || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) && number >= 0 ? number : undefined
}
