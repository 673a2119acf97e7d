import { randomUUID } from 'node:crypto'
import { silentLogger } from '@wa-agent/core'
import { type OwnRedis, startRedis } from '@wa-agent/testing/servers'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BullmqQueue, type BullmqQueueOptions, bullmqQueue } from './index.ts'
import { jobOf, noted, until } from './test-jobs.ts'
import { type CuttableProxy, cuttableProxy } from './test-proxy.ts'

const found = await startRedis()
const other = (found && (await startRedis())) as OwnRedis
const redis = found as OwnRedis
const queues: BullmqQueue[] = []
let name = ''
let address: CuttableProxy

function queueOf(options: Partial<BullmqQueueOptions> = {}): BullmqQueue {
  const queue = bullmqQueue({ connection: address.url, name, ...options })
  queues.push(queue)
  return queue
}

/** As managed servers do it: another one takes over, the address leads to it, and the old one lives on as its replica. */
async function failOver(from: OwnRedis, to: OwnRedis): Promise<void> {
  await follow(to, from)
  await to.command('REPLICAOF', 'NO', 'ONE')
  await from.command('REPLICAOF', '127.0.0.1', String(to.port))
  address.leadTo(to.url)
}

async function follow(replica: OwnRedis, master: OwnRedis): Promise<void> {
  await replica.command('REPLICAOF', '127.0.0.1', String(master.port))
  // How many have all that was written.
  await until(async () => (await master.command('WAIT', '1', '100')) === ':1')
}

describe.skipIf(found === undefined)('bullmqQueue', () => {
  beforeEach(async () => {
    name = randomUUID()
    address = await cuttableProxy(redis.url)
  })
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close()))
    await address.close()
    for (const server of [redis, other]) await server.command('REPLICAOF', 'NO', 'ONE')
  })
  afterAll(async () => {
    await redis[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  })

  test('leaves a Redis that has become a replica: jobs in hand end once, and new ones are published and taken', async () => {
    const queue = queueOf()
    const gate = Promise.withResolvers<void>()
    const seen = noted()
    queueOf({ retry: { maxAttempts: 1 } }).consume(async (job, context) => {
      await seen.handler(job, context)
      if (job.id === 'in hand') await gate.promise
    })
    await queue.publish([jobOf('in hand')])
    await until(() => seen.ids.length === 1)
    await failOver(redis, other)
    gate.resolve()
    await until(() =>
      queue.publish([jobOf('after')]).then(
        () => true,
        () => false,
      ),
    )
    await until(() => seen.ids.includes('after'))
    await until(async () => (await queue.broker.getActiveCount()) === 0)
    expect(seen.ids).toEqual(['in hand', 'after'])
    expect(await queue.stats()).toEqual({ waiting: 0, working: 0, dead: 0 })
  })

  test('says once that its address leads to a replica, until it does no more', async () => {
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (fields: object, line: string) => void lines.push({ ...fields, line }) }
    const queue = queueOf({ logger })
    const seen = noted()
    queue.consume(seen.handler)
    await follow(redis, other)
    const connections = async () => Number(/total_connections_received:(\d+)/.exec(await infoOf(queue))?.[1])
    const before = await connections()
    // It has tried again several times.
    await until(async () => (await connections()) > before + 4)
    await expect(queue.publish([jobOf('refused')])).rejects.toMatchObject({
      code: 'queue_unavailable',
      retryable: true,
    })
    expect(lines).toEqual([{ queue: name, error: 'READONLY', line: 'the worker had trouble' }])
    await redis.command('REPLICAOF', 'NO', 'ONE')
    await until(() =>
      queue.publish([jobOf('after')]).then(
        () => true,
        () => false,
      ),
    )
    await until(() => seen.ids.includes('after'))
  })
})

async function infoOf(queue: BullmqQueue): Promise<string> {
  const client = await queue.broker.getBackend().client
  return client.info()
}
