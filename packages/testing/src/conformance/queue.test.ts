import type { Queue, QueueJob } from '@wa-agent/core'
import { memoryQueue } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { virtualClock } from '../virtual-clock.ts'
import type { ConformanceCase } from './conformance.ts'
import { type QueueHarness, queueConformance } from './queue.ts'

type Break = (queue: Queue) => Partial<Queue>

async function memoryQueueHarness(breakIt?: Break, breakAnother?: Break): Promise<QueueHarness> {
  const clock = virtualClock({ patienceMs: 5 })
  const retryBaseMs = 2000
  const queue = memoryQueue({ clock, random: () => 0.5, retry: { maxAttempts: 3, baseMs: retryBaseMs, jitter: 0 } })
  const tried = breakIt ? overriding(queue, breakIt(queue)) : queue
  return {
    queue: tried,
    retryBaseMs,
    another: async () => (breakAnother ? overriding(queue, breakAnother(queue)) : tried),
    ...(breakAnother ? { crash: async () => undefined } : {}),
    now: () => clock.now(),
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    // A case that failed in the middle has left handlers behind that never end.
    dispose: async () => (breakIt || breakAnother ? undefined : queue.close()),
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
  'carries an id only once': (queue) => {
    const ids = new Set<string>()
    const isNew = ({ id }: QueueJob) => !ids.has(id) && ids.add(id)
    return { publish: (jobs, options) => queue.publish(jobs.filter(isNew), options) }
  },
  'takes a storage that is away for a failure': (queue) => ({
    consume: (handler, options) =>
      queue.consume(async (job, context) => {
        const failed = (error: unknown) => Promise.reject(new TypeError('as any other', { cause: error }))
        await handler(job, context).catch(failed)
      }, options),
  }),
  'cuts large jobs': (queue) => ({
    publish: (jobs, options) =>
      queue.publish(
        jobs.map((job) => (JSON.stringify(job).length > 65_536 ? { ...job, data: null } : job)),
        options,
      ),
  }),
  'takes the young for old': (queue) => ({
    stats: async () => {
      const { oldestAtMs, ...stats } = await queue.stats()
      return oldestAtMs === undefined ? stats : { ...stats, oldestAtMs: oldestAtMs + 1000 }
    },
  }),
  'takes jobs after it was closed': (queue) => ({
    publish: (jobs, options) => queue.publish(jobs, options).catch(() => undefined),
  }),
}

const brokenOthers: Readonly<Record<string, Break>> = {
  'resumes only its own consumers': () => ({ resume: async () => undefined }),
  'does not see the dead letters of others': (queue) => ({
    deadLetters: { ...queue.deadLetters, list: async () => [] },
  }),
  'discards its own dead letters only': (queue) => ({
    deadLetters: { ...queue.deadLetters, discard: async () => undefined },
  }),
  'takes all jobs for itself': (queue) => ({
    consume: (handler) => queue.consume(handler, { concurrency: 1000 }),
  }),
  'forgets the pause when it is closed': (queue) => ({ close: () => queue.resume() }),
  'takes the others along when it is closed': (queue) => ({ close: () => queue.close() }),
  'loses what a crashed consumer had': () => ({}),
}

describe('the suite', () => {
  test.each(Object.entries(brokenOthers))('finds out an object on the same broker that %s', async (_, breakAnother) => {
    const found = await broken(queueConformance, () => memoryQueueHarness(undefined, breakAnother))
    expect(found).not.toEqual([])
    expect(found.length).toBeLessThan(queueConformance.length / 2)
  })

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
