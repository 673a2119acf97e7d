import { type OwnRedis, startRedis } from '@wa-agent/testing/servers'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { bullmqQueue } from './index.ts'

const found = await startRedis()
// Where there is none every test is skipped.
const redis = found as OwnRedis
afterAll(() => found?.[Symbol.asyncDispose]())

test.skipIf(!found)('a Redis that answers and takes nothing in is no place to publish to', async () => {
  const queue = bullmqQueue({ connection: redis.url, name: 'pinged' })
  onTestFinished(() => queue.close())
  await queue.ping?.()
  await redis.command('CONFIG', 'SET', 'maxmemory', '1')
  await expect(queue.stats()).resolves.toMatchObject({ waiting: 0 })
  await expect(queue.ping?.()).rejects.toMatchObject({
    code: 'queue_unavailable',
    message: expect.stringContaining('OOM'),
  })
  await redis.command('CONFIG', 'SET', 'maxmemory', '0')
  await queue.ping?.()
  expect(Number.parseInt((await redis.command('TTL', 'bull:pinged:ping')).slice(1), 10)).toBeGreaterThan(0)
})
