import type { Queue } from '@wa-agent/core'
import { memoryQueue } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { virtualClock } from '../virtual-clock.ts'
import type { ConformanceCase } from './conformance.ts'
import { type QueueHarness, queueConformance } from './queue.ts'

async function memoryQueueHarness(breakIt?: (queue: Queue) => Partial<Queue>): Promise<QueueHarness> {
  const clock = virtualClock({ patienceMs: 5 })
  const retryBaseMs = 2000
  const queue = memoryQueue({ clock, random: () => 0.5, retry: { maxAttempts: 3, baseMs: retryBaseMs, jitter: 0 } })
  return {
    queue: breakIt ? overriding(queue, breakIt(queue)) : queue,
    retryBaseMs,
    now: () => clock.now(),
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    // A case that failed in the middle has left handlers behind that never end.
    dispose: async () => (breakIt ? undefined : queue.close()),
  }
}

describe('memoryQueue', () => {
  for (const { name, run } of queueConformance) test(name, () => run(() => memoryQueueHarness()))
})

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
  'takes jobs after it was closed': (queue) => ({
    publish: (jobs, options) => queue.publish(jobs, options).catch(() => undefined),
  }),
}

describe('the suite', () => {
  test.each(Object.entries(brokenQueues))('finds out a queue that %s', async (_, breakIt) => {
    const found = await broken(queueConformance, () => memoryQueueHarness(breakIt))
    expect(found).not.toEqual([])
    expect(found.length).toBeLessThan(queueConformance.length)
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
