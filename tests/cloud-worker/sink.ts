import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TransportName } from './providers.ts'
import { credentials } from './settings.ts'

export type Json = Readonly<Record<string, unknown>>

/** A message that a provider accepted. */
export interface Sent {
  readonly provider: TransportName
  readonly to: string
  readonly providerId: string
  /** The id under which it comes back as a message of the business: only Maytapi has another one. */
  readonly echoId: string
  /** Our id of the reply, where the provider is told it. */
  readonly replyId: string | undefined
  readonly body: Json
}

/** All four providers' REST APIs, on a free port of this machine. */
export interface Sink extends AsyncDisposable {
  readonly url: string
  /** In the order of arrival. */
  readonly sent: readonly Sent[]
  /** Calls that no provider would have taken. */
  readonly refused: readonly string[]
  /** Answers of `429` that come before the next message is accepted. */
  throttle: number
  /** Runs between the provider's accepting a message and its answer. */
  beforeAnswer: ((sent: Sent) => Promise<void> | void) | undefined
}

export async function startSink(): Promise<Sink> {
  const sent: Sent[] = []
  const refused: string[] = []
  const http = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
  const sink = {
    url: '',
    sent,
    refused,
    throttle: 0,
    beforeAnswer: undefined as Sink['beforeAnswer'],
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request)
    const api = apiOf(request)
    if (!api || body === undefined) {
      refused.push(`${request.method} ${request.url}`)
      return write(response, 401, { error: { code: 190, message: 'no' } })
    }
    if (sink.throttle > 0) {
      sink.throttle -= 1
      return write(response, 429, { error: { code: 130429, message: 'Rate limit hit' } })
    }
    const providerId = api.newId(sent.length)
    const one: Sent = { provider: api.name, providerId, echoId: providerId, body, ...api.read(body, providerId) }
    sent.push(one)
    await sink.beforeAnswer?.(one)
    write(response, 200, api.answer(one))
  }

  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  sink.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return sink
}

interface Api {
  readonly name: TransportName
  readonly path: string
  readonly header: readonly [name: string, value: string]
  newId(index: number): string
  read(body: Json, providerId: string): Pick<Sent, 'to' | 'replyId'> & { readonly echoId?: string }
  answer(sent: Sent): Json
}

const meta = {
  newId: (index: number) => `wamid.sink-${index}-${randomUUID()}`,
  read: ({ to, biz_opaque_callback_data: replyId }: Json) => ({
    to: String(to),
    replyId: typeof replyId === 'string' ? replyId : undefined,
  }),
  answer: ({ to, providerId }: Sent) => ({
    messaging_product: 'whatsapp',
    contacts: [{ input: to, wa_id: to }],
    messages: [{ id: providerId, message_status: 'accepted' }],
  }),
}

const apis: readonly Api[] = [
  {
    name: 'cloud-api',
    path: `/cloud-api/v25.0/${credentials.phoneNumberId}/messages`,
    header: ['authorization', `Bearer ${credentials.accessToken}`],
    ...meta,
  },
  {
    name: 'aisensy',
    path: `/aisensy/project/${credentials.aisensyProject}/messages`,
    header: ['x-aisensy-project-api-pwd', credentials.aisensyPassword],
    ...meta,
  },
  {
    name: 'maytapi',
    path: `/maytapi/api/${credentials.maytapiProduct}/${credentials.maytapiPhone}/sendMessage`,
    header: ['x-maytapi-key', credentials.maytapiKey],
    newId: () => randomUUID(),
    read: ({ to_number: to }, id) => ({
      to: String(to),
      replyId: undefined,
      echoId: `true_${to}_${id.replaceAll('-', '').toUpperCase()}`,
    }),
    answer: ({ to, providerId }) => ({ success: true, data: { chatId: to, msgId: providerId } }),
  },
  {
    name: 'spoki',
    path: '/spoki/api/1/messages/send/',
    header: ['x-spoki-api-key', credentials.spokiKey],
    newId: () => randomUUID().replaceAll('-', ''),
    read: ({ phone, metadata }) => ({ to: String(phone), replyId: (metadata as Json)?.['wa_agent_reply'] as string }),
    answer: ({ providerId }) => ({ id: 7, uuid: providerId, send_status: 'Pending' }),
  },
]

function apiOf({ method, url, headers }: IncomingMessage): Api | undefined {
  return apis.find(
    ({ path, header: [name, value] }) => method === 'POST' && url?.split('?')[0] === path && headers[name] === value,
  )
}

async function readJson(request: IncomingMessage): Promise<Json | undefined> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json
  } catch {
    return undefined
  }
}

function write(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
