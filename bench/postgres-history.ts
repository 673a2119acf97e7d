// What claims, commits and appends cost when there is much history: a schema that fills beside one with little, in turn, so that
// both have the same machine.
//   node --conditions=@wa-agent/source bench/postgres-history.ts [--sizes 1000000,10000000] [--samples 2000]
// Uses DATABASE_URL or a local PostgreSQL, else one of its own. 10 million messages take about 15 GB while it runs.
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import type { Claim, NewMessage, Storage } from '@wa-agent/core'
import { postgresStorage } from '@wa-agent/storage-postgres'
import { postgresForTests } from '@wa-agent/testing/servers'

/** The little of pg that is needed here: it is a dependency of the storage. */
interface Client {
  connect(): Promise<unknown>
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>
  end(): Promise<void>
}

const pg: { Client: new (config: object) => Client } = createRequire(import.meta.resolve('@wa-agent/storage-postgres'))(
  'pg',
)
const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000000,10000000' },
    samples: { type: 'string', default: '2000' },
  },
})
const messagesPerConversation = 20
const littleHistory = 10_000

const server = await postgresForTests()
if (!server) throw new Error('No PostgreSQL was found.')
const client = new pg.Client({ connectionString: server.url })
await client.connect()

type Times = Record<'append' | 'claim' | 'commit' | 'release', number[]>

/** A storage with so much history. */
class History {
  readonly #client: Client
  readonly #schema: string
  readonly #storage: Storage
  #size = 0
  #samples = 0

  constructor(url: string, schema: string) {
    this.#client = client
    this.#schema = schema
    this.#storage = postgresStorage({ url, schema })
  }

  async open(): Promise<void> {
    await this.#storage.open()
    await this.#storage.append([message('first', 'first')])
  }

  close(): Promise<void> {
    return this.#storage.close()
  }

  /** Answered messages and sent replies, as many turns leave them. */
  async fill(to: number): Promise<void> {
    const from = this.#size
    const step = 500_000
    for (let first = from; first < to; first += step) {
      const last = Math.min(to, first + step) - 1
      const firstChat = Math.floor(first / messagesPerConversation)
      const lastChat = Math.floor(last / messagesPerConversation)
      await this.#client.query(
        `SET search_path = ${this.#schema};
         SET synchronous_commit = off;
         INSERT INTO conversations (id, channel, chat) SELECT 1000 + n, 1, 'past-' || n FROM generate_series(${firstChat}, ${lastChat}) AS n
           ON CONFLICT DO NOTHING;
         INSERT INTO aliases (channel, id, conversation) SELECT 1, 'past-' || n, 1000 + n FROM generate_series(${firstChat}, ${lastChat}) AS n
           ON CONFLICT DO NOTHING;
         INSERT INTO inbox (conversation, channel, status, received_at, settle_at, due_by, ended_at, id, message)
           SELECT 1000 + n / ${messagesPerConversation}, 1, 1, n, n, n, n, 'wamid.' || md5(n::text),
             '{"type":"text","id":"wamid.' || md5(n::text) || '","chat":"past","text":"' || repeat('x', 80) || '"}'
           FROM generate_series(${first}, ${last}) AS n;
         INSERT INTO outbox (conversation, channel, status, not_before, created_at, ended_at, id, kind, in_reply_to, message, provider_id)
           SELECT 1000 + n / ${messagesPerConversation}, 1, 2, n, n, n, md5('r' || n), 'reply', '[]',
             '{"type":"text","text":"' || repeat('y', 80) || '"}', 'wamid.out.' || md5(n::text)
           FROM generate_series(${first}, ${last}) AS n;
         INSERT INTO provider_ids SELECT 1, 'wamid.out.' || md5(n::text), md5('r' || n) FROM generate_series(${first}, ${last}) AS n;
         SELECT setval('conversations_id_seq', ${lastChat + 2_000});`,
      )
    }
    this.#size = to
    await this.#client.query('VACUUM ANALYZE')
  }

  /** One message from its arrival to its end. */
  async sample(times: Times): Promise<void> {
    this.#samples += 1
    const id = `sample-${this.#samples}`
    await timed(times.append, () => this.#storage.append([message(id, this.#chat())]))
    const nowMs = Date.now() + 1
    const request = { owner: 'bench', nowMs, leaseMs: 30_000, limit: 1, maxMessages: 20 }
    const claims = await timed(times.claim, () =>
      this.#storage.claim({ ...request, historyLimit: 10, usageDay: '2027-01-15' }),
    )
    const { lease, messages } = claims[0] as Claim
    const reply = { id: `r-${id}`, kind: 'reply', inReplyTo: [id], notBeforeMs: nowMs } as const
    const replies = [{ ...reply, message: { type: 'text', text: 'Twelve.' } as const }]
    const done = messages.map(({ seq }) => seq)
    await timed(times.commit, () => this.#storage.commit(lease, { nowMs, done, replies, sending: reply.id }))
    await this.#storage.settle(
      { conversation: lease.conversation, id: reply.id },
      { status: 'sent', providerId: `p-${id}` },
    )
    await timed(times.release, () => this.#storage.release(lease))
  }

  /** Half of the conversations have a past, half are new. */
  #chat(): string {
    const past = Math.floor(this.#size / messagesPerConversation)
    return this.#samples % 2 === 0 ? `past-${(this.#samples * 7919) % past}` : `new-${this.#samples}`
  }
}

function message(id: string, chat: string): NewMessage {
  const nowMs = Date.now()
  return {
    tenant: 'acme',
    channel: 'main',
    receivedAtMs: nowMs,
    settleAtMs: nowMs,
    dueByMs: nowMs,
    message: {
      type: 'text',
      id,
      chat,
      from: { id: chat, aliases: [] },
      fromMe: false,
      isGroup: false,
      sentAtMs: nowMs,
      text: 'How much is the blue one?',
    },
  }
}

async function timed<Value>(times: number[], run: () => Promise<Value>): Promise<Value> {
  const beganAt = performance.now()
  const value = await run()
  times.push(performance.now() - beganAt)
  return value
}

const noTimes = (): Times => ({ append: [], claim: [], commit: [], release: [] })

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2))
}

function compare(messages: number, [little, much]: readonly [Times, Times]): void {
  const rows = Object.keys(little).map((name) => {
    const [few, many] = [little[name as keyof Times], much[name as keyof Times]]
    const [p50Ms, p99Ms] = [0.5, 0.99].map((share) => [percentile(few, share), percentile(many, share)])
    return [name, { p50Ms, p99Ms, p99Growth: Number(((p99Ms?.[1] ?? 0) / (p99Ms?.[0] ?? 1)).toFixed(2)) }] as const
  })
  console.log(JSON.stringify({ messages: [littleHistory, messages], ...Object.fromEntries(rows) }))
}

const [little, much] = [new History(server.url, 'little'), new History(server.url, 'much')]
try {
  for (const history of [little, much]) await history.open()
  await little.fill(littleHistory)
  for (const size of values.sizes.split(',').map(Number)) {
    await much.fill(size)
    // The first ones read the indices into memory.
    for (let warmUp = 0; warmUp < 200; warmUp += 1)
      for (const history of [little, much]) await history.sample(noTimes())
    const times = [noTimes(), noTimes()] as const
    for (let sample = 0; sample < Number(values.samples); sample += 1) {
      await little.sample(times[0])
      await much.sample(times[1])
    }
    compare(size, times)
  }
  const { rows } = await client.query(
    `SELECT relname AS table, pg_size_pretty(pg_table_size(relid)) AS rows, pg_size_pretty(pg_indexes_size(relid)) AS indices
     FROM pg_stat_user_tables WHERE schemaname = 'much' ORDER BY pg_total_relation_size(relid) DESC LIMIT 4`,
  )
  console.log(JSON.stringify(rows))
} finally {
  for (const history of [little, much]) await history.close()
  await client.end()
  await server[Symbol.asyncDispose]()
}
