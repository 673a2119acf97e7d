// The sentences of docs/guarantees.md, "What each topology adds", one by one; chaos.test.ts tries them together.
import { bullmqQueue } from '@wa-agent/queue-bullmq'
import { postgresForTests, startPostgres, startRedis } from '@wa-agent/testing/servers'
import { expect, test } from 'vitest'
import { until } from '../cloud-worker/until.ts'
import { needed } from '../setup/needed.ts'
import type { Configuration } from './configuration.ts'
import { type Member, startMember } from './fleet.ts'
import { type Provider, startProvider } from './provider.ts'

const timeout = 120_000
const prefix = 'topology'

/** Delivers one message of a chat as its provider would, and gives the status of the answer. */
async function post({ url }: Member, text: string): Promise<number> {
  const body = JSON.stringify([{ id: `id of ${text}`, chat: 'ana', text }])
  return (await fetch(`${url}/webhooks/provider/main`, { method: 'POST', body })).status
}

const said = ({ sent }: Provider) => sent.map(({ text }) => text)

const answered = (provider: Provider, text: string) =>
  until(`an answer to "${text}"`, () => said(provider).includes(`answer to ${text}`), 60_000)

const member = (role: Configuration['role'], of: Omit<Configuration, 'role' | 'leaseMs' | 'concurrency'>) =>
  startMember({ ...of, role, leaseMs: 5000, concurrency: 20 })

test('a queue that forgets everything takes with it what no worker had stored, and nothing else', {
  timeout,
}, async (context) => {
  await using database = needed(await postgresForTests(), context)
  await using redis = needed(await startRedis(), context)
  await using provider = await startProvider()
  const of = { provider: provider.url, databaseUrl: database.url, redis: { url: redis.url, prefix } }
  await using ingest = await member('ingest', of)
  await using first = await member('worker', of)
  expect(await post(ingest, 'one')).toBe(200)
  await answered(provider, 'one')
  await first.stop()
  expect(await post(ingest, 'two')).toBe(200)
  await redis.command('FLUSHALL')
  expect(await post(ingest, 'three')).toBe(200)
  await using second = await member('worker', of)
  await answered(provider, 'three')
  await second.stop()
  expect(said(provider)).toEqual(['answer to one', 'answer to three'])
})

test('with a storage in the ingest nothing depends on the broker: webhooks are taken while it is away', {
  timeout,
}, async (context) => {
  await using database = needed(await postgresForTests(), context)
  await using redis = needed(await startRedis(), context)
  await using provider = await startProvider()
  const of = {
    provider: provider.url,
    databaseUrl: database.url,
    redis: { url: redis.url, prefix },
    ingestStores: true,
  }
  await using ingest = await member('ingest', of)
  await using worker = await member('worker', of)
  await redis.kill()
  expect(await post(ingest, 'one')).toBe(200)
  await answered(provider, 'one')
  // A load balancer that takes away who is not ready must leave it.
  expect((await fetch(`${ingest.url}/ready`)).status).toBe(200)
  await redis.start()
  expect(await post(ingest, 'two')).toBe(200)
  await answered(provider, 'two')
  await worker.stop()
  expect(said(provider)).toEqual(['answer to one', 'answer to two'])
})

test('without a storage in the ingest the provider is asked to deliver again while the broker is away', {
  timeout,
}, async (context) => {
  await using database = needed(await postgresForTests(), context)
  await using redis = needed(await startRedis({ durable: true }), context)
  await using provider = await startProvider()
  const of = { provider: provider.url, databaseUrl: database.url, redis: { url: redis.url, prefix } }
  await using ingest = await member('ingest', of)
  await using worker = await member('worker', of)
  await redis.kill()
  expect(await post(ingest, 'one')).toBe(503)
  expect((await fetch(`${ingest.url}/ready`)).status).toBe(503)
  await redis.start()
  await until('the ingest takes it', async () => (await post(ingest, 'one')) === 200)
  await answered(provider, 'one')
  await worker.stop()
  expect(said(provider)).toEqual(['answer to one'])
})

for (const ingestStores of [true, false]) {
  test(`PostgreSQL away: the provider is asked to deliver again, ${ingestStores ? 'with a queue' : 'without one'}`, {
    timeout,
  }, async (context) => {
    await using database = needed(await startPostgres(), context)
    await using redis = needed(await startRedis(), context)
    await using provider = await startProvider()
    const ofQueue = ingestStores ? { redis: { url: redis.url, prefix }, ingestStores } : {}
    const of = { provider: provider.url, databaseUrl: database.url, retryForMs: 500, ...ofQueue }
    await using ingest = await member('ingest', of)
    await using worker = await member('worker', of)
    await database.stop()
    expect(await post(ingest, 'one')).toBe(503)
    await database.start()
    await until('the ingest takes it', async () => (await post(ingest, 'one')) === 200)
    await answered(provider, 'one')
    await worker.stop()
    expect(said(provider)).toEqual(['answer to one'])
  })
}

test('PostgreSQL away: an ingest without it takes webhooks, and their jobs wait', { timeout }, async (context) => {
  await using database = needed(await startPostgres(), context)
  await using redis = needed(await startRedis(), context)
  await using provider = await startProvider()
  const redisOf = { url: redis.url, prefix }
  const of = { provider: provider.url, databaseUrl: database.url, redis: redisOf, retryForMs: 500 }
  await using ingest = await member('ingest', of)
  await using worker = await member('worker', of)
  await database.stop()
  expect(await post(ingest, 'one')).toBe(200)
  expect(await post(ingest, 'two')).toBe(200)
  await database.start()
  await answered(provider, 'two')
  await worker.stop()
  expect(said(provider)).toEqual(['answer to one', 'answer to two'])
})

test('a dead letter of the queue is passed over, and answered late when it is retried', {
  timeout,
}, async (context) => {
  await using database = needed(await postgresForTests(), context)
  await using redis = needed(await startRedis(), context)
  await using provider = await startProvider()
  const redisOf = { url: redis.url, prefix }
  const of = { provider: provider.url, databaseUrl: database.url, redis: redisOf, jobAttempts: 2 }
  await using ingest = await member('ingest', of)
  await using worker = await member('worker', of)
  const queue = bullmqQueue({ connection: redis.url, prefix })
  try {
    provider.isTroubled = true
    expect(await post(ingest, 'trouble')).toBe(200)
    expect(await post(ingest, 'two')).toBe(200)
    await answered(provider, 'two')
    const [letter] = await queue.deadLetters.list()
    provider.isTroubled = false
    await queue.deadLetters.retry(letter?.id ?? '')
    await answered(provider, 'trouble')
    await worker.stop()
    expect(said(provider)).toEqual(['answer to two', 'answer to trouble'])
  } finally {
    await queue.close()
  }
})
