import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock, type WebhookRequest } from '@wa-agent/core'
import {
  type ArrivedMessage,
  type ProviderFault,
  skipReason,
  type TransportHarness,
  type TransportSkips,
  transportConformance,
} from '@wa-agent/testing'
import { describe, test } from 'vitest'
import { maytapiTransport } from './maytapi-transport.ts'

const productId = '0f0e0d0c-1111-4222-8333-444455556666'
const phoneId = 1150
const secret = 'a-long-random-secret'

/** A server on loopback that behaves like Maytapi: it queues what is sent and repeats a webhook until it gets a 200. */
class FakeMaytapi {
  readonly arrived: ArrivedMessage[] = []
  readonly acknowledged = new Set<string>()
  readonly files = new Map<string, Uint8Array>()
  fault: ProviderFault | undefined
  phone: 'active' | 'phone-error' = 'active'
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
  push(event: object, id?: string): void {
    this.#delivering = this.#delivering.then(() => this.#deliver(event, id))
  }

  message(id: string, chat: string, message: object): void {
    const content = { id, _serialized: id, fromMe: false, ...message }
    const user = { id: chat, name: chat, phone: '' }
    this.push(
      {
        type: 'message',
        product_id: productId,
        phone_id: phoneId,
        conversation: chat,
        user,
        message: content,
        timestamp,
      },
      id,
    )
  }

  async #deliver(event: object, id: string | undefined): Promise<void> {
    const body = Buffer.from(JSON.stringify(event))
    const headers = new Headers({ 'content-type': 'application/json' })
    const request = { method: 'POST', headers, query: new URLSearchParams({ token: secret }), body }
    while (!this.#closed) {
      const { status } = await this.webhook(request)
      if (status === 200 && id !== undefined) this.acknowledged.add(id)
      if (status === 200) return
      await turn()
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: unknown, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    const file = this.files.get(request.url ?? '')
    if (file) return void response.writeHead(200).end(file)
    if (request.method === 'GET') return void response.writeHead(404).end()
    const sent = JSON.parse(await textOf(request)) as Record<string, unknown>
    const addressed = request.url === `/api/${productId}/${phoneId}/sendMessage`
    if (!addressed || request.headers['x-maytapi-key'] !== 'key') return void answer(401, { success: false })
    const { fault } = this
    this.fault = undefined
    const accept = () => this.arrived.push({ chat: String(sent['to_number']), text: wordsIn(sent) })
    if (fault === 'rate-limited') return void answer(429, { success: false }, { 'retry-after': '7' })
    if (fault === 'unavailable') return void answer(200, { success: false, message: 'Lib not loaded', code: 'W05' })
    if (fault === 'refused') return void answer(400, { success: false, message: 'Options are required.', code: 'F04' })
    if (fault === 'timeout-before-acceptance') return
    if (fault === 'timeout-after-acceptance') return void accept()
    if (this.phone !== 'active') return void answer(200, { success: false, message: 'Phone is not connected.' })
    accept()
    answer(200, { success: true, data: { chatId: sent['to_number'], msgId: `message-${this.arrived.length}` } })
  }
}

const timestamp = Math.round(systemClock.now() / 1000)
const turn = () => new Promise((resolve) => setImmediate(resolve))

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function wordsIn(sent: Record<string, unknown>): string {
  const words = sent['type'] === 'media' ? sent['text'] : sent['message']
  return typeof words === 'string' ? words : ''
}

async function create(): Promise<TransportHarness> {
  const provider = new FakeMaytapi()
  const baseUrl = await provider.open()
  const transport = maytapiTransport({
    productId,
    phoneId,
    apiKey: 'key',
    webhookSecret: secret,
    baseUrl,
    allowedMediaHosts: [baseUrl],
    buttons: true,
    timeoutMs: 250,
  })
  provider.webhook = async (request) => (await transport.webhook?.(request)) ?? { status: 404 }
  const status = (phone: FakeMaytapi['phone']) => {
    provider.phone = phone
    provider.push({ type: 'status', pid: productId, phone_id: phoneId, status: phone })
  }
  const say = ({ id, chat, text }: { id: string; chat: string; text: string }) =>
    provider.message(id, chat, { type: 'text', text })
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
    cut: async () => status('phone-error'),
    mend: async () => status('active'),
    fail: (fault) => {
      provider.fault = fault
    },
    async deliverImage(id, bytes) {
      const path = `/wh/${id}.jpeg`
      if (bytes !== 'gone') provider.files.set(path, bytes)
      provider.message(id, 'ana', { type: 'image', url: `${baseUrl}${path}`, mime: 'image/jpeg', caption: '' })
    },
  }
}

const skips: TransportSkips = {
  'catch-up': 'Maytapi has no documented way to ask for what was missed: it repeats a webhook instead',
  find: 'Maytapi knows no id of ours and does not document what its logs look like',
}

describe('maytapiTransport', () => {
  for (const one of transportConformance) {
    const reason = skipReason(one, skips)
    test.skipIf(reason !== undefined)(reason ? `${one.name} (skipped: ${reason})` : one.name, () => one.run(create))
  }
})
