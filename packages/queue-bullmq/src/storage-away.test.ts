import { randomUUID } from 'node:crypto'
import { silentLogger, WaAgentError } from '@wa-agent/core'
import { redisForTests, type TestRedis } from '@wa-agent/testing/servers'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type BullmqQueue, type BullmqQueueOptions, bullmqQueue } from './index.ts'
import { jobOf, until } from './test-jobs.ts'

const found = await redisForTests()
const redis = found as TestRedis
const queues: BullmqQueue[] = []
afterEach(async () => void (await Promise.all(queues.splice(0).map((queue) => queue.close()))))
afterAll(() => found?.[Symbol.asyncDispose]())

function queueOf(options: Partial<BullmqQueueOptions>): BullmqQueue {
  const queue = bullmqQueue({ connection: redis.url, prefix: redis.prefix, name: randomUUID(), ...options })
  queues.push(queue)
  return queue
}

const away = () => new WaAgentError('storage_unavailable', 'The storage is away.', { retryable: true })

// That no attempt counts, and that a group waits, is tried by the conformance suite.
describe.skipIf(found === undefined)('a consumer whose storage is away', () => {
  test('says so once, and that it is back', async () => {
    const lines: string[] = []
    const write = (_: object, line: string) => void lines.push(line)
    const queue = queueOf({ retry: { baseMs: 50 }, logger: { ...silentLogger, info: write, warn: write } })
    let calls = 0
    let done = 0
    let isAway = true
    queue.consume(async () => {
      calls += 1
      if (isAway) throw away()
      done += 1
    })
    await queue.publish([jobOf('one'), jobOf('two'), jobOf('three')])
    await until(() => calls > 12)
    isAway = false
    await until(() => done === 3)
    expect(lines).toEqual([
      'the storage is away: jobs wait until it is back',
      'the storage is back: jobs are done again',
    ])
  })

  test('comes back to a job after 5 s at most, however long the pause between attempts is', async () => {
    const queue = queueOf({ retry: { baseMs: 3_600_000, maxMs: 3_600_000 } })
    const atMs: number[] = []
    queue.consume(async () => {
      atMs.push(performance.now())
      if (atMs.length === 1) throw away()
    })
    await queue.publish([jobOf('one')])
    await until(() => atMs.length === 2)
    const [first = 0, second = 0] = atMs
    expect(second - first).toBeGreaterThan(4900)
    expect(second - first).toBeLessThan(6500)
  })

  test('does not go round and round those that wait', async () => {
    const queue = queueOf({})
    let calls = 0
    const beganMs = performance.now()
    queue.consume(
      async () => {
        calls += 1
        throw away()
      },
      { concurrency: 10 },
    )
    await queue.publish(Array.from({ length: 500 }, (_, index) => jobOf(`job-${index}`)))
    await until(() => performance.now() - beganMs > 1500)
    // Ten each half second, and those of the first moment.
    expect(calls).toBeGreaterThan(10)
    expect(calls).toBeLessThan(100)
  })

  test('stops at once, and leaves the jobs to others', async () => {
    const queue = queueOf({})
    let calls = 0
    const consumer = queue.consume(async () => {
      calls += 1
      throw away()
    })
    await queue.publish([jobOf('one'), jobOf('two')])
    await until(() => calls === 2)
    const beganMs = performance.now()
    await consumer.stop()
    expect(performance.now() - beganMs).toBeLessThan(400)
    expect(await queue.stats()).toEqual({ waiting: 2, working: 0, dead: 0, oldestAtMs: expect.any(Number) })
  })
})
