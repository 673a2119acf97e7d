import { describeError } from '@wa-agent/core'
import type { HttpClient, HttpOutcome, HttpRequest } from './http-client.ts'
import type { Token } from './token.ts'

/** How a token is passed, and how its rejection is told. */
export interface WithTokenOptions {
  /** Default: `Authorization: Bearer …`. */
  readonly headers?: (token: string) => Record<string, string>
  /** Default: status 401. */
  readonly isRejected?: (outcome: HttpOutcome) => boolean
}

/** A client that sends a token along. Where it is rejected, it is refreshed, and the request is made once more. */
export function withToken(client: HttpClient, token: Token, options: WithTokenOptions = {}): HttpClient {
  const { headers = bearer, isRejected = isUnauthorized } = options
  const ask = (request: HttpRequest, current: string) =>
    client.request({ ...request, headers: { ...request.headers, ...headers(current) } })

  async function request(request: HttpRequest): Promise<HttpOutcome> {
    let current: string
    try {
      current = await token.get()
    } catch (error) {
      return { kind: 'unsent', reason: `no token: ${describeError(error)}` }
    }
    const outcome = await ask(request, current)
    if (!isRejected(outcome)) return outcome
    // Without another token the rejection is the answer.
    const fresh = await token.refresh(current).catch(() => current)
    return fresh === current ? outcome : ask(request, fresh)
  }

  return { request, close: () => client.close() }
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

function isUnauthorized(outcome: HttpOutcome): boolean {
  return outcome.kind === 'answer' && outcome.status === 401
}
