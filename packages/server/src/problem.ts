import { STATUS_CODES } from 'node:http'
import { describeError, type ErrorCode, framesOf, isWaAgentError, type Logger, type WaAgentError } from '@wa-agent/core'

/** The media type of problem details, RFC 9457. */
export const problemType = 'application/problem+json; charset=utf-8'

/** What went wrong, as a stable word: the end of the problem's `type`. */
export type ProblemName =
  | 'bad-request'
  | 'bad-gateway'
  | 'conflict'
  | 'forbidden'
  | 'internal'
  | 'method-not-allowed'
  | 'not-found'
  | 'rate-limited'
  | 'refused'
  | 'session-unknown'
  | 'superseded'
  | 'timeout'
  | 'too-large'
  | 'unauthorized'
  | 'unavailable'
  | 'unsupported-media-type'

/** An answer that is no success. Its message is shown to whoever asked: no stack, no content, no secret. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly problem: ProblemName
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    problem: ProblemName,
    details: { readonly detail: string; readonly headers?: Record<string, string>; readonly cause?: unknown },
  ) {
    super(details.detail, details.cause === undefined ? undefined : { cause: details.cause })
    this.status = status
    this.problem = problem
    this.headers = details.headers ?? {}
  }
}

/** What is answered where nothing is, or where it is somebody else's: the same words, so that nobody learns which. */
export function notFound(): Problem {
  return new Problem(404, 'not-found', { detail: 'There is nothing here, or not for you.' })
}

/** What is answered where the path is right and the method is not. */
export function methodNotAllowed(allowed: readonly string[]): Problem {
  return new Problem(405, 'method-not-allowed', {
    detail: `Expected ${allowed.join(' or ')}.`,
    headers: { allow: allowed.join(', ') },
  })
}

/** What is answered to a body that is larger than allowed. */
export function tooLarge(maxBytes: number): Problem {
  return new Problem(413, 'too-large', {
    detail: `Expected at most ${maxBytes} bytes.`,
    headers: { connection: 'close' },
  })
}

/** What is answered to who asks too much. */
export function rateLimited(retryAfterMs: number): Problem {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
  return new Problem(429, 'rate-limited', {
    detail: `Too many requests. Try again in ${seconds} s.`,
    headers: { 'retry-after': String(seconds) },
  })
}

/** What is answered while the server stops. */
export function stopping(): Problem {
  return new Problem(503, 'unavailable', {
    detail: 'The server is stopping. Try again in a moment.',
    headers: { 'retry-after': '1', connection: 'close' },
  })
}

/** What a problem looks like on the wire. */
export function problemBody(problem: Problem, requestId: string): string {
  return JSON.stringify({
    type: `urn:wa-agent:problem:${problem.problem}`,
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    instance: `urn:wa-agent:request:${requestId}`,
  })
}

/** The problem that an error is for whoever asked. What is our own fault is logged, without the error's own words. */
export function problemOf(error: unknown, logger: Logger): Problem {
  if (error instanceof Problem) return error
  const known = isWaAgentError(error) ? problemOfFamily(error) : undefined
  if (known && known.status < 500) return known
  logger.error({ error: describeError(error), frames: framesOf(error) }, 'a request failed')
  return (
    known ?? new Problem(500, 'internal', { detail: 'Something went wrong here. The log says more.', cause: error })
  )
}

/** Another process, or this one in a moment, can do it. */
const ended: ReadonlySet<ErrorCode> = new Set(['not_running', 'storage_closed', 'queue_closed'])

function problemOfFamily(error: WaAgentError): Problem | undefined {
  const { code, message: detail } = error
  if (code === 'not_found') return notFound()
  if (code === 'invalid_message' || code === 'invalid_output' || code === 'invalid_options')
    return new Problem(400, 'bad-request', { detail, cause: error })
  if (!error.retryable && !ended.has(code)) return undefined
  const seconds = Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000))
  return new Problem(503, 'unavailable', {
    detail: 'Not now. Try again in a moment.',
    headers: { 'retry-after': String(seconds) },
    cause: error,
  })
}
