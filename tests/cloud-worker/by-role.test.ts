import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresForTests, pubsubForTests, startRedis } from '@wa-agent/testing/servers'
import { afterAll, expect, type TestContext, test } from 'vitest'
import { needed } from '../setup/needed.ts'
import { post, webhookOf } from './post.ts'
import { providers } from './providers.ts'
import { credentials, environmentOf, secrets } from './settings.ts'
import { type Sink, startSink } from './sink.ts'
import { until } from './until.ts'
import { runWorker, startWorker, type Worker } from './worker.ts'

const folder = mkdtempSync(join(tmpdir(), 'wa-agent-roles-'))
afterAll(() => rmSync(folder, { recursive: true }))

const provider = providers['cloud-api']
type Environment = Readonly<Record<string, string>>

async function say(ingest: Worker, said: { readonly id: string; readonly from: string }): Promise<void> {
  for (const json of provider.inbound([{ ...said, text: 'do you have boxes?' }])) {
    expect(await post(ingest.url, webhookOf(provider, json))).toBe(200)
  }
}

async function ask(worker: Worker, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${credentials.adminKey}`, 'content-type': 'application/json' }
  return fetch(`${worker.url}${path}`, { ...init, headers })
}

/** Two ingests and two workers answer each of some customers once; `check` looks at them at work. */
async function expectAnswers(
  context: TestContext,
  queue: Environment,
  check: (fleet: { readonly ingest: Worker; readonly worker: Worker }) => Promise<void> = async () => undefined,
): Promise<void> {
  await using database = needed(await postgresForTests(), context)
  await using sink: Sink = await startSink()
  const shared = {
    ...environmentOf(sink.url, join(folder, 'no.db')),
    ...queue,
    TRANSPORTS: 'cloud-api',
    METRICS: 'true',
  }
  const ofWorker = { ...shared, ROLE: 'worker', DATABASE_URL: database.url }
  const ofIngest = queue['QUEUE'] === 'none' ? { ...ofWorker, ROLE: 'ingest' } : { ...shared, ROLE: 'ingest' }
  await using one = await startWorker(ofWorker)
  await using two = await startWorker(ofWorker)
  await using left = await startWorker(ofIngest)
  await using right = await startWorker(ofIngest)
  for (let customer = 0; customer < 10; customer += 1) {
    const said = { id: `m-${customer}`, from: `91999900${String(customer).padStart(4, '0')}` }
    await say(customer % 2 === 0 ? left : right, said)
    await say(right, said)
  }
  await until('all are answered', () => sink.sent.length >= 10)
  expect(new Set(sink.sent.map(({ to }) => to)).size).toBe(10)
  await check({ ingest: left, worker: one })
  for (const member of [left, right, one, two]) expect((await member.stop()).code).toBe(0)
  expect(sink.sent).toHaveLength(10)
  const log = [one, two, left, right].map((member) => member.log()).join('')
  for (const secret of [...secrets, database.url]) expect(log).not.toContain(secret)
  expect(log).not.toContain('do you have boxes')
}

test('on BullMQ and PostgreSQL, with a board, metrics and one command for all workers', async (context) => {
  await using redis = needed(await startRedis({ password: 'a-password-of-redis' }), context)
  await expectAnswers(context, { QUEUE: 'bullmq', REDIS_URL: redis.url }, async ({ ingest, worker }) => {
    for (const member of [ingest, worker]) expect((await fetch(`${member.url}/ready`)).status).toBe(200)
    expect((await fetch(`${worker.url}/queues`)).status).toBe(401)
    const page = await fetch(`${worker.url}/queues`, {
      headers: { authorization: `Basic ${btoa(`me:${credentials.adminKey}`)}` },
    })
    expect(await page.text()).toContain('<html')
    expect(await (await ask(worker, '/metrics')).text()).toContain('wa_agent_queue_depth')
    expect(await (await ask(ingest, '/metrics')).text()).toContain('wa_agent_')
    expect((await fetch(`${ingest.url}/metrics`)).status).toBe(401)
    const command = (action: string) =>
      ask(worker, '/api/workers', { method: 'POST', body: JSON.stringify({ action }) })
    expect(await (await command('PAUSE_WORKERS')).json()).toEqual({ paused: true })
    expect(await (await ask(worker, '/api/workers')).json()).toMatchObject({ paused: true, workers: 2 })
    expect(await (await command('RESUME_WORKERS')).json()).toEqual({ paused: false })
    await redis.stop()
    await until('the ingest says that it is not ready', async () => (await fetch(`${ingest.url}/ready`)).status === 503)
    const [json] = provider.inbound([{ id: 'late', from: '4915551', text: 'hello' }])
    expect(await post(ingest.url, webhookOf(provider, json ?? {}))).toBe(503)
    await redis.start()
    await until('it is ready again', async () => (await fetch(`${ingest.url}/ready`)).status === 200)
  })
})

test('a worker that cannot be made ends with 1, though it looks for its queue', async () => {
  const file = join(folder, 'a-file')
  writeFileSync(file, '')
  const { code, stderr } = await runWorker({
    ...environmentOf('http://127.0.0.1:9', join(file, 'worker.db')),
    TRANSPORTS: 'desktop',
    ROLE: 'worker',
    QUEUE: 'bullmq',
    REDIS_URL: 'redis://127.0.0.1:1',
    DATABASE_URL: 'postgres://127.0.0.1:1/none',
  })
  expect([code, stderr]).toEqual([1, expect.stringContaining('Choose another path for DATABASE.')])
})

test('an ingest without Pub/Sub says that it is not ready', async () => {
  const away = { QUEUE: 'pubsub', PUBSUB_PROJECT: 'p', PUBSUB_EMULATOR_HOST: '127.0.0.1:1' }
  const environment = { ...environmentOf('http://127.0.0.1:9', join(folder, 'no.db')), ...away, ROLE: 'ingest' }
  await using ingest = await startWorker({ ...environment, METADATA_SERVER_DETECTION: 'none' })
  expect((await fetch(`${ingest.url}/ready`)).status).toBe(503)
  expect((await ingest.stop()).code).toBe(0)
})

test('an ingest with a queue and the database loses nothing with the memory of Redis', async (context) => {
  await using redis = needed(await startRedis(), context)
  await using database = needed(await postgresForTests(), context)
  await using sink = await startSink()
  const own = { TRANSPORTS: 'cloud-api', QUEUE: 'bullmq', REDIS_URL: redis.url, DATABASE_URL: database.url }
  const shared = { ...environmentOf(sink.url, join(folder, 'no.db')), ...own }
  await using ingest = await startWorker({ ...shared, ROLE: 'ingest' })
  await say(ingest, { id: 'kept', from: '919999000000' })
  await redis.command('FLUSHALL')
  await using worker = await startWorker({ ...shared, ROLE: 'worker' })
  await until('it is answered', () => sink.sent.length === 1)
  for (const member of [ingest, worker]) expect((await member.stop()).code).toBe(0)
})

test('on PostgreSQL alone', (context) => expectAnswers(context, { QUEUE: 'none' }))

test('on Pub/Sub and PostgreSQL', { timeout: 120_000 }, async (context) => {
  await using pubsub = needed(await pubsubForTests(), context)
  await expectAnswers(context, {
    QUEUE: 'pubsub',
    PUBSUB_PROJECT: pubsub.projectId,
    PUBSUB_CREATE: 'true',
    PUBSUB_EMULATOR_HOST: pubsub.host,
    METADATA_SERVER_DETECTION: 'none',
  })
})
