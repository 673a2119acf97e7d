import {
  type Clock,
  describeError,
  parseRetryAfterMs,
  type SendResult,
  systemClock,
  WaAgentError,
} from '@wa-agent/core'
import { ExchangeFailure, Stop } from './exchange.ts'
import { fetchExchange } from './fetch-exchange.ts'
import { nodeExchange } from './node-exchange.ts'

/** One provider's REST API. */
export interface HttpClientOptions {
  /** Where paths are appended, e.g. `https://graph.facebook.com/v25.0`. */
  readonly baseUrl: string
  /** Takes the place of the client's own connections, e.g. for a proxy. */
  readonly fetch?: typeof fetch | undefined
  /** From the call to the end of the answer. Default: 30,000. */
  readonly timeoutMs?: number | undefined
  /** How many requests are on their way at once; more wait. Default: 100. */
  readonly maxConnections?: number | undefined
  /** An answer with more is given without its body. Default: 4 MiB. */
  readonly maxAnswerBytes?: number | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
  /** Asked for at each request, e.g. for the token. */
  readonly headers?: (() => Promise<Record<string, string>> | Record<string, string>) | undefined
}

/** One call. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Appended to the base. Parts that come from outside must be encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>> | undefined
  /** What is sent as JSON; or `body`. */
  readonly json?: unknown
  readonly body?: FormData | Uint8Array | undefined
  /** Before those of the client. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly signal: AbortSignal
}

/**
 * What became of a request.
 * - `answer`: the whole answer, whatever its status. `body` is the parsed JSON, else the text; `undefined` where it was too
 *   large. `retryAfterMs` is what the provider asked for.
 * - `unsent`: it certainly did not reach the provider: no connection was made.
 * - `uncertain`: it left, and no whole answer came.
 *
 * A `reason` is a code or a few words of ours; it may be logged.
 */
export type HttpOutcome = HttpAnswer | HttpFailure

/** Whatever the provider said, whole. */
export interface HttpAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: Pick<Headers, 'get'>
  readonly body: unknown
  readonly retryAfterMs?: number
}

/** Why nothing is known of what the provider did, or that it did nothing. */
export interface HttpFailure {
  readonly kind: 'unsent' | 'uncertain'
  readonly reason: string
}

/** Makes calls whose outcome is known as well as it can be. */
export interface HttpClient {
  /** Never rejects. Follows no redirect and tries nothing again: the engine does. */
  request(request: HttpRequest): Promise<HttpOutcome>
  /** Lets go of idle connections. The client can be used again. */
  close(): void
}

/** Makes a client that keeps its connections alive. Throws `invalid_options`. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { timeoutMs = 30_000, maxConnections = 100, maxAnswerBytes = 4 * 2 ** 20, clock = systemClock } = options
  const base = baseOf(options.baseUrl)
  const exchange = options.fetch ? fetchExchange(base, options.fetch) : nodeExchange(base, { maxConnections })

  async function request(request: HttpRequest): Promise<HttpOutcome> {
    if (request.signal.aborted) return unsent('aborted')
    const stop = new Stop()
    const abort = () => stop.stop('aborted')
    const cancelTimer = clock.after(timeoutMs, () => stop.stop('timeout'))
    request.signal.addEventListener('abort', abort)
    try {
      const message = await prepare(request, options.headers)
      // The token may have taken longer than there was time.
      if (stop.reason !== undefined) return unsent(stop.reason)
      const { method } = request
      const answer = await exchange.run({ target: targetOf(request), method, ...message, maxAnswerBytes, stop })
      const { status, headers } = answer
      const retryAfterMs = parseRetryAfterMs(headers, clock.now())
      const outcome = { kind: 'answer', status, headers, body: parsed(answer.body) } as const
      return retryAfterMs === undefined ? outcome : { ...outcome, retryAfterMs }
    } catch (error) {
      return failureOf(error, stop)
    } finally {
      cancelTimer()
      request.signal.removeEventListener('abort', abort)
    }
  }

  return { request, close: () => exchange.close() }
}

/** What a failed request means for a send. */
export function failedAnswer(outcome: HttpFailure): SendResult {
  const { kind, reason } = outcome
  return kind === 'unsent' ? { status: 'failed', retryable: true, reason } : { status: 'uncertain', reason }
}

function unsent(reason: string): HttpFailure {
  return { kind: 'unsent', reason }
}

async function prepare(request: HttpRequest, common: HttpClientOptions['headers']) {
  const headers: Record<string, string> = { ...(await common?.()), ...request.headers }
  if (request.json === undefined) return { headers, body: request.body }
  return {
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(request.json)),
  }
}

function failureOf(error: unknown, stop: Stop): HttpFailure {
  // What is thrown before the exchange began never left: a token that cannot be had, a header that is not allowed.
  if (!(error instanceof ExchangeFailure)) return unsent(describeError(error))
  return { kind: error.left ? 'uncertain' : 'unsent', reason: stop.reason ?? error.reason }
}

function parsed(body: Buffer | undefined): unknown {
  if (body === undefined) return undefined
  const text = body.toString('utf8')
  // Providers send JSON under other content types too.
  if (!/^[\s\uFEFF]*[[{]/.test(text)) return text
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
  } catch {
    return text
  }
}

function baseOf(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  const usable = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash
  if (usable) return url.href.replace(/\/+$/, '')
  throw new WaAgentError(
    'invalid_options',
    '[transport-kit] Expected `baseUrl` to be an http(s) URL without user, query and fragment. Correct it.',
  )
}

function targetOf({ path, query }: HttpRequest): string {
  const target = path.startsWith('/') ? path : `/${path}`
  return query === undefined ? target : `${target}?${new URLSearchParams(query)}`
}
