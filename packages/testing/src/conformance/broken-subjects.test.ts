import type { Transport } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { memoryQueue } from '../../../core/src/memory-queue.ts'
import type { Queue } from '../../../core/src/queue.ts'
import { simulatedWhatsApp } from '../simulated-whatsapp.ts'
import { virtualClock } from '../virtual-clock.ts'
import type { ConformanceCase } from './conformance.ts'
import { type QueueHarness, queueConformance } from './queue.ts'
import { simulatedHarness } from './simulated-harness.ts'
import { type TransportHarness, transportConformance } from './transport.ts'

/** The names of the promises that are found broken. */
async function broken<Subject>(
  cases: readonly ConformanceCase<Subject>[],
  create: () => Promise<Subject>,
): Promise<string[]> {
  const names: string[] = []
  for (const { name, run } of cases) await run(create).catch(() => names.push(name))
  return names
}

// A suite that lets everything pass proves nothing: each of these breaks one promise, and is found out.
const brokenQueues: Readonly<Record<string, (queue: Queue) => Partial<Queue>>> = {
  'loses jobs that fail': (queue) => ({
    consume: (handler, options) =>
      queue.consume((job, context) => handler(job, context).catch(() => undefined), options),
  }),
  'loses the second of two jobs': (queue) => ({
    publish: ([first], options) => queue.publish(first ? [first] : [], options),
  }),
  'ignores the concurrency': (queue) => ({ consume: (handler) => queue.consume(handler, { concurrency: 100 }) }),
  'ignores priorities': (queue) => ({ publish: (jobs) => queue.publish(jobs) }),
  'ignores the pause': () => ({ pause: async () => undefined }),
  'does not drain': (queue) => ({
    consume(handler, options) {
      const consumer = queue.consume(handler, options)
      return { stop: async () => void consumer.stop() }
    },
  }),
  'never aborts handlers': (queue) => ({
    consume: (handler, { concurrency = 10 } = {}) => queue.consume(handler, { concurrency }),
  }),
  'keeps dead letters to itself': (queue) => ({ deadLetters: { ...queue.deadLetters, list: async () => [] } }),
  'forgets what it should retry': (queue) => ({
    deadLetters: { ...queue.deadLetters, retry: (id) => queue.deadLetters.discard(id) },
  }),
  'takes jobs after it was closed': () => ({ publish: async () => undefined }),
}

const brokenTransports: Readonly<Record<string, (transport: Transport) => Partial<Transport>>> = {
  'acknowledges what could not be stored': (transport) => ({
    start: (host) => transport.start({ ...host, receive: (messages) => host.receive(messages).catch(() => undefined) }),
  }),
  'acknowledges before it is stored': (transport) => ({
    start: (host) => transport.start({ ...host, receive: async (messages) => void host.receive(messages) }),
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
  'opens no files': () => ({ openMedia: async () => new ReadableStream() }),
  'promises types that it refuses': (transport) => ({
    capabilities: { ...transport.capabilities, maxTextLength: 5000 },
  }),
}

describe('the conformance suites', () => {
  test.each(Object.entries(brokenQueues))('find out a queue that %s', async (_, breakIt) => {
    const found = await broken(queueConformance, async (): Promise<QueueHarness> => {
      const clock = virtualClock({ patienceMs: 5 })
      const queue = memoryQueue({ clock, random: () => 0.5, retry: { maxAttempts: 3, jitter: 0 } })
      return {
        queue: overriding(queue, breakIt(queue)),
        retryBaseMs: 2000,
        now: () => clock.now(),
        until: (condition) => clock.runUntil(condition),
        pass: (ms) => clock.advance(ms),
        dispose: async () => undefined,
      }
    })
    expect(found).not.toEqual([])
    expect(found.length).toBeLessThan(queueConformance.length)
  })

  test.each(Object.entries(brokenTransports))('find out a transport that %s', async (_, breakIt) => {
    const found = await broken(transportConformance, async (): Promise<TransportHarness> => {
      const clock = virtualClock({ patienceMs: 5 })
      const whatsapp = simulatedWhatsApp({ clock })
      const transport = overriding(whatsapp.transport, breakIt(whatsapp.transport))
      return simulatedHarness({ transport, whatsapp, clock })
    })
    expect(found).not.toEqual([])
    expect(found.length).toBeLessThan(transportConformance.length)
  })
})

function overriding<Subject extends object>(subject: Subject, members: Partial<Subject>): Subject {
  return new Proxy(subject, {
    get(target, key) {
      if (key in members) return Reflect.get(members, key)
      const member: unknown = Reflect.get(target, key)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
