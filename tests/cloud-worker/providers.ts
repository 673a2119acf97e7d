import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { credentials } from './settings.ts'
import type { Json, Sent } from './sink.ts'

export type TransportName = 'cloud-api' | 'maytapi' | 'aisensy' | 'spoki'

/** What a customer wrote or chose. `from` is a number without `+`. */
export interface Said {
  readonly id: string
  readonly from: string
  readonly text: string
  /** The id of the button or of the row, with `text` as its title. */
  readonly choice?: string
}

/** What became of a message that a provider accepted. */
export type Fate = 'sent' | 'delivered' | 'read' | 'failed'

/** How a provider speaks to a webhook. */
export interface Provider {
  readonly name: TransportName
  /** With everything that belongs to the address. */
  readonly path: string
  /** The headers that prove a body; `nowMs` is when it was signed. */
  sign(body: string | Uint8Array, nowMs?: number): Record<string, string>
  /** The bodies that tell these messages: in one batch where the provider has batches. */
  inbound(messages: readonly Said[]): Json[]
  /** The bodies that tell a fate. */
  statuses(sent: readonly Sent[], fate: Fate): Json[]
  /** What comes back of a message that was accepted, where that is how the provider tells that it was. */
  echo?(sent: Sent): Json[]
}

function hmac(secret: string, ...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHmac('sha256', secret)
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function folderOf(name: TransportName): URL {
  return new URL(`../../packages/transport-${name}/src/fixtures/`, import.meta.url)
}

/** The names of a transport's fixtures. */
export function fixtureNames(name: TransportName): readonly string[] {
  return readdirSync(folderOf(name))
    .filter((file) => !file.endsWith('.expected.json'))
    .map((file) => file.replace(/\.json$/, ''))
}

/** A fixture, to be changed at will. */
export function fixture(name: TransportName, file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`${file}.json`, folderOf(name)), 'utf8'))
}

/** What a fixture has at a path, to be changed at will. */
function at(tree: unknown, ...path: readonly string[]): Record<string, unknown> {
  const found = path.reduce<unknown>((value, key) => Object(value)[key], tree)
  if (typeof found !== 'object' || found === null) throw new Error(`The fixture has no ${path.join('.')}.`)
  return found as Record<string, unknown>
}

const metaValue = ['entry', '0', 'changes', '0', 'value'] as const

const seconds = () => Math.floor(Date.now() / 1000)

const cloudApi: Provider = {
  name: 'cloud-api',
  path: '/webhooks/cloud-api/main',
  sign: (body) => ({ 'X-Hub-Signature-256': `sha256=${hmac(credentials.appSecret, body)}` }),
  inbound(messages) {
    const body = fixture('cloud-api', 'text')
    const value = at(body, ...metaValue)
    const contact = at(value, 'contacts', '0')
    const message = at(value, 'messages', '0')
    const people = [...new Set(messages.map(({ from }) => from))]
    value['contacts'] = people.map((from) => ({ ...contact, wa_id: from, user_id: `US.${from}` }))
    value['messages'] = messages.map(({ id, from, text, choice }) => {
      const common = { ...message, id, from, from_user_id: `US.${from}`, timestamp: String(seconds()) }
      if (choice === undefined) return { ...common, text: { body: text } }
      const interactive = { type: 'list_reply', list_reply: { id: choice, title: text } }
      return { ...common, type: 'interactive', text: undefined, interactive }
    })
    return [body]
  },
  statuses(sent, fate) {
    const body = fixture('cloud-api', fate === 'failed' ? 'status-failed' : 'status-delivered')
    const value = at(body, ...metaValue)
    const status = at(value, 'statuses', '0')
    value['statuses'] = sent.map(({ providerId, replyId, to }) => ({
      ...status,
      id: providerId,
      status: fate,
      timestamp: String(seconds()),
      recipient_id: to,
      biz_opaque_callback_data: replyId,
    }))
    return [body]
  },
}

const codes = { sent: [1, 'delivered'], delivered: [2, 'reached'], read: [3, 'seen'] } as const

const maytapi: Provider = {
  name: 'maytapi',
  path: `/webhooks/maytapi/main?token=${credentials.maytapiSecret}`,
  sign: () => ({}),
  inbound: (messages) =>
    messages.map(({ id, from, text }) => {
      const body = fixture('maytapi', 'text')
      const chat = `${from}@c.us`
      Object.assign(at(body, 'message'), { text, id: `false_${chat}_${id}`, _serialized: `false_${chat}_${id}` })
      Object.assign(at(body, 'user'), { id: chat, phone: from })
      return { ...body, conversation: chat, timestamp: seconds() }
    }),
  statuses(sent, fate) {
    if (fate === 'failed') {
      return sent.map(({ providerId }) => {
        const body = fixture('maytapi', 'error')
        return { ...body, data: { ...at(body, 'data'), id: providerId } }
      })
    }
    const body = fixture('maytapi', 'ack-reached')
    const [ackCode, ackType] = codes[fate]
    const data = sent.map(({ providerId, echoId, to }) => ({
      ...{ ackType, ackCode, chatId: to, msgId: providerId, rxid: echoId, time: seconds() },
    }))
    return [{ ...body, data }]
  },
  echo({ to, echoId, body: { message } }) {
    const body = fixture('maytapi', 'text-from-me')
    Object.assign(at(body, 'message'), { text: message, id: echoId, _serialized: echoId })
    Object.assign(at(body, 'user'), { id: to, phone: to.replace('@c.us', '') })
    return [{ ...body, conversation: to, timestamp: seconds() }]
  },
}

const aisensy: Provider = {
  name: 'aisensy',
  path: '/webhooks/aisensy/main',
  sign: (body) => ({
    'X-AiSensy-Signature': hmac(credentials.aisensySecret, body),
    'X-AiSensy-Project-Id': credentials.aisensyProject,
  }),
  inbound: (messages) =>
    messages.map(({ id, from, text, choice }) => {
      const body = fixture('aisensy', choice === undefined ? 'text' : 'button-reply-with-id')
      const content = choice === undefined ? { text } : { title: text, id: choice }
      const message = { phone_number: from, countryCode: from.slice(0, 2), messageId: id, message_content: content }
      Object.assign(at(body, 'data', 'message'), message, { sent_at: Date.now() })
      return { ...body, created_at: new Date().toISOString() }
    }),
  statuses: (sent, fate) =>
    sent.map(({ providerId, to }) => {
      const body = fixture('aisensy', fate === 'failed' ? 'status-failed' : 'status-delivered')
      const status = { messageId: providerId, status: fate.toUpperCase(), phone_number: to }
      Object.assign(at(body, 'data', 'message'), status, { sent_at: Date.now() })
      return body
    }),
  echo({ to, echoId, body: { text } }) {
    const body = fixture('aisensy', 'api-text')
    const message = { phone_number: to, messageId: echoId, message_content: { text: (text as Json)['body'] } }
    Object.assign(at(body, 'data', 'message'), message, { sent_at: Date.now() })
    return [{ ...body, created_at: new Date().toISOString() }]
  },
}

const spoki: Provider = {
  name: 'spoki',
  path: '/webhooks/spoki/main',
  sign(body, nowMs = Date.now()) {
    const time = String(Math.floor(nowMs / 1000))
    return { 'X-Spoki-Signature': `t=${time},v2=${hmac(credentials.spokiSecret, `${time}.`, body)}` }
  },
  inbound: (messages) =>
    messages.map(({ id, from, text, choice }) => {
      const body = fixture('spoki', choice === undefined ? 'inbound-text' : 'inbound-button')
      Object.assign(at(body, 'data'), {
        uuid: id,
        from_phone: `+${from}`,
        text,
        sent_datetime: new Date().toISOString(),
      })
      if (choice !== undefined) at(body, 'data')['payload'] = choice
      return { ...body, event_uuid: id, timestamp: Date.now() / 1000 }
    }),
  statuses: (sent, fate) =>
    sent.map(({ providerId, replyId, to }) => {
      const body = fixture('spoki', 'outbound-delivered')
      const status = { uuid: providerId, to_phone: to, metadata: { wa_agent_reply: replyId } }
      Object.assign(at(body, 'data'), status, { send_status: `${fate[0]?.toUpperCase()}${fate.slice(1)}` })
      return body
    }),
}

/** The chat and the id by which a worker knows what was said. */
export function keptAs(name: TransportName, { id, from }: Said): { readonly chat: string; readonly id: string } {
  switch (name) {
    case 'maytapi':
      return { chat: `${from}@c.us`, id: `false_${from}@c.us_${id}` }
    case 'spoki':
      return { chat: `+${from}`, id }
    case 'cloud-api':
    case 'aisensy':
      return { chat: from, id }
  }
}

export const providers = { 'cloud-api': cloudApi, maytapi, aisensy, spoki } as const
export const allProviders: readonly Provider[] = Object.values(providers)
