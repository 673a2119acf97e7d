import { randomUUID } from 'node:crypto'
import type { QueueJob } from '@wa-agent/core'
import { redisForTests } from '@wa-agent/testing/servers'
import { Redis } from 'ioredis'
import { afterAll, expect, test } from 'vitest'
import { bullmqQueue } from './bullmq-queue.ts'

const redis = await redisForTests()
afterAll(() => redis?.[Symbol.asyncDispose]())

function inGroup(id: string): QueueJob {
  return { id, tenant: 'acme', channel: 'main', group: 'anna', data: null }
}

async function opened() {
  if (!redis) throw new Error('there is no Redis')
  const queue = bullmqQueue({ connection: redis.url, prefix: `${redis.prefix}-${randomUUID().slice(0, 8)}` })
  const client = new Redis(redis.url)
  return {
    queue,
    client,
    list: queue.broker.toKey('group:acme/main/anna'),
    async [Symbol.asyncDispose]() {
      await queue.close()
      client.disconnect()
    },
  }
}

test.skipIf(!redis)('a job that was never published does not hold its group for ever', async () => {
  await using world = await opened()
  await world.client.rpush(world.list, `${Date.now() - 20_000}-dead`)
  const seen: string[] = []
  await world.queue.publish([inGroup('one')])
  world.queue.consume(async ({ id }) => void seen.push(id))
  await expect.poll(() => seen).toEqual(['one'])
})

test.skipIf(!redis)('one that is being published just now is waited for', async () => {
  await using world = await opened()
  const early = `${Date.now()}-early`
  await world.client.rpush(world.list, early)
  const seen: string[] = []
  await world.queue.publish([inGroup('later')])
  world.queue.consume(async ({ id }) => void seen.push(id))
  await expect.poll(async () => (await world.queue.broker.getDelayedCount()) > 0).toBe(true)
  expect(seen).toEqual([])
  await world.queue.broker.add('job', inGroup('early'), { jobId: early, priority: 2 })
  await expect.poll(() => seen).toEqual(['early', 'later'])
})

test.skipIf(!redis)(
  'what BullMQ has given up or somebody has removed does not hold its group',
  { timeout: 60_000 },
  async () => {
    await using world = await opened()
    await world.queue.publish([inGroup('one'), inGroup('two')])
    const [first = ''] = await world.client.lrange(world.list, 0, 0)
    // As BullMQ does with a job whose workers died too often.
    await world.client.zrem(world.queue.broker.toKey('prioritized'), first)
    await world.client.zadd(world.queue.broker.toKey('failed'), Date.now(), first)
    const seen: string[] = []
    world.queue.consume(async ({ id }) => void seen.push(id))
    // Nobody calls the next one then: it looks by itself.
    await expect.poll(() => seen, { timeout: 45_000 }).toEqual(['two'])
  },
)

test.skipIf(!redis)('a job that is refused has no place in its group', async () => {
  await using world = await opened()
  const publishing = world.queue.publish([{ ...inGroup('refused'), data: 1n }])
  await expect(publishing).rejects.toMatchObject({ code: 'invalid_options' })
  expect(await world.client.exists(world.list)).toBe(0)
})

test.skipIf(!redis)('a job that is done is done, also where the next one cannot be called', async () => {
  await using world = await opened()
  let count = 0
  world.queue.consume(async () => {
    count += 1
    // Redis refuses what is asked of the list now.
    await world.client.set(world.list, 'no list')
  })
  await world.queue.publish([inGroup('one')])
  await expect.poll(() => count).toBe(1)
  await expect.poll(() => world.queue.broker.getActiveCount()).toBe(0)
  expect(await world.queue.stats()).toMatchObject({ waiting: 0, dead: 0 })
})

test.skipIf(!redis)('nothing is left of a group whose jobs are done', async () => {
  await using world = await opened()
  let count = 0
  world.queue.consume(async () => {
    count += 1
  })
  await world.queue.publish([inGroup('one'), inGroup('two')])
  await world.queue.publish([inGroup('three')])
  await expect.poll(() => count).toBe(3)
  await expect.poll(() => world.client.exists(world.list)).toBe(0)
})
