// How the cost of a message grows with tenants, conversations and sessions: a worker on PostgreSQL, beside one with a single tenant,
// a hundred conversations and sessions of 1 KB, in turn, so that both have the same machine.
//   npm run bench:growth [-- --rounds 3 --messages 4000]
// Uses DATABASE_URL or a local PostgreSQL, else one of its own.
import { parseArgs } from 'node:util'
import { createPipeline, createWorker, defineAgent, type Transport, type Worker } from '@wa-agent/core'
import { postgresStorage } from '@wa-agent/storage-postgres'
import { postgresForTests } from '@wa-agent/testing/servers'
import pg from 'pg'
import { z } from 'zod'
import { textOnly } from './text-only.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, messages: { type: 'string', default: '4000' } },
})
const messages = Number(values.messages)
const rounds = Number(values.rounds)
/** So many are on their way at once. */
const window = 100

interface Shape {
  readonly tenants: number
  readonly conversations: number
  readonly sessionKb: number
}

const base: Shape = { tenants: 1, conversations: 100, sessionKb: 1 }
const shapes: readonly Shape[] = [
  ...[10, 100].map((tenants) => ({ ...base, tenants })),
  ...[1000, 10_000, 100_000, 1_000_000].map((conversations) => ({ ...base, conversations })),
  ...[4, 16, 64].map((sessionKb) => ({ ...base, sessionKb })),
]

for (const shape of shapes) {
  await using small = await open(base)
  await using large = await open(shape)
  // The first ones fill the caches.
  for (const business of [small, large]) await business.run(messages / 4)
  const ratios: number[] = []
  const perSecond: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const [few, many] = [await small.run(messages), await large.run(messages)]
    ratios.push(many / few)
    perSecond.push(Math.round(messages / many))
  }
  const result = { messagesPerSecond: median(perSecond), costOfAMessage: Number(median(ratios).toFixed(2)) }
  console.log(JSON.stringify({ ...shape, ...result }))
}

function median(all: readonly number[]): number {
  return all.toSorted((one, other) => one - other)[all.length >> 1] ?? 0
}

async function open(shape: Shape) {
  const database = await postgresForTests()
  if (!database) throw new Error('PostgreSQL is needed.')
  const transports = Array.from({ length: shape.tenants }, (_, index) => sink(`tenant-${index}`))
  const worker = createWorker({
    transports,
    storage: postgresStorage({ url: database.url, poolSize: 8 }),
    pipeline: createPipeline({ agents: [remembering(shape.sessionKb)] }),
    // Each message is a turn of its own, also where few people write much.
    coalesce: { maxMessages: 1 },
  })
  await worker.start()
  await fill(database.url, shape)
  let sent = 0
  return {
    /** Seconds for so many messages, each in a conversation of its own as far as there are enough. */
    async run(count: number): Promise<number> {
      const beganAt = performance.now()
      const first = sent
      sent += count
      await talk(worker, shape, { first, count })
      await worker.idle()
      return (performance.now() - beganAt) / 1000
    },
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function talk(worker: Worker, shape: Shape, part: { readonly first: number; readonly count: number }) {
  let next = part.first
  const lane = async () => {
    for (let index = next; index < part.first + part.count; index = next) {
      next += 1
      const conversation = (index * 7919) % shape.conversations
      const chat = `chat-${conversation}`
      const channel = { tenant: `tenant-${conversation % shape.tenants}`, channel: 'main' }
      const text = {
        type: 'text',
        id: `m-${index}`,
        chat,
        from: { id: chat },
        text: 'hello',
        sentAtMs: Date.now(),
      } as const
      await worker.receive([text], channel)
    }
  }
  await Promise.all(Array.from({ length: window }, lane))
}

/** Conversations that are there already, as the first message of each leaves them. */
async function fill(url: string, { conversations, tenants }: Shape): Promise<void> {
  if (conversations <= messages) return
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    if (tenants !== 1) throw new Error('Only one tenant is filled.')
    await client.query(
      `SET search_path = wa_agent;
       INSERT INTO channels (tenant, channel) VALUES ('tenant-0', 'main') ON CONFLICT DO NOTHING;
       INSERT INTO conversations (channel, chat) SELECT c.id, 'chat-' || n FROM channels c, generate_series(0, ${conversations - 1}) AS n
         WHERE c.tenant = 'tenant-0' ON CONFLICT DO NOTHING;
       INSERT INTO aliases (channel, id, conversation) SELECT channel, chat, id FROM conversations ON CONFLICT DO NOTHING;`,
    )
    await client.query('VACUUM ANALYZE')
  } finally {
    await client.end()
  }
}

/** An agent whose session is so large, and another one after each message. */
function remembering(sessionKb: number) {
  return defineAgent({
    name: 'remembering',
    description: 'Remembers.',
    intents: { anything: { rules: [/./] } },
    session: z.object({ count: z.number().default(0), notes: z.string().default('') }),
    respond({ session, reply }) {
      session.count += 1
      session.notes = String(session.count % 10).repeat(sessionKb * 1024)
      reply.text('Noted.')
    },
  })
}

function sink(tenant: string): Transport {
  return {
    name: 'sink',
    tenant,
    channel: 'main',
    capabilities: textOnly,
    start: async (host) => host.connection('connected'),
    send: async ({ id }) => ({ status: 'sent', providerId: id }),
    stop: async () => undefined,
  }
}
