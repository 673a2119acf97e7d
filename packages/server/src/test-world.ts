// What the tests of this package have in common: a provider whose webhooks are JSON with a shared secret, and a server.
import { createHmac, timingSafeEqual } from 'node:crypto'
import {
  type Bot,
  createBot,
  createPipeline,
  defineAgent,
  type InboundMessageInput,
  type Logger,
  memoryStorage,
  type Pipeline,
  type Storage,
  type Transport,
  type TransportHost,
} from '@wa-agent/core'
import { chatTransport } from './chat-transport.ts'
import { createServer, type Server } from './create-server.ts'
import type { ServerOptions } from './options.ts'

export const adminKey = 'k3Jx-9fQm-Zr7T-pLw2'
export const webhookSecret = 'w-5dPz8Kq2-Lm4nRt7'

/** Signs a body as the provider does. */
export function signed(body: string | Uint8Array, secret = webhookSecret): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** What the provider sends for some texts. */
export function bodyWith(...texts: readonly string[]): string {
  const messages = texts.map((text, index) => ({ id: `${text}-${index}`, from: 'anna', text }))
  return JSON.stringify({ messages })
}

/** A transport of a provider that pushes. */
export interface PushTransport extends Transport {
  readonly sent: string[]
  readonly host: () => TransportHost
}

export function pushTransport(tenant = 'default', channel = 'main'): PushTransport {
  let host: TransportHost | undefined
  const sent: string[] = []
  return {
    name: 'push',
    tenant,
    channel,
    sent,
    host: () => host as TransportHost,
    capabilities: {
      types: ['text'],
      maxTextLength: 4096,
      maxCaptionLength: 1024,
      maxButtons: 0,
      maxListRows: 0,
      quotes: false,
    },
    async start(started) {
      host = started
      started.connection('connected')
    },
    async send({ id, message }) {
      if (message.type === 'text') sent.push(message.text)
      return { status: 'sent', providerId: id }
    },
    async stop() {
      host = undefined
    },
    async webhook({ method, query, headers, body }) {
      if (method === 'GET') {
        if (query.get('token') !== webhookSecret) return { status: 403, body: 'Wrong token.' }
        return { status: 200, body: query.get('challenge') ?? '' }
      }
      const given = Buffer.from(headers.get('x-signature') ?? '')
      const expected = Buffer.from(signed(body))
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { status: 401 }
      let messages: InboundMessageInput[]
      try {
        messages = readMessages(body)
      } catch {
        return { status: 400, body: 'Expected messages.' }
      }
      try {
        await host?.receive(messages)
        return { status: 200 }
      } catch {
        return { status: 503 }
      }
    },
  }
}

function readMessages(body: Uint8Array): InboundMessageInput[] {
  const parsed = JSON.parse(Buffer.from(body).toString()) as { messages: { id: string; from: string; text: string }[] }
  return parsed.messages.map(({ id, from, text }) => ({
    type: 'text',
    id,
    chat: from,
    from: { id: from },
    text,
    sentAtMs: 1,
  }))
}

/** Says the same words back. */
export function echoPipeline(prefix = 'You said'): Pipeline {
  const echo = defineAgent({
    name: 'echo',
    description: 'Repeats.',
    intents: { talk: { rules: [/./] } },
    respond: ({ text, reply }) => void reply.text(`${prefix}: ${text}`),
  })
  return createPipeline({ agents: [echo] })
}

/** A line of the log. */
export interface LogLine {
  readonly level: string
  readonly fields: Record<string, unknown>
  readonly line: string
}

export function recordingLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (fields: Record<string, unknown>, line: string) =>
    void lines.push({ level, fields, line })
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** A running bot with its server; ends with the scope. */
export interface World extends AsyncDisposable {
  readonly bot: Bot
  readonly server: Server
  readonly storage: Storage
  readonly logger: ReturnType<typeof recordingLogger>
  readonly push: PushTransport
}

/** What differs from the usual world. */
export interface WorldOptions extends Partial<ServerOptions> {
  readonly pipeline?: Pipeline
  readonly storage?: Storage
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const { pipeline = echoPipeline(), storage = memoryStorage(), ...serverOptions } = options
  const push = pushTransport()
  const transports = serverOptions.transports ?? [push, chatTransport()]
  const logger = recordingLogger()
  const bot = createBot({ transports, storage, pipeline, logger })
  const server = createServer({ bot, transports, adminKey, logger, ...serverOptions })
  await bot.start()
  return {
    bot,
    server,
    storage,
    logger,
    push,
    async [Symbol.asyncDispose]() {
      await server.stop()
      await bot.stop()
    },
  }
}

/** A request to the handler. */
export function request(path: string, init: RequestInit & { readonly key?: string; readonly json?: unknown } = {}) {
  const { key, json, ...rest } = init
  const headers = new Headers(rest.headers)
  if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
  if (json !== undefined) headers.set('content-type', 'application/json')
  const body = json === undefined ? rest.body : JSON.stringify(json)
  return new Request(`http://server.example${path}`, { ...rest, headers, ...(body === undefined ? {} : { body }) })
}

/** A signed webhook. */
export function webhook(path: string, body: string, headers: Record<string, string> = {}): Request {
  return request(path, { method: 'POST', body, headers: { 'x-signature': signed(body), ...headers } })
}
