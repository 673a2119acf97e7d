import { describeError, isWaAgentError, WaAgentError } from '@wa-agent/core'
import type { Settings } from './options.ts'

/** Pub/Sub's REST interface, as far as it is used here. Publishing by it costs a fraction of the memory of gRPC. */
export interface Api {
  /** `path` is a resource's name, with `:verb` where one is meant. Rejects with `PubsubRefusal` or `queue_unavailable`. */
  call<Answer>(request: ApiRequest): Promise<Answer>
}

export interface ApiRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  /** Default 10,000. */
  readonly timeoutMs?: number
}

/** Pub/Sub answered, and said no. */
export class PubsubRefusal extends Error {
  override readonly name = 'PubsubRefusal'
  readonly status: number

  constructor(status: number, what: string) {
    // Its own words may quote what was sent, so they stay behind.
    super(`Pub/Sub answered ${status} to ${what}`)
    this.status = status
  }

  /** Whether the same request may be accepted a moment later. */
  get passing(): boolean {
    return this.status === 408 || this.status === 429 || this.status >= 500
  }
}

export function createApi(settings: Settings): Api {
  const headers = settings.plain ? async () => ({}) : googleHeaders(settings)
  let isToldOf = false
  const withoutToken = (cause: unknown): never => {
    const error = noToken(cause)
    // Whoever only asks whether the queue is there may wait for less time than it takes to know why not.
    if (!isToldOf) settings.logger.warn({ error: describeError(error) }, 'there are no credentials for Pub/Sub')
    isToldOf = true
    throw error
  }
  return {
    async call<Answer>({ method, path, body, timeoutMs = 10_000 }: ApiRequest): Promise<Answer> {
      // One limit for the token and the request: a metadata server that hangs must not hold up the caller.
      const limit = new AbortController()
      const cancel = settings.clock.after(timeoutMs, () => limit.abort())
      const aborted = new Promise<never>((_, reject) => {
        limit.signal.addEventListener('abort', () => reject(new Error(`no answer within ${timeoutMs} ms`)))
      })
      aborted.catch(() => undefined)
      try {
        const authorization = await Promise.race([headers(), aborted]).catch(withoutToken)
        isToldOf = false
        const request = {
          method,
          signal: limit.signal,
          headers: { ...authorization, 'content-type': 'application/json' },
        }
        const response = await settings.fetch(`${settings.endpoint}/v1/${path}`, {
          ...request,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
        const text = await response.text()
        if (!response.ok) throw new PubsubRefusal(response.status, `${method} ${path}`)
        return (text === '' ? {} : JSON.parse(text)) as Answer
      } catch (error) {
        if (error instanceof PubsubRefusal || isWaAgentError(error)) throw error
        throw unavailable(
          `Pub/Sub cannot be reached at ${settings.endpoint}. Look at the network and the address.`,
          error,
        )
      } finally {
        cancel()
      }
    },
  }
}

/** Loaded when it is needed, since an emulator needs no credentials. */
function googleHeaders({ credentials, keyFilename, projectId }: Settings): () => Promise<Record<string, string>> {
  let loading: Promise<{ getRequestHeaders(): Promise<Headers> }> | undefined
  const load = async () => {
    const { GoogleAuth } = await import('google-auth-library')
    return new GoogleAuth({
      projectId,
      scopes: 'https://www.googleapis.com/auth/pubsub',
      ...(credentials ? { credentials } : {}),
      ...(keyFilename ? { keyFilename } : {}),
    })
  }
  return async () => {
    loading ??= load()
    return Object.fromEntries((await (await loading).getRequestHeaders()).entries())
  }
}

/** Google's own words name files and accounts of this machine. */
function noToken(cause: unknown): WaAgentError {
  const advice = 'Give `credentials` or `keyFilename`, or set GOOGLE_APPLICATION_CREDENTIALS.'
  return unavailable(`Pub/Sub wants a token, and Google gives none: credentials are missing or wrong. ${advice}`, cause)
}

/** The same call may succeed later. */
export function unavailable(message: string, cause: unknown): WaAgentError {
  return new WaAgentError('queue_unavailable', message, { retryable: true, cause })
}

/** What a refusal means for whoever called, and what to do about it. Other errors stay what they are. */
export function explained(error: unknown, what: string): unknown {
  if (!(error instanceof PubsubRefusal)) return error
  const { status } = error
  if (status === 400) {
    return new WaAgentError('invalid_options', `Pub/Sub calls the request to ${what} invalid.`, { cause: error })
  }
  const advice =
    status === 401 || status === 403
      ? 'Give the service account the role that docs/queues/pubsub.md names.'
      : status === 404
        ? 'Make the topic and the subscription, or pass `create: true`.'
        : 'Try again later.'
  return unavailable(`Pub/Sub refused to ${what} (${status}). ${advice}`, error)
}
