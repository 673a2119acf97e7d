import { randomUUID } from 'node:crypto'
import { type QueueJob, silentLogger } from '@wa-agent/core'
import { redisForTests, type TestRedis } from '@wa-agent/testing/servers'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type BullmqQueue, bullmqQueue } from './index.ts'
import { jobOf, noted, until } from './test-jobs.ts'

const found = await redisForTests()
const redis = found as TestRedis
const queues: BullmqQueue[] = []
afterEach(async () => void (await Promise.all(queues.splice(0).map((queue) => queue.close()))))
afterAll(() => found?.[Symbol.asyncDispose]())

function queueOf(warn: (fields: object, line: string) => void = () => undefined): BullmqQueue {
  const { url: connection, prefix } = redis
  const queue = bullmqQueue({ connection, prefix, name: randomUUID(), logger: { ...silentLogger, warn } })
  queues.push(queue)
  return queue
}

async function intrude(queue: BullmqQueue, all: readonly unknown[]): Promise<void> {
  // The broker itself does not wait for Redis.
  await queue.stats()
  for (const data of all) await queue.broker.add('foreign', data as QueueJob)
}

const foreign: readonly unknown[] = [
  null,
  5,
  'text',
  {},
  { id: 5 },
  { id: 'x', tenant: 5, channel: 'main', group: {} },
  { id: 'x', tenant: 'acme', channel: 'main', trace: { traceparent: 5 } },
]

describe.skipIf(found === undefined)('what somebody else put into the queue', () => {
  test('is a dead letter at once, which is logged, listed, retried and discarded', async () => {
    const lines: object[] = []
    const queue = queueOf((fields, line) => void lines.push({ ...fields, line }))
    const seen = noted()
    queue.consume(seen.handler)
    await intrude(queue, foreign)
    await queue.publish([jobOf('ours')])
    await until(async () => (await queue.stats()).dead === foreign.length && seen.ids.length === 1)
    const letters = await queue.deadLetters.list()
    expect(letters.map(({ job }) => job.data)).toEqual(expect.arrayContaining([...foreign]))
    expect(new Set(letters.map(({ reason }) => reason))).toEqual(new Set(['not a job of wa-agent']))
    expect(await queue.deadLetters.list({ tenant: 'acme' })).toMatchObject([
      { job: { tenant: 'acme', channel: 'main' } },
    ])
    expect(lines).toHaveLength(foreign.length)
    expect(lines[0]).toMatchObject({ handle: '1', reason: 'not a job of wa-agent', line: 'a job failed for good' })
    for (const { id } of letters) await queue.deadLetters.retry(id)
    await until(async () => lines.length === 2 * foreign.length && (await queue.stats()).dead === foreign.length)
    for (const { id } of letters) await queue.deadLetters.discard(id)
    expect(await queue.stats()).toMatchObject({ waiting: 0, dead: 0 })
    expect(seen.ids).toEqual(['ours'])
  })

  test.each([
    ['no letter', ''],
    ['a colon', ':'],
    ['the name of another key', 'meta'],
    ['the name of a set', 'prioritized'],
    ['many letters', 'x'.repeat(5000)],
    ['a number', 5],
    ['nothing', null],
  ])('has no dead letter whose id is %s', async (_, id) => {
    const queue = queueOf()
    queue.consume(async () => undefined)
    await intrude(queue, [null])
    await until(async () => (await queue.stats()).dead === 1)
    await queue.pause()
    await queue.publish([jobOf('waits')])
    const odd = id as string
    await expect(queue.deadLetters.retry(odd)).rejects.toMatchObject({ code: 'not_found' })
    await expect(queue.deadLetters.discard(odd)).rejects.toMatchObject({ code: 'not_found' })
    expect(await queue.stats()).toMatchObject({ waiting: 1, dead: 1 })
  })

  test('does not hide a mistake as a Redis that is away', async () => {
    const queue = queueOf()
    await expect(queue.publish([null as unknown as QueueJob])).rejects.toThrow(TypeError)
  })
})
