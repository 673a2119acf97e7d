import { randomUUID } from 'node:crypto'
import { silentLogger } from '@wa-agent/core'
import { type OwnRedis, startRedis } from '@wa-agent/testing/servers'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type BullmqQueue, bullmqQueue, type RedisConnection } from './index.ts'
import { jobOf, until } from './test-jobs.ts'

const found = await startRedis()
const redis = found as OwnRedis
const queues: BullmqQueue[] = []
afterEach(async () => void (await Promise.all(queues.splice(0).map((queue) => queue.close()))))
afterAll(() => found?.[Symbol.asyncDispose]())

const line = 'Redis forgets jobs where its memory is full: set `maxmemory-policy noeviction`'

function queueOf(connection: RedisConnection = redis.url) {
  const name = randomUUID()
  const lines: unknown[] = []
  const error = (fields: object, text: string) => void lines.push({ ...fields, text })
  const queue = bullmqQueue({ connection, name, logger: { ...silentLogger, error } })
  queues.push(queue)
  return { name, queue, lines }
}

describe.skipIf(found === undefined)('a Redis that forgets', () => {
  test('is told of once, whatever becomes of the connection', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const { name, queue, lines } = queueOf()
    const told = { queue: name, policy: 'allkeys-lru', text: line }
    await until(() => lines.length === 1)
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(() =>
      queue.publish([jobOf('one')]).then(
        () => true,
        () => false,
      ),
    )
    await queue.stats()
    expect(lines).toEqual([told])
  })

  test('is not told of where Redis rather refuses', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    const { queue, lines } = queueOf()
    await queue.stats()
    expect(lines).toEqual([])
  })

  test('is no reason to fail where nobody may ask', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    await redis.command('ACL', 'SETUSER', 'asks-nothing', 'on', '>word', '~*', '&*', '+@all', '-info')
    const user = { username: 'asks-nothing', password: 'word' }
    // ioredis asks too, and writes to the console where it may not.
    const { queue, lines } = queueOf({ port: redis.port, ...user, enableReadyCheck: false })
    await queue.publish([jobOf('one')])
    expect(await queue.stats()).toMatchObject({ waiting: 1 })
    expect(lines).toEqual([])
  })
})
