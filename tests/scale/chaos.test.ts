import { seededRandom } from '@wa-agent/testing'
import { postgresForTests, startPostgres, startRedis } from '@wa-agent/testing/servers'
import { expect, test } from 'vitest'
import { until } from '../cloud-worker/until.ts'
import { needed } from '../setup/needed.ts'
import type { Configuration } from './configuration.ts'
import { type Member, startMember } from './fleet.ts'
import { type Provider, startProvider } from './provider.ts'

/** SCALE_MESSAGES and SCALE_SEED ask for more, and for others. */
const seed = Number(process.env['SCALE_SEED'] ?? 20_261_121)
const messages = Number(process.env['SCALE_MESSAGES'] ?? 5000)
const conversations = 100
const postersAtOnce = 20
const duplicated = 0.05

interface Fleet extends AsyncDisposable {
  readonly ingests: readonly Member[]
  /** Kills one at random and starts another. */
  replaceWorker(random: () => number): Promise<void>
  replaceIngest(random: () => number): Promise<void>
}

async function startFleet(of: Omit<Configuration, 'role'>): Promise<Fleet> {
  const start = (role: Configuration['role']) => startMember({ ...of, role })
  const ingests = await Promise.all([start('ingest'), start('ingest'), start('ingest')])
  const workers = await Promise.all([start('worker'), start('worker'), start('worker'), start('worker')])
  // One after the other: two that replaced the same one would start two, and forget one of them.
  let last = Promise.resolve()
  const replace = (members: Member[], role: Configuration['role'], random: () => number) => {
    last = last.then(async () => {
      const at = Math.floor(random() * members.length)
      await members[at]?.kill()
      members[at] = await start(role)
    })
    return last
  }
  return {
    ingests,
    replaceWorker: (random) => replace(workers, 'worker', random),
    replaceIngest: (random) => replace(ingests, 'ingest', random),
    async [Symbol.asyncDispose]() {
      await Promise.all([...ingests, ...workers].map((member) => member.stop()))
    },
  }
}

/** Delivers as providers do: to any ingest, again until it is taken, some twice; within a chat one after the other. */
async function deliverAll(
  fleet: Fleet,
  { random, onDelivered }: { readonly random: () => number; readonly onDelivered: (count: number) => Promise<void> },
): Promise<void> {
  let delivered = 0
  const perChat = Math.ceil(messages / conversations)
  const chats = Array.from({ length: conversations }, (_, index) => `chat-${index}`)
  const post = async (message: object): Promise<boolean> => {
    const { url } = fleet.ingests[Math.floor(random() * fleet.ingests.length)] as Member
    const response = await fetch(`${url}/webhooks/provider/main`, { method: 'POST', body: JSON.stringify([message]) })
      .then((answer) => answer.status)
      .catch(() => 0)
    return response === 200
  }
  const deliver = async (chat: string, number: number) => {
    const message = { id: `${chat}-${number}`, chat, text: `${chat} ${number}` }
    while (!(await post(message))) await new Promise((resolve) => setTimeout(resolve, 50))
    if (random() < duplicated) void post(message)
    delivered += 1
    await onDelivered(delivered)
  }
  const poster = async (own: readonly string[]) => {
    for (let number = 1; number <= perChat; number += 1) for (const chat of own) await deliver(chat, number)
  }
  await Promise.all(
    Array.from({ length: postersAtOnce }, (_, index) => poster(chats.filter((_, at) => at % postersAtOnce === index))),
  )
}

async function expectEachOnceInOrder(provider: Provider, fleet: Fleet): Promise<void> {
  const expected = Math.ceil(messages / conversations) * conversations
  const texts = () => provider.sent.map(({ text }) => text)
  await until('all are answered', () => new Set(texts()).size >= expected, 120_000)
  // What is still in work may say something twice.
  await fleet[Symbol.asyncDispose]()
  expect(texts()).toHaveLength(expected)
  for (const chat of new Set(provider.sent.map((sent) => sent.chat))) {
    const numbers = provider.sent.filter((sent) => sent.chat === chat).map(({ text }) => Number(text.split(' ').at(-1)))
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
  }
}

const timeout = 60_000 + messages * 30

/** Delivers everything while members are killed, and `strike`s in the middle; then looks what the customers got. */
async function expectToSurvive(
  of: Omit<Configuration, 'role' | 'provider' | 'leaseMs' | 'concurrency'>,
  { random, strike }: { readonly random: () => number; readonly strike: () => Promise<unknown> },
): Promise<void> {
  await using provider = await startProvider()
  await using fleet = await startFleet({ ...of, provider: provider.url, leaseMs: 5000, concurrency: 20 })
  await deliverAll(fleet, {
    random,
    async onDelivered(count) {
      if (count % 1000 === 500) await fleet.replaceWorker(random)
      if (count % 2000 === 1000) await fleet.replaceIngest(random)
      if (count === Math.floor(messages / 2)) await strike()
    },
  })
  await expectEachOnceInOrder(provider, fleet)
}

test('ingests that store, Redis emptied in the middle: each message is answered once, those of a chat in order', {
  timeout,
}, async (context) => {
  await using database = needed(await postgresForTests(), context)
  await using redis = needed(await startRedis(), context)
  const of = { databaseUrl: database.url, redis: { url: redis.url, prefix: 'chaos' }, ingestStores: true }
  await expectToSurvive(of, { random: seededRandom(seed), strike: () => redis.command('FLUSHALL') })
})

test('ingests without a database, workers killed: each message is answered once, those of a chat in order', {
  timeout,
}, async (context) => {
  await using database = needed(await postgresForTests(), context)
  await using redis = needed(await startRedis({ durable: true }), context)
  const of = { databaseUrl: database.url, redis: { url: redis.url, prefix: 'chaos' } }
  const strike = async () => {
    await redis.kill()
    await redis.start()
  }
  await expectToSurvive(of, { random: seededRandom(seed + 1), strike })
})

test('PostgreSQL alone, restarted in the middle: each message is answered once, those of a chat in order', {
  timeout,
}, async (context) => {
  await using database = needed(await startPostgres(), context)
  const strike = async () => {
    await database.crash()
    await database.start()
  }
  await expectToSurvive({ databaseUrl: database.url }, { random: seededRandom(seed + 2), strike })
})
