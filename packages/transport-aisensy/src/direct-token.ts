import { isWaAgentError, WaAgentError } from '@wa-agent/core'
import { createToken, type HttpClient, type Token } from '@wa-agent/transport-kit'
import type { AisensyCredentials } from './options.ts'
import { tokenAnswerSchema } from './payloads.ts'
import type { DirectSettings } from './settings.ts'

/**
 * The token of the Direct API: the one that was given, and where there are credentials a newly made one when it is rejected.
 * How long a token lives is not documented, so it is used until then.
 */
export function directToken(http: HttpClient, { token, credentials }: DirectSettings): Token {
  if (credentials === undefined) return createToken(token ?? '')
  let given = token
  return createToken(async () => {
    const first = given
    given = undefined
    if (first === undefined) return regenerate(http, credentials)
    return typeof first === 'function' ? first() : first
  })
}

/** Makes a new token. AiSensy spells the path so; making one may end the life of the one before. */
async function regenerate(http: HttpClient, credentials: AisensyCredentials): Promise<string> {
  const { email, password, projectId } = credentials
  const key = Buffer.from(`${email}:${password}:${projectId}`).toString('base64')
  const outcome = await http.request({
    method: 'POST',
    path: 'users/regenrate-token',
    headers: { authorization: `Bearer ${key}` },
    json: { direct_api: true },
    // Shared by all who wait for it, so nobody's signal may end it.
    signal: new AbortController().signal,
  })
  if (outcome.kind !== 'answer') throw noToken(outcome.reason, { retryable: true })
  const { data } = tokenAnswerSchema.safeParse(outcome.body)
  const token = data?.users[0]?.token
  if (outcome.status < 300 && token !== undefined) return token
  const { status } = outcome
  const retryable = status === 429 || status >= 500
  throw noToken(status < 300 ? 'no token in the answer' : `HTTP ${status}`, { retryable })
}

/** An error of somebody's token function as the engine understands it: nothing has left. */
export function asTokenError(error: unknown): WaAgentError {
  if (isWaAgentError(error) && error.code === 'send_failed') return error
  return noToken('the token function failed', { retryable: true, cause: error })
}

function noToken(reason: string, options: { readonly retryable: boolean; readonly cause?: unknown }): WaAgentError {
  const message = `[transport-aisensy] Expected a token for the Direct API, got none (${reason}). Check \`api\`.`
  return new WaAgentError('send_failed', message, options)
}
