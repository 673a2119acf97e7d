// What an ingest needs in memory: the packages as they are published, the server and the Cloud API, in turn with each that keeps
// its messages, and each with V8's own settings and with those of `smallFlags`. At rest, after a first webhook, and at rest after
// many that came 50 at a time.
//   npm run bench:ingest-memory [-- --webhooks 2000]
// Redis is that of REDIS_URL, PostgreSQL that of DATABASE_URL, else the ones of this machine; Pub/Sub is a stand-in.
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { postgresForTests, redisForTests } from '@wa-agent/testing/servers'
import { startGoogleStandIn } from './ingest-memory/google-stand-in.ts'
import { type Keeper, serve, smallFlags, startIngest } from './ingest-memory/measure.ts'

const { values } = parseArgs({ options: { webhooks: { type: 'string', default: '2000' } } })
const program = fileURLToPath(new URL('./ingest-memory/ingest.mjs', import.meta.url))
const webhooks = Number(values.webhooks)
const restMs = 2000

await using redis = await redisForTests()
await using postgres = await postgresForTests()
await using google = await startGoogleStandIn()

const keepers: Keeper[] = [
  ...(redis ? [{ keeper: 'bullmq', url: redis.url, name: redis.prefix } as const] : []),
  { keeper: 'pubsub', url: google.url, name: 'bench' },
  ...(postgres ? [{ keeper: 'postgres', url: postgres.url, name: 'bench' } as const] : []),
]
const figures: Record<string, unknown> = {}
for (const keeper of keepers) {
  const own = await measure(keeper, [])
  figures[keeper.keeper] = { ...own, small: await measure(keeper, smallFlags) }
}
console.log(JSON.stringify({ bench: 'ingest-memory', node: process.version, webhooks, smallFlags, ...figures }))

async function measure(keeper: Keeper, flags: readonly string[]) {
  await using ingest = await startIngest({ program, keeper, flags })
  await setTimeout(restMs)
  const idleMb = ingest.megabytes()
  await serve(ingest.port, { webhooks: 1, atOnce: 1 })
  await setTimeout(restMs)
  const warmMb = ingest.megabytes()
  await serve(ingest.port, { webhooks, atOnce: 50 })
  await setTimeout(restMs)
  return { idleMb, warmMb, afterMb: ingest.megabytes() }
}
