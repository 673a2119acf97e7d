import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { WebhookRequest } from '@wa-agent/core'

/** Credentials that the fake accepts. */
export const credentials = {
  phoneNumberId: '106540352242922',
  accessToken: 'token-1',
  appSecret: 'app-secret',
  verifyToken: 'verify-token',
} as const

/** A call of the REST API. */
export interface GraphCall {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly contentType: string
  readonly body: Buffer
}

/** How the next call of `messages` ends instead. */
export type GraphFault = { readonly status: number; readonly code: number } | 'accept-and-hang' | 'hang' | 'cut'

type Json = Readonly<Record<string, unknown>>

/** Meta's REST API on a free port of this machine, for tests. */
export interface FakeMeta extends AsyncDisposable {
  readonly url: string
  readonly calls: readonly GraphCall[]
  /** The bodies of accepted messages. */
  readonly sent: readonly Json[]
  /** How many calls wait for an answer that never comes. */
  readonly hanging: number
  readonly faults: GraphFault[]
  /** Which token is accepted. */
  token: string
  /** Files that came in. `expired`: how often their address is answered with 404. */
  readonly files: Map<string, { readonly bytes: Buffer; readonly sha256?: string; expired?: number }>
  /** Takes the place of the usual answer. */
  respond: ((call: GraphCall, response: ServerResponse) => boolean) | undefined
}

/** Starts it. */
export async function fakeMeta(): Promise<FakeMeta> {
  const sockets = new Set<Socket>()
  const state = {
    url: '',
    calls: [] as GraphCall[],
    sent: [] as Json[],
    hanging: 0,
    faults: [] as GraphFault[],
    token: credentials.accessToken as string,
    files: new Map() as FakeMeta['files'],
    respond: undefined as FakeMeta['respond'],
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  const server = createServer(async (request, response) => {
    const call = await callOf(request)
    state.calls.push(call)
    if (state.respond?.(call, response)) return
    answerCall(state, call, response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return state
}

type State = { -readonly [Key in keyof FakeMeta]: FakeMeta[Key] } & { readonly sent: Json[] }

function answerCall(state: State, call: GraphCall, response: ServerResponse): void {
  const number = `/v25.0/${credentials.phoneNumberId}`
  if (call.authorization !== `Bearer ${state.token}`) refuse(response, { status: 401, code: 190 })
  else if (call.path === `${number}/messages`) takeMessage(state, call, response)
  else if (call.path === `${number}/media`) answer(response, 200, { id: `upload-${state.calls.length}` })
  else if (call.path.startsWith('/files/')) giveFile(state, call, response)
  else findFile(state, call, response)
}

function takeMessage(state: State, { body }: GraphCall, response: ServerResponse): void {
  const message = JSON.parse(body.toString()) as Json
  const fault = state.faults.shift()
  if (typeof fault === 'object') {
    refuse(response, fault)
    return
  }
  if (fault === 'cut') {
    response.destroy()
    return
  }
  if (fault !== 'hang') state.sent.push(message)
  if (fault) state.hanging += 1
  else answer(response, 200, { messaging_product: 'whatsapp', messages: [{ id: `wamid.${state.sent.length}` }] })
}

function findFile(state: State, call: GraphCall, response: ServerResponse): void {
  const id = call.path.match(/^\/v25\.0\/([^/?]+)\?phone_number_id=106540352242922$/)?.[1] ?? ''
  const file = state.files.get(id)
  if (!file) {
    refuse(response, { status: 400, code: 100 })
    return
  }
  const sha256 = file.sha256 ?? createHash('sha256').update(file.bytes).digest('hex')
  const url = `${state.url}/files/${id}`
  answer(response, 200, { id, url, sha256, mime_type: 'image/png', file_size: file.bytes.byteLength })
}

function giveFile(state: State, { path }: GraphCall, response: ServerResponse): void {
  const file = state.files.get(path.slice('/files/'.length))
  if (!file || (file.expired ?? 0) > 0) {
    if (file?.expired) file.expired -= 1
    response.writeHead(404).end()
  } else response.end(file.bytes)
}

async function callOf(request: IncomingMessage): Promise<GraphCall> {
  const { method = '', url: path = '', headers } = request
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk)
  const contentType = headers['content-type'] ?? ''
  return { method, path, authorization: headers.authorization, contentType, body: Buffer.concat(chunks) }
}

function refuse(response: ServerResponse, { status, code }: { readonly status: number; readonly code: number }): void {
  answer(response, status, { error: { message: 'refused', type: 'OAuthException', code, fbtrace_id: 'trace' } })
}

function answer(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** A webhook as Meta sends it: with everything beyond ASCII escaped, and signed. */
export function webhookRequest(body: unknown, headers: Readonly<Record<string, string>> = {}): WebhookRequest {
  const json = JSON.stringify(body).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  const bytes = Buffer.from(json)
  const signature = createHmac('sha256', credentials.appSecret).update(bytes).digest('hex')
  const all = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}`, ...headers }
  return { method: 'POST', headers: new Headers(all), query: new URLSearchParams(), body: bytes }
}

/** A webhook with these messages. */
export function messagesWebhook(messages: readonly Json[]): Json {
  const metadata = { display_phone_number: '15550783881', phone_number_id: credentials.phoneNumberId }
  const value = { messaging_product: 'whatsapp', metadata, messages }
  return { object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages', value }] }] }
}
