import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { systemClock, type WebhookRequest } from '@wa-agent/core'
import {
  type ArrivedMessage,
  type ProviderFault,
  skipReason,
  type TransportHarness,
  type TransportSkips,
  transportConformance,
} from '@wa-agent/testing'
import { hmacSha256Hex } from '@wa-agent/transport-kit'
import { describe, test } from 'vitest'
import { spokiTransport } from './spoki-transport.ts'

const secret = 'a-long-random-secret'

/** A server on loopback that behaves like Spoki, and repeats a webhook until it gets a 200. */
class FakeSpoki {
  readonly arrived: ArrivedMessage[] = []
  readonly acknowledged = new Set<string>()
  readonly files = new Map<string, Uint8Array>()
  fault: ProviderFault | undefined
  webhook: (request: WebhookRequest) => Promise<{ readonly status: number }> = async () => ({ status: 503 })
  #closed = false
  #delivering: Promise<void> = Promise.resolve()
  readonly #server = createServer((request, response) => void this.#answer(request, response))

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
  message(id: string, chat: string, content: object): void {
    const data = {
      uuid: id,
      direction: 'Inbound',
      from_phone: chat,
      to_phone: '+15550009000',
      sent_datetime,
      ...content,
    }
    const body = Buffer.from(JSON.stringify({ version: 2, event: 'message.inbound', event_uuid: id, data }))
    this.#delivering = this.#delivering.then(() => this.#deliver(body, id))
  }

  async #deliver(body: Buffer, id: string): Promise<void> {
    while (!this.#closed) {
      const seconds = Math.round(systemClock.now() / 1000)
      const signature = `t=${seconds},v2=${hmacSha256Hex(secret, `${seconds}.`, body)}`
      const headers = new Headers({ 'content-type': 'application/json', 'x-spoki-signature': signature })
      const { status } = await this.webhook({ method: 'POST', headers, query: new URLSearchParams(), body })
      if (status === 200) return void this.acknowledged.add(id)
      await turn()
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: unknown, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    const file = this.files.get(request.url ?? '')
    if (file) return void response.writeHead(200).end(file)
    if (request.method === 'GET') return void response.writeHead(404).end()
    const sent = (await json(request)) as Record<string, unknown>
    const addressed = request.url === '/api/1/messages/send/' && request.headers['x-spoki-api-key'] === 'key'
    if (!addressed) return void answer(401, { detail: 'Authentication credentials were not provided.' })
    const { fault } = this
    this.fault = undefined
    const accept = () =>
      this.arrived.push({ chat: String(sent['phone']), text: String(sent['text'] ?? sent['caption'] ?? '') })
    if (fault === 'rate-limited') return void answer(429, { detail: 'Request was throttled.' }, { 'retry-after': '7' })
    if (fault === 'unavailable') return void answer(503, { detail: 'Unavailable' })
    if (fault === 'refused') return void answer(402, { error: 'Not enough credit', error_code: 'spoki::1029' })
    if (fault === 'timeout-before-acceptance') return
    if (fault === 'timeout-after-acceptance') return void accept()
    accept()
    answer(201, { id: this.arrived.length, uuid: `message-${this.arrived.length}`, status: 'Pending' })
  }
}

const sent_datetime = new Date(systemClock.now()).toISOString()
const turn = () => new Promise((resolve) => setImmediate(resolve))

async function create(): Promise<TransportHarness> {
  const provider = new FakeSpoki()
  const baseUrl = await provider.open()
  const transport = spokiTransport({
    apiKey: 'key',
    webhookSecret: secret,
    baseUrl,
    allowedMediaHosts: [baseUrl],
    templates: { hello: { id: 7001, fields: ['FIRST_NAME'] } },
    timeoutMs: 250,
  })
  provider.webhook = async (request) => (await transport.webhook?.(request)) ?? { status: 404 }
  const say = ({ id, chat, text }: { id: string; chat: string; text: string }) =>
    provider.message(id, chat, { text, content_type: 'Text' })
  return {
    transport,
    clock: systemClock,
    async start(host, messages = []) {
      await transport.start(host)
      messages.map(say)
    },
    arrived: async () => provider.arrived,
    async until(condition) {
      const deadline = systemClock.now() + 10_000
      while (!(await condition())) {
        if (systemClock.now() > deadline) throw new Error('It has not happened within 10 seconds.')
        await turn()
      }
    },
    async pass() {
      for (let count = 0; count < 100; count += 1) await turn()
    },
    dispose: () => provider.close(),
    async deliver(message) {
      say(message)
    },
    acknowledged: (id) => provider.acknowledged.has(id),
    async redeliver(id) {
      say({ id, chat: 'ana', text: `text of ${id}` })
    },
    fail: (fault) => {
      provider.fault = fault
    },
    async deliverImage(id, bytes) {
      const path = `/media/${id}.jpeg`
      if (bytes !== 'gone') provider.files.set(path, bytes)
      const file = { media: `${baseUrl}${path}`, content_type: 'image/jpeg' }
      provider.message(id, 'ana', { text: '', content_type: 'Image', mediamessage_set: [file] })
    },
  }
}

const skips: TransportSkips = {
  'catch-up': 'Spoki has no documented way to ask for what was missed',
  connection: 'webhooks and requests have no connection that could break',
  find: 'Spoki has no documented way to ask for a message by its metadata',
}

describe('spokiTransport', () => {
  for (const one of transportConformance) {
    const reason = skipReason(one, skips)
    test.skipIf(reason !== undefined)(reason ? `${one.name} (skipped: ${reason})` : one.name, () => one.run(create))
  }
})
