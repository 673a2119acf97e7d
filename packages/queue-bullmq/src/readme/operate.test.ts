import { randomUUID } from 'node:crypto'
import { redisForTests, type TestRedis } from '@wa-agent/testing/servers'
import { afterAll, describe, expect, test } from 'vitest'
import { jobOf, until } from '../test-jobs.ts'

const found = await redisForTests()
const redis = found as TestRedis
afterAll(() => found?.[Symbol.asyncDispose]())

// #region operate
import type { Queue } from '@wa-agent/core'

/** Tries again what failed for this business, and tells how much is left to do. */
async function tryAgain(queue: Queue, tenant: string) {
  for (const { id, job, reason } of await queue.deadLetters.list({ tenant, limit: 100 })) {
    if (reason === 'invalid_message') await queue.deadLetters.discard(id)
    else await queue.deadLetters.retry(id) // its attempts are forgotten
    process.stdout.write(`${job.id}: ${reason}\n`)
  }
  const { waiting, oldestAtMs } = await queue.stats()
  return { waiting, ageMs: oldestAtMs === undefined ? 0 : Date.now() - oldestAtMs }
}

// #endregion

// #region board
import { type BullmqQueue, bullmqQueue } from '@wa-agent/queue-bullmq'
import { bullBoard } from '@wa-agent/queue-bullmq/board'

/** For `createServer({ board, ... })`, which asks for an admin key. */
const board = (queue: BullmqQueue) => bullBoard(queue, { basePath: '/queues' })
// #endregion

const queueOf = (name: string) =>
  bullmqQueue({ connection: redis.url, prefix: redis.prefix, name, retry: { maxAttempts: 1 } })

describe.skipIf(found === undefined)('the README', () => {
  test('tries dead letters again', async () => {
    const queue = queueOf(randomUUID())
    let fails = true
    const handled: string[] = []
    queue.consume(async ({ id }) => {
      if (fails) throw new Error('no')
      handled.push(id)
    })
    await queue.publish([jobOf('one'), { ...jobOf('two'), tenant: 'other' }])
    await until(async () => (await queue.stats()).dead === 2)
    fails = false
    expect((await tryAgain(queue, 'acme')).ageMs).toBeLessThan(30_000)
    await until(() => handled.length === 1)
    expect(handled).toEqual(['one'])
    expect((await queue.stats()).dead).toBe(1)
    await queue.close()
  })

  test('shows a board', async () => {
    const queue = queueOf(randomUUID())
    const { path, fetch } = board(queue)
    expect((await fetch(new Request(`http://localhost${path}`))).status).toBe(200)
    await queue.close()
  })
})
