import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Transport } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { fileTransport } from '../file-transport.ts'
import { simulatedWhatsApp } from '../simulated-whatsapp.ts'
import { virtualClock } from '../virtual-clock.ts'
import type { ConformanceCase } from './conformance.ts'
import {
  type CustomerText,
  skipReason,
  type TransportHarness,
  type TransportSkips,
  transportConformance,
} from './transport.ts'

function trial(name: string, create: () => Promise<TransportHarness>, skips: TransportSkips = {}): void {
  describe(name, () => {
    for (const one of transportConformance) {
      const reason = skipReason(one, skips)
      test.skipIf(reason !== undefined)(reason ? `${one.name} (skipped: ${reason})` : one.name, () => one.run(create))
    }
    test('skips only what the suite knows', () => {
      const features = new Set(transportConformance.map(({ feature }) => feature))
      expect(Object.keys(skips).filter((feature) => !features.has(feature as keyof TransportSkips))).toEqual([])
    })
  })
}

async function simulatedHarness(
  breakIt: (transport: Transport) => Partial<Transport> = () => ({}),
): Promise<TransportHarness> {
  const clock = virtualClock({ patienceMs: 5 })
  const whatsapp = simulatedWhatsApp({ clock })
  const transport = overriding(whatsapp.transport, breakIt(whatsapp.transport))
  const say = ({ id, chat, text }: CustomerText) => whatsapp.customer(chat).says(text, { id })
  return {
    transport,
    clock,
    async start(host, messages = []) {
      await transport.start(host)
      messages.map(say)
    },
    arrived: async () => whatsapp.sent,
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    dispose: async () => undefined,
    async deliver(message) {
      say(message)
    },
    acknowledged: (id) => whatsapp.arrivals.unacknowledged.every(({ message }) => message.id !== id),
    async redeliver(id) {
      whatsapp.arrivals.redeliver({ id })
    },
    cut: async () => whatsapp.disconnect(),
    mend: async () => whatsapp.reconnect(),
    fail: (fault) => whatsapp.faults.next(fault),
    async deliverImage(id, bytes) {
      const reference = whatsapp.media.put(bytes === 'gone' ? new Uint8Array() : bytes)
      if (bytes === 'gone') whatsapp.media.remove(reference)
      whatsapp.customer('ana').sends({ type: 'image', id, media: { reference } })
    },
  }
}

async function fileHarness(): Promise<TransportHarness> {
  const clock = virtualClock()
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-conformance-'))
  const paths = { in: join(folder, 'in.jsonl'), out: join(folder, 'out.jsonl') }
  const transport = fileTransport(paths)
  return {
    transport,
    clock,
    async start(host, messages = []) {
      const lines = messages.map(({ id, chat, text }) => `${JSON.stringify({ id, from: chat, text })}\n`)
      await writeFile(paths.in, lines.join(''))
      await transport.start(host)
    },
    async arrived() {
      const lines = (await readFile(paths.out, 'utf8')).split('\n').filter(Boolean)
      return lines.map((line) => {
        const { to, text } = JSON.parse(line) as { to: string; text: string }
        return { chat: to, text }
      })
    },
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    dispose: () => rm(folder, { recursive: true }),
  }
}

trial('simulatedWhatsApp', () => simulatedHarness())
trial('fileTransport', fileHarness, {
  acknowledgement: 'a file is not told anything; it is read again from its beginning',
  'catch-up': 'the whole file is read at each start',
  connection: 'a file has no connection',
  faults: 'a disk does not fail on demand',
  'incoming-later': 'the file is read once, at the start',
  'incoming-media': 'lines are texts',
  redelivery: 'a line is read once in a run',
})

// A suite that lets everything pass proves nothing: each of these breaks one promise, and is found out.
const brokenTransports: Readonly<Record<string, (transport: Transport) => Partial<Transport>>> = {
  'acknowledges what could not be stored': (transport) => ({
    start: (host) => transport.start({ ...host, receive: (messages) => host.receive(messages).catch(() => undefined) }),
  }),
  'acknowledges before it is stored': (transport) => ({
    start: (host) =>
      transport.start({ ...host, receive: async (messages) => void host.receive(messages).catch(() => undefined) }),
  }),
  'goes on after stop': () => ({ stop: async () => undefined }),
  'never says that it is connected': (transport) => ({
    start: (host) => transport.start({ ...host, connection: () => undefined }),
  }),
  'trims texts': (transport) => ({
    start: (host) =>
      transport.start({
        ...host,
        receive: (messages) =>
          host.receive(messages.map((one) => (one.type === 'text' ? { ...one, text: one.text.slice(0, 9) } : one))),
      }),
  }),
  'claims everything as sent': (transport) => ({
    send: async (delivery, options) => {
      await transport.send(delivery, options)
      return { status: 'sent' }
    },
  }),
  'takes an uncertain send for a failed one': (transport) => ({
    async send(delivery, options) {
      const result = await transport.send(delivery, options)
      return result.status === 'uncertain' ? { status: 'failed', retryable: true, reason: 'timeout' } : result
    },
  }),
  'finds everything': () => ({ find: async () => ({ status: 'sent' }) }),
  'finds nothing': () => ({ find: async () => ({ status: 'absent' }) }),
  'catches up on nothing': () => ({ catchUp: async () => undefined }),
  'opens no files': () => ({
    openMedia: async () => new ReadableStream({ start: (controller) => controller.close() }),
  }),
  'promises types that it refuses': (transport) => ({
    capabilities: { ...transport.capabilities, maxTextLength: 5000 },
  }),
}

describe('the suite', () => {
  test.each(Object.entries(brokenTransports))('finds out a transport that %s', async (_, breakIt) => {
    const found = await broken(transportConformance, () => simulatedHarness(breakIt))
    expect(found).not.toEqual([])
    expect(found.length).toBeLessThan(transportConformance.length)
  })
})

/** The names of the promises that are found broken. */
async function broken<Subject>(
  cases: readonly ConformanceCase<Subject>[],
  create: () => Promise<Subject>,
): Promise<string[]> {
  const names: string[] = []
  for (const { name, run } of cases) await run(create).catch(() => names.push(name))
  return names
}

function overriding<Subject extends object>(subject: Subject, members: Partial<Subject>): Subject {
  return new Proxy(subject, {
    get(target, key) {
      if (key in members) return Reflect.get(members, key)
      const member: unknown = Reflect.get(target, key)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
