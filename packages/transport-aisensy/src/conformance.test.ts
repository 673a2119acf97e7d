import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock, type Transport } from '@wa-agent/core'
import {
  type ArrivedMessage,
  type CustomerText,
  type ProviderFault,
  skipReason,
  type TransportHarness,
  type TransportSkips,
  transportConformance,
} from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { aisensyTransport } from './aisensy-transport.ts'
import type { AisensyTransportOptions } from './options.ts'

const secret = 'a-shared-secret'
const token = '0123456789abcdef0123456789abcdef'
const projectId = '655b1f0c9d3e4a0012ab34cd'
const sentAt = '2026-11-01T10:00:00.000Z'
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** One of the two ways in which AiSensy can be used. */
interface Flavour {
  api(origin: string): AisensyTransportOptions['api']
  options(origin: string): Omit<AisensyTransportOptions, 'api'>
  text(message: CustomerText): object
  image(id: string, origin: string): object
  prove(body: string): { readonly headers: Record<string, string>; readonly query: Record<string, string> }
}

const project: Flavour = {
  api: (origin) => ({ type: 'project', projectId, password: 'correct horse', baseUrl: `${origin}/project-apis/v1` }),
  options: (origin) => ({ webhookSecret: secret, allowedMediaHosts: [origin] }),
  text: ({ id, chat, text }) =>
    envelope({ messageId: id, phone_number: chat, message_type: 'TEXT', message_content: { text } }),
  image: (id, origin) =>
    envelope({
      messageId: id,
      phone_number: 'ana',
      message_type: 'IMAGE',
      message_content: { url: `${origin}/files/${id}`, mimeType: 'image/jpeg' },
    }),
  prove: (body) => ({
    headers: { 'x-aisensy-signature': createHmac('sha256', secret).update(body).digest('hex') },
    query: {},
  }),
}

const direct: Flavour = {
  api: (origin) => ({ type: 'direct', token: 'jwt', baseUrl: `${origin}/direct-apis/t1` }),
  options: () => ({ webhookToken: token }),
  text: ({ id, chat, text }) => metaWebhook({ id, from: chat, type: 'text', text: { body: text } }),
  image: (id) => metaWebhook({ id, from: 'ana', type: 'image', image: { id, mime_type: 'image/jpeg' } }),
  prove: () => ({ headers: {}, query: { token } }),
}

function envelope(message: object): object {
  const data = {
    message: { type: 'message', project_id: projectId, sender: 'USER', sent_at: Date.parse(sentAt), ...message },
  }
  return { id: 'envelope', created_at: sentAt, topic: 'message.sender.user', project_id: projectId, data }
}

function metaWebhook(message: object): object {
  const value = { messages: [{ timestamp: String(Date.parse(sentAt) / 1000), ...message }] }
  return { object: 'whatsapp_business_account', entry: [{ id: 'waba', changes: [{ field: 'messages', value }] }] }
}

/** A server on loopback that behaves like AiSensy, and repeats a webhook until it is answered with 200. */
class FakeAisensy {
  readonly arrived: ArrivedMessage[] = []
  readonly acknowledged = new Set<string>()
  readonly files = new Map<string, Uint8Array>()
  fault: ProviderFault | undefined
  transport: Transport | undefined
  readonly #flavour: Flavour
  #closed = false
  #delivering: Promise<void> = Promise.resolve()
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  constructor(flavour: Flavour) {
    this.#flavour = flavour
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await this.#delivering
  }

  /** In order, one after the other. */
  push(id: string, event: object): void {
    this.#delivering = this.#delivering.then(() => this.#deliver(id, JSON.stringify(event)))
  }

  async #deliver(id: string, text: string): Promise<void> {
    const { headers, query } = this.#flavour.prove(text)
    const request = {
      method: 'POST',
      headers: new Headers({ 'content-type': 'application/json', ...headers }),
      query: new URLSearchParams(query),
      body: new TextEncoder().encode(text),
    }
    while (!this.#closed) {
      const answer = await this.transport?.webhook?.(request)
      if (answer?.status === 200) return void this.acknowledged.add(id)
      await turn()
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request)
    const path = request.url ?? ''
    if (path.startsWith('/files/')) return this.#giveFile(path.slice('/files/'.length), response, (bytes) => bytes)
    if (path.endsWith('/get-media')) {
      return this.#giveFile(String(body['id']), response, (bytes) => JSON.stringify(Buffer.from(bytes)))
    }
    expect(path).toMatch(/\/messages$/)
    const fault = this.fault
    this.fault = undefined
    switch (fault) {
      case 'rate-limited':
        return reply(response, 429, { message: 'Too many requests' })
      case 'unavailable':
        return reply(response, 503, { message: 'Service unavailable' })
      case 'refused':
        return reply(response, 400, { error: { message: 'Message undeliverable', code: 131026 } })
      case 'timeout-before-acceptance':
        return void request.socket.destroy()
      default:
        this.arrived.push(arrivedOf(body))
        if (fault) return void request.socket.destroy()
        return reply(response, 200, { messages: [{ id: `wamid.${this.arrived.length}` }] })
    }
  }

  #giveFile(id: string, response: ServerResponse, write: (bytes: Uint8Array) => Uint8Array | string): void {
    const bytes = this.files.get(id)
    if (bytes) response.writeHead(200).end(write(bytes))
    else reply(response, 404, { message: 'Not found' })
  }
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function arrivedOf(body: Record<string, unknown>): ArrivedMessage {
  const { body: text } = (body['text'] ?? { body: '' }) as { readonly body: string }
  return { chat: String(body['to']), text }
}

function harnessOf(flavour: Flavour): () => Promise<TransportHarness> {
  return async () => {
    const provider = new FakeAisensy(flavour)
    const origin = await provider.open()
    const transport = aisensyTransport({ api: flavour.api(origin), ...flavour.options(origin) })
    provider.transport = transport
    const said = new Map<string, CustomerText>()
    const deliver = async (message: CustomerText) => {
      said.set(message.id, message)
      provider.push(message.id, flavour.text(message))
    }
    return {
      transport,
      clock: systemClock,
      async start(host, messages = []) {
        await transport.start(host)
        for (const message of messages) await deliver(message)
      },
      arrived: async () => provider.arrived,
      async until(condition) {
        const deadlineMs = systemClock.now() + 10_000
        while (!(await condition())) {
          if (systemClock.now() > deadlineMs) throw new Error('It has not happened within 10 seconds.')
          await turn()
        }
      },
      async pass() {
        // Nothing in here waits for time.
        for (let count = 0; count < 20; count += 1) await turn()
      },
      dispose: () => provider.close(),
      outboundMedia: { url: 'https://shop.example/file.pdf' },
      deliver,
      acknowledged: (id) => provider.acknowledged.has(id),
      async redeliver(id) {
        const message = said.get(id)
        if (message) await deliver(message)
      },
      fail(fault) {
        provider.fault = fault
      },
      async deliverImage(id, bytes) {
        if (bytes !== 'gone') provider.files.set(id, bytes)
        provider.push(id, flavour.image(id, origin))
      },
    }
  }
}

const skips: TransportSkips = {
  'catch-up': 'AiSensy keeps nothing that could be asked for',
  connection: 'webhooks have no connection that could break',
  find: 'AiSensy cannot be asked what became of a message',
}

describe.each([
  ['Project API, signed envelopes of its own', project],
  ['Direct API, Meta’s format with a token in the address', direct],
])('%s', (_, flavour) => {
  for (const one of transportConformance) {
    const reason = skipReason(one, skips)
    test.skipIf(reason !== undefined)(reason ? `${one.name} (skipped: ${reason})` : one.name, () =>
      one.run(harnessOf(flavour)),
    )
  }
})
