import {
  createHttpClient,
  type HttpClient,
  type HttpOutcome,
  type HttpRequest,
  type Token,
} from '@wa-agent/transport-kit'
import { asTokenError, directToken } from './direct-token.ts'
import { requestFile } from './request-file.ts'
import type { DirectSettings, Settings } from './settings.ts'

/** A call of the API that sends. */
export type ApiRequest = Pick<HttpRequest, 'path' | 'json' | 'body' | 'signal'>

/** The API that sends, with its credentials. */
export interface AisensyClient {
  /** Rejects with `send_failed` where there is no token. */
  post(request: ApiRequest): Promise<HttpOutcome>
  /** A file that came in, as AiSensy gives it. */
  getMedia(id: string, signal: AbortSignal): Promise<Response>
  close(): void
}

/** A try of a call with these headers. */
type Call<Answer> = (
  headers: Record<string, string>,
) => Promise<{ readonly answer: Answer; readonly status: number | undefined }>

export function createClient(settings: Settings): AisensyClient {
  const { api, timeoutMs, clock } = settings
  const baseUrl = api.type === 'project' ? `${api.baseUrl}/project/${encodeURIComponent(api.projectId)}` : api.baseUrl
  const http = createHttpClient({ baseUrl, timeoutMs, clock, fetch: settings.fetch })
  const authorized = api.type === 'project' ? withPassword(api.authHeader, api.password) : withToken(http, api)

  return {
    post: ({ signal, ...request }) =>
      authorized(async (headers) => {
        const answer: HttpOutcome = await http.request({ ...request, method: 'POST', headers, signal })
        return { answer, status: answer.kind === 'answer' ? answer.status : undefined }
      }, signal),
    getMedia: (id, signal) =>
      authorized(async (headers) => {
        const json = api.type === 'project' ? { id, response_type: 'document' } : { id }
        const answer = await requestFile(`${baseUrl}/get-media`, { headers, json, signal, settings })
        if (answer.status === 401) await answer.body?.cancel()
        return { answer, status: answer.status }
      }, signal),
    close: () => http.close(),
  }
}

type Authorized = <Answer>(call: Call<Answer>, signal: AbortSignal) => Promise<Answer>

function withPassword(header: string, password: string): Authorized {
  return async (call) => (await call({ [header]: password })).answer
}

/** A rejected token was not used for anything, so the call is made once more with another one. */
function withToken(http: HttpClient, api: DirectSettings): Authorized {
  const token = directToken(http, api)
  const headersOf = (value: string) => ({ [api.authHeader]: `Bearer ${value}` })
  return async (call, signal) => {
    const first = await patiently(() => token.get(), signal)
    const { answer, status } = await call(headersOf(first))
    if (status !== 401) return answer
    const second = await renewed(token, first, signal)
    return second === undefined ? answer : (await call(headersOf(second))).answer
  }
}

/** `undefined` where there is no other: the answer stays the one that was given. */
async function renewed(token: Token, rejected: string, signal: AbortSignal): Promise<string | undefined> {
  const next = await patiently(() => token.refresh(rejected), signal)
  return next === rejected ? undefined : next
}

/** Others may go on to wait for the same token. */
async function patiently(ask: () => Promise<string>, signal: AbortSignal): Promise<string> {
  const ended = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true, signal: ended.signal })
  })
  try {
    return await Promise.race([ask(), aborted])
  } catch (error) {
    throw asTokenError(error)
  } finally {
    ended.abort()
  }
}
