/** What went wrong, as a stable word that programs can compare. Each is documented in docs/errors.md. */
export type ErrorCode =
  | 'invalid_options'
  | 'invalid_message'
  | 'invalid_output'
  | 'lease_lost'
  | 'media_too_large'
  | 'media_unavailable'
  | 'model_failed'
  | 'model_rate_limited'
  | 'model_timeout'
  | 'model_unavailable'
  | 'not_found'
  | 'not_running'
  | 'pipeline_unavailable'
  | 'queue_closed'
  | 'queue_unavailable'
  | 'send_failed'
  | 'send_timeout'
  | 'storage_closed'
  | 'storage_corrupt'
  | 'storage_full'
  | 'storage_in_use'
  | 'storage_newer'
  | 'storage_unavailable'
  | 'turn_failed'
  | 'turn_timeout'

/** How an error is built: whether trying again can help, when, and what caused it. */
export interface WaAgentErrorOptions {
  /** Whether the same call may succeed later without anybody changing anything. Default `false`. */
  readonly retryable?: boolean
  /** Not before this many milliseconds, where the other side said so. */
  readonly retryAfterMs?: number
  /** The original error, kept for whoever looks into it. */
  readonly cause?: unknown
}

/**
 * The one error family of wa-agent. The message says what to do next and holds no message text and no phone number, so
 * it may be logged.
 */
export class WaAgentError extends Error {
  override readonly name = 'WaAgentError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, options: WaAgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Whether `error` belongs to the family, also when two copies of this package are installed. */
export function isWaAgentError(error: unknown): error is WaAgentError {
  return error instanceof Error && error.name === 'WaAgentError' && 'code' in error
}

/** Whether nothing is wrong with what was asked for: the storage is away, read-only or full, and takes it when it is back. */
export function isStorageAway(error: unknown): boolean {
  if (!isWaAgentError(error) || !error.retryable) return false
  return error.code === 'storage_unavailable' || error.code === 'storage_full'
}

/** A short description that is safe to store and to log: class and code, and our own message; never a foreign one. */
export function describeError(error: unknown): string {
  if (isWaAgentError(error)) return `${error.code}: ${error.message}`
  if (error instanceof Error) return error.name
  return typeof error
}

/** Where an error came from: its stack without the first lines, since a foreign message may quote what a customer wrote. */
export function framesOf(error: unknown): string | undefined {
  const stack = error instanceof Error ? error.stack : undefined
  return stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
}
