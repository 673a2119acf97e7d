import { randomUUID } from 'node:crypto'
import { redisForTests, type TestRedis } from '@wa-agent/testing/servers'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type BullmqQueue, type BullmqQueueOptions, bullmqQueue } from './index.ts'
import { jobOf, noted, until } from './test-jobs.ts'

const found = await redisForTests()
const redis = found as TestRedis
const queues: BullmqQueue[] = []
afterEach(async () => void (await Promise.all(queues.splice(0).map((queue) => queue.close()))))
afterAll(() => found?.[Symbol.asyncDispose]())

function queueOf(options: Partial<BullmqQueueOptions> = {}): BullmqQueue {
  const queue = bullmqQueue({ connection: redis.url, prefix: redis.prefix, name: randomUUID(), ...options })
  queues.push(queue)
  return queue
}

/** Publishes jobs and lets each fail for good at once. */
async function kill(queue: BullmqQueue, ids: readonly string[], tenantOf = (_: number) => 'acme'): Promise<void> {
  const consumer = queue.consume(async () => {
    throw new RangeError('no')
  })
  await queue.publish(ids.map((id, index) => ({ ...jobOf(id), tenant: tenantOf(index) })))
  await until(async () => (await queue.stats()).dead === ids.length)
  await consumer.stop()
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `job-${index}`)

describe.skipIf(found === undefined)('bullmqQueue', () => {
  test('gives what an aborted handler leaves to the next one at once, without counting it', async () => {
    const queue = queueOf()
    const controller = new AbortController()
    let begun = false
    const consumer = queue.consume(
      async (_, { signal }) => {
        begun = true
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
      { signal: controller.signal },
    )
    const attempts: number[] = []
    await queue.publish([jobOf('one')])
    await until(() => begun)
    queue.consume(async (_, { attempt }) => void attempts.push(attempt))
    // Both wait for a job, so the second has to be told of the one that comes back.
    const client = await queue.broker.getBackend().client
    await until(async () => {
      const blocked = (await queue.broker.getWorkers()).filter(({ flags }) => flags?.includes('b'))
      return blocked.length === 2 && (await client.zcard(queue.broker.toKey('marker'))) === 0
    })
    const abortedMs = performance.now()
    controller.abort()
    await consumer.stop()
    await until(() => attempts.length === 1)
    expect(performance.now() - abortedMs).toBeLessThan(1500)
    expect(attempts).toEqual([1])
  })

  test('gives an aborted job back before those that are as urgent, while the queue is paused too', async () => {
    const queue = queueOf()
    const controller = new AbortController()
    let begun = false
    const aborted = async (_: unknown, { signal }: { readonly signal: AbortSignal }) => {
      begun = true
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const consumer = queue.consume(aborted, { signal: controller.signal, concurrency: 1 })
    await queue.publish([jobOf('first'), jobOf('second')])
    await until(() => begun)
    await queue.pause()
    controller.abort()
    await consumer.stop()
    const seen = noted()
    queue.consume(seen.handler, { concurrency: 1 })
    expect(await queue.stats()).toMatchObject({ waiting: 2, working: 0 })
    await queue.resume()
    await until(() => seen.ids.length === 2)
    expect(seen.ids).toEqual(['first', 'second'])
  })

  test('takes nothing with a signal that is aborted already', async () => {
    const queue = queueOf()
    const seen = noted()
    const consumer = queue.consume(seen.handler, { signal: AbortSignal.abort() })
    await queue.publish([jobOf('one')])
    await consumer.stop()
    expect(seen.ids).toEqual([])
    expect(await queue.stats()).toMatchObject({ waiting: 1 })
  })

  test('lists more dead letters than it reads at once, by tenant, the newest last', async () => {
    const queue = queueOf({ retry: { maxAttempts: 1 } })
    const tenantOf = (index: number) => (index % 2 === 0 ? 'even' : 'odd')
    await kill(queue, numbered(250), tenantOf)
    const all = await queue.deadLetters.list()
    expect(new Set(all.map(({ id }) => id)).size).toBe(250)
    expect(all.map(({ atMs }) => atMs)).toEqual(all.map(({ atMs }) => atMs).toSorted((a, b) => a - b))
    const odd = await queue.deadLetters.list({ tenant: 'odd' })
    expect(odd.length).toBe(125)
    const newest = await queue.deadLetters.list({ tenant: 'odd', limit: 120 })
    expect(newest).toEqual(odd.slice(-120))
    expect(await queue.deadLetters.list({ limit: 0 })).toEqual([])
  })

  test('lets only one of several decide on a dead letter', async () => {
    const name = randomUUID()
    const one = queueOf({ name, retry: { maxAttempts: 1 } })
    const other = queueOf({ name })
    await kill(one, numbered(20))
    const letters = await one.deadLetters.list()
    const outcomes = await Promise.all(
      letters.map(async ({ id }) => {
        const decisions = [one.deadLetters.discard(id), other.deadLetters.retry(id), other.deadLetters.discard(id)]
        const settled = await Promise.allSettled(decisions)
        const refused = settled.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
        expect(refused.every(({ reason }) => reason.code === 'not_found')).toBe(true)
        return 3 - refused.length
      }),
    )
    expect(outcomes).toEqual(letters.map(() => 1))
    expect((await one.stats()).dead).toBe(0)
  })

  test.each(['retry', 'discard'] as const)('decides on nothing that is not a dead letter: %s', async (decision) => {
    const queue = queueOf()
    await queue.publish([jobOf('one')])
    const [job] = await queue.broker.getPrioritized()
    await expect(queue.deadLetters[decision](job?.id ?? '')).rejects.toMatchObject({ code: 'not_found' })
    const seen = noted()
    queue.consume(seen.handler)
    await until(() => seen.ids.length === 1)
  })

  test('leaves nothing of a dead letter that is discarded', async () => {
    const queue = queueOf({ retry: { maxAttempts: 1 } })
    await kill(queue, ['one'])
    const [dead] = await queue.deadLetters.list()
    const client = await queue.broker.getBackend().client
    const key = queue.broker.toKey(dead?.id ?? '')
    expect(await client.hget(key, 'failedReason')).toBe('RangeError')
    await queue.deadLetters.discard(dead?.id ?? '')
    expect(await client.hgetall(key)).toEqual({})
  })

  test('forgets what is done at once, and nothing that failed', async () => {
    const queue = queueOf({ retry: { maxAttempts: 1 } })
    await kill(queue, numbered(3))
    const seen = noted()
    queue.consume(seen.handler)
    await queue.publish([jobOf('done')])
    await until(() => seen.ids.length === 1)
    await until(async () => (await queue.broker.getActiveCount()) === 0)
    expect(await queue.broker.getJobCounts('completed', 'failed')).toEqual({ completed: 0, failed: 3 })
    expect(await queue.broker.getJob('4')).toBeUndefined()
  })

  test('keeps as many as it is told to', async () => {
    const queue = queueOf({
      retry: { maxAttempts: 1 },
      retention: { completed: { maxCount: 2 }, dead: { maxCount: 1 } },
    })
    const seen = noted()
    queue.consume(async (job, context) => {
      await seen.handler(job, context)
      if (job.id.startsWith('bad')) throw new Error('no')
    })
    await queue.publish(['bad-1', 'bad-2', 'good-1', 'good-2', 'good-3'].map((id) => jobOf(id)))
    await until(() => seen.ids.length === 5)
    await until(async () => (await queue.broker.getActiveCount()) === 0)
    expect(await queue.broker.getJobCounts('completed', 'failed')).toEqual({ completed: 2, failed: 1 })
  })

  test('tells the age of a delayed job where it is the oldest', async () => {
    const queue = queueOf()
    await queue.publish([jobOf('late')], { delayMs: 60_000 })
    const { oldestAtMs = 0 } = await queue.stats()
    await until(() => Date.now() > oldestAtMs)
    await queue.publish([jobOf('soon')])
    await queue.publish([jobOf('sooner')], { delayMs: 1000 })
    expect(await queue.stats()).toEqual({ waiting: 3, working: 0, dead: 0, oldestAtMs })
  })

  test('writes the data of a job once', async () => {
    const queue = queueOf()
    await queue.publish([jobOf('one', 'here it is')])
    const client = await queue.broker.getBackend().client
    const hash = await client.hgetall(queue.broker.toKey('1'))
    expect(JSON.stringify(hash).split('here it is').length - 1).toBe(1)
    expect(JSON.parse(hash['data'] ?? '')).toEqual(jobOf('one', 'here it is'))
    expect(JSON.parse(hash['opts'] ?? '')).toMatchObject({ priority: 2 })
  })

  test.each<[string, Partial<BullmqQueueOptions>, string]>([
    ['a name with a colon', { name: 'a:b' }, 'Expected `name` to be a name without a colon, got "a:b".'],
    ['what it does not know', { lockMS: 1 } as object, 'Expected options that exist, got `lockMS`'],
    ['no attempts', { retry: { maxAttempts: 0 } }, 'Expected `retry.maxAttempts` to be a whole number from 1, got 0.'],
    ['a lock of no time', { lockMs: 0 }, 'Expected `lockMs` to be a whole number from 100 to 86400000, got 0.'],
    [
      'a limit of no time',
      { timeoutMs: 1.5 },
      'Expected `timeoutMs` to be a whole number from 1 to 86400000, got 1.5.',
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => queueOf(options)).toThrow(message)
  })
})
