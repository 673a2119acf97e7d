// One process of a fleet: an ingest with its webhooks, or a worker, on real Redis and PostgreSQL.
import { createIngest, createPipeline, createWorker, defineAgent } from '@wa-agent/core'
import { bullmqQueue } from '@wa-agent/queue-bullmq'
import { createServer } from '@wa-agent/server'
import { postgresStorage } from '@wa-agent/storage-postgres'
import type { Configuration } from './configuration.ts'
import { providerTransport } from './provider-transport.ts'

const configuration = JSON.parse(process.argv[2] ?? '{}') as Configuration
const { role, provider, databaseUrl, redis, ingestStores, leaseMs, concurrency } = configuration
const { jobAttempts = 10, retryForMs = 15_000 } = configuration

const echo = defineAgent({
  name: 'echo',
  description: 'Says each message again.',
  intents: { anything: { rules: [/./] } },
  respond({ messages, reply }) {
    for (const message of messages) if (message.type === 'text') reply.text(`answer to ${message.text}`)
  },
})

const queue =
  redis &&
  bullmqQueue({
    connection: redis.url,
    prefix: redis.prefix,
    lockMs: 5000,
    retry: { baseMs: 200, maxAttempts: jobAttempts },
  })
const storageOf = () => postgresStorage({ url: databaseUrl, poolSize: 4, retryForMs })
const transports = [providerTransport(provider)]
const limits = { key: false, address: false, channel: false } as const

if (role === 'ingest') {
  const isStored = queue === undefined || ingestStores === true
  const ingest = createIngest({ transports, ...(queue && { queue }), ...(isStored && { storage: storageOf() }) })
  const server = createServer({ ingest, transports, adminKey: false, limits })
  await ingest.start()
  const { port } = await server.start({ port: 0 })
  tell({ port })
  process.once('SIGTERM', async () => {
    await server.stop()
    await ingest.stop()
    await queue?.close()
    process.exit(0)
  })
} else {
  const worker = createWorker({
    transports,
    storage: storageOf(),
    pipeline: createPipeline({ agents: [echo] }),
    leaseMs,
    concurrency,
    sweepMs: 500,
    // A provider that is asked what became of a message answers at once.
    sendRetry: { baseMs: 100 },
    retry: { baseMs: 200, maxAttempts: 20 },
    ...(queue && { queue }),
  })
  await worker.start()
  tell({ port: 0 })
  process.once('SIGTERM', async () => {
    await worker.stop()
    await queue?.close()
    process.exit(0)
  })
}

function tell(about: object): void {
  process.stdout.write(`${JSON.stringify(about)}\n`)
}
