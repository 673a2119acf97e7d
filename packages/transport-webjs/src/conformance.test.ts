import { createHash } from 'node:crypto'
import type { Delivery, InboundMessageInput, OutboundMessage, Transport, TransportHost } from '@wa-agent/core'
import { skipReason, type TransportHarness, type TransportSkips, transportConformance } from '@wa-agent/testing'
import { chromiumForTests } from '@wa-agent/testing/whatsapp-web'
import { describe, test } from 'vitest'
import { hurriedClock, makeWorld } from './test-world.ts'
import type { WebjsTransport } from './webjs-transport.ts'

const chromium = chromiumForTests('the conformance of webjsTransport')

/** The suite names chats and messages as it likes; on WhatsApp a chat is a number, and WhatsApp names the messages. */
class Names {
  readonly #chats = new Map<string, string>()
  readonly #ids = new Map<string, string>()

  numberOf(chat: string): string {
    const digits = BigInt(`0x${createHash('sha256').update(chat).digest('hex').slice(0, 10)}`)
    const number = `1555${String(digits).padStart(13, '0').slice(-7)}@c.us`
    this.#chats.set(number, chat)
    return number
  }

  named(id: string, theirs: string): void {
    this.#ids.set(theirs, id)
  }

  theirIdOf(id: string): string | undefined {
    return [...this.#ids].find(([, ours]) => ours === id)?.[0]
  }

  readonly chatOf = (number: string): string => this.#chats.get(number) ?? number
  readonly idOf = (theirs: string): string => this.#ids.get(theirs) ?? theirs

  inbound(message: InboundMessageInput): InboundMessageInput {
    return { ...message, id: this.idOf(message.id), chat: this.chatOf(message.chat) }
  }
}

function renamed(transport: WebjsTransport, names: Names, target: () => string): Transport {
  const theirs = (delivery: Delivery): Delivery => {
    const { message } = delivery
    const about: OutboundMessage = message.type === 'reaction' ? { ...message, to: target() } : message
    return { ...delivery, chat: names.numberOf(delivery.chat), message: about }
  }
  const { name, tenant, channel, capabilities, limits, stop, catchUp, openMedia } = transport
  return {
    ...{ name, tenant, channel, capabilities, limits, stop, catchUp, openMedia },
    start: (host) => transport.start(renamedHost(host, names)),
    send: (delivery, options) => transport.send(theirs(delivery), options),
    find: (delivery, options) => transport.find(theirs(delivery), options),
  }
}

function renamedHost(host: TransportHost, names: Names): TransportHost {
  return {
    ...host,
    receive: async (messages) => host.receive(messages.map((message) => names.inbound(message))),
    track: async (updates) => host.track(updates),
    connection: (state, reason) => host.connection(state, reason),
  }
}

async function create(): Promise<TransportHarness> {
  const world = await makeWorld()
  const { web, transport } = world
  const names = new Names()
  const say = ({ id, chat, text }: { readonly id: string; readonly chat: string; readonly text: string }) => {
    names.named(id, web.receive({ chat: names.numberOf(chat), text }))
  }
  const target = () => names.theirIdOf('m1') ?? web.receive({ chat: names.numberOf('ana'), text: 'react to this' })
  const connections: string[] = []
  return {
    transport: renamed(transport, names, target),
    clock: hurriedClock,
    outboundMedia: { base64: Buffer.from('a picture').toString('base64'), mimeType: 'image/webp', fileName: 'a.webp' },
    async start(host, messages = []) {
      const connection: TransportHost['connection'] = (state, reason) => {
        connections.push(state)
        host.connection(state, reason)
      }
      await renamed(transport, names, target).start({ ...host, receive: host.receive, connection })
      await world.until(() => connections.at(-1) === 'connected')
      for (const message of messages) say(message)
    },
    arrived: async () => web.sent.map(({ chat, text }) => ({ chat: names.chatOf(chat), text })),
    until: world.until,
    async pass() {
      for (let count = 0; count < 100; count += 1) await new Promise((resolve) => setImmediate(resolve))
    },
    async dispose() {
      await world[Symbol.asyncDispose]()
    },
    async deliver(message) {
      say(message)
    },
    async redeliver() {
      await transport.catchUp({ sinceMs: 0, signal: new AbortController().signal })
    },
    async cut() {
      web.goOffline()
      await world.until(() => web.page.connected === 0 && connections.at(-1) !== 'connected')
    },
    async mend() {
      web.goOnline()
      await world.until(() => web.page.connected > 0 && connections.at(-1) === 'connected')
    },
    async deliverImage(id, bytes) {
      const gone = bytes === 'gone'
      const media = { bytes: gone ? Uint8Array.of(1) : bytes, mimeType: 'image/jpeg' }
      const attributes = gone ? { directPath: '/not/there' } : {}
      names.named(id, web.receive({ chat: names.numberOf('ana'), media, attributes }))
    },
  }
}

const skips: TransportSkips = {
  acknowledgement: 'WhatsApp Web acknowledges by itself; what was not stored is fetched again by the next catch-up',
  faults: 'WhatsApp Web has no answers such as these; messages.test.ts tries the ones that it has',
}

describe.skipIf(chromium === undefined)('webjsTransport', () => {
  for (const one of transportConformance) {
    const reason = skipReason(one, skips)
    test.skipIf(reason !== undefined)(reason ? `${one.name} (skipped: ${reason})` : one.name, () => one.run(create))
  }
})
