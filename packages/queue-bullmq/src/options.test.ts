import type { PublishOptions } from '@wa-agent/core'
import { redisForTests, type TestRedis } from '@wa-agent/testing/servers'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type BullmqQueue, type BullmqQueueOptions, bullmqQueue } from './index.ts'
import { jobOf, noted, until } from './test-jobs.ts'

const found = await redisForTests()
const redis = found as TestRedis
afterAll(() => found?.[Symbol.asyncDispose]())

function refusalOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

const connection = 'redis://127.0.0.1:1'

describe('bullmqQueue', () => {
  test.each<[object, string]>([
    [{ connection: { port: Number.NaN } }, 'options with a `port` from 1 to 65535, got NaN'],
    [{ connection: { port: 70_000 } }, 'options with a `port` from 1 to 65535, got 70000'],
    [{ connection: { port: 'abc' } }, 'options with a `port` from 1 to 65535, got a string'],
    [{ connection: { url: connection } }, 'or the URL itself as a text, got an object with a URL'],
    [{ connection: new URL(connection) }, 'or the URL itself as a text, got an object with a URL'],
    [{ connection: [] }, 'a URL, options of ioredis or a Redis of ioredis, got a list'],
    [{ connection: { sentinels: [{ host: '127.0.0.1' }] } }, 'the `name` of their master, got sentinels alone'],
    [{ retry: { baseMs: -1 } }, '`retry.baseMs` to be a number of milliseconds from 0 to 31536000000, a year, got -1'],
    [{ retry: { baseMs: Number.NaN } }, '`retry.baseMs` to be a number of milliseconds from 0'],
    [{ retry: { maxMs: 'x' } }, '`retry.maxMs` to be a number of milliseconds from 0 to 31536000000, a year, got "x"'],
    [{ retry: { jitter: 7 } }, '`retry.jitter` to be a number from 0 to 1, got 7'],
    [{ retry: { maxAttempts: '5' } }, '`retry.maxAttempts` to be a whole number from 1, got "5"'],
    [{ retention: { dead: { maxCount: -1 } } }, '`retention.dead.maxCount` to be a whole number from 0, got -1'],
    [{ retention: { completed: { maxAgeMs: -5 } } }, '`retention.completed.maxAgeMs` to be a number of milliseconds'],
    [{ prefix: 5 }, '`prefix` to be a text, got 5'],
    [{ prefix: '' }, '`prefix` to be a text, got ""'],
    [{ name: 5 }, '`name` to be a name without a colon, got 5'],
    [{ name: '' }, '`name` to be a name without a colon, got ""'],
    [{ lockMs: 1 }, '`lockMs` to be a whole number from 100 to 86400000, got 1'],
    [{ timeoutMs: 2 ** 40 }, '`timeoutMs` to be a whole number from 1 to 86400000'],
  ])('refuses %j', (options, words) => {
    const error = refusalOf(() => bullmqQueue({ connection, ...options } as BullmqQueueOptions))
    expect(error).toMatchObject({ code: 'invalid_options', message: expect.stringContaining(words) })
  })

  test('takes a port as a text, as environments give it', async () => {
    const port = new URL(found?.url ?? connection).port || '6379'
    await bullmqQueue({ connection: { port } as object }).close()
  })
})

describe.skipIf(found === undefined)('bullmqQueue', () => {
  const queues: BullmqQueue[] = []
  const queueOf = () => {
    const queue = bullmqQueue({ connection: redis.url, prefix: redis.prefix })
    queues.push(queue)
    return queue
  }
  afterEach(async () => void (await Promise.all(queues.splice(0).map((queue) => queue.close()))))

  test.each<[object, string]>([
    [{ delayMs: -5 }, '`delayMs` to be a number of milliseconds from 0 to 31536000000, a year, got -5'],
    [{ delayMs: Number.NaN }, '`delayMs` to be a number of milliseconds from 0 to 31536000000, a year, got NaN'],
    [{ delayMs: 1e15 }, '`delayMs` to be a number of milliseconds from 0 to 31536000000, a year'],
    [{ priority: 'urgent' }, '`priority` to be high, normal or low, got "urgent"'],
  ])('publishes nothing with %j', async (options, words) => {
    const queue = queueOf()
    await expect(queue.publish([jobOf('one')], options as PublishOptions)).rejects.toMatchObject({
      code: 'invalid_options',
      message: expect.stringContaining(words),
    })
    expect(await queue.stats()).toMatchObject({ waiting: 0 })
  })

  test('takes a delay that is no whole number', async () => {
    const queue = queueOf()
    const seen = noted()
    queue.consume(seen.handler)
    await queue.publish([{ ...jobOf('one'), group: 'a' }], { delayMs: 200.5 })
    expect(await queue.stats()).toMatchObject({ waiting: 1 })
    await until(() => seen.ids.length === 1)
  })

  test.each([0, -1, 1.5, Number.NaN])('makes nothing for a concurrency of %s', async (concurrency) => {
    const queue = queueOf()
    await queue.stats()
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length
    const before = sockets()
    const error = refusalOf(() => queue.consume(async () => undefined, { concurrency }))
    expect(error).toMatchObject({
      code: 'invalid_options',
      message: `[bullmqQueue] Expected \`concurrency\` to be a whole number from 1, got ${concurrency}.`,
    })
    // A client begins to connect with the next ticks.
    await new Promise((resolve) => setImmediate(resolve))
    expect(sockets()).toBe(before)
  })
})
