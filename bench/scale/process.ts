// One process of the bench: it takes in, works, or does what BullMQ alone does with the same messages.
import {
  createIngest,
  createPipeline,
  createWorker,
  defineAgent,
  type Transport,
  type TransportHost,
} from '@wa-agent/core'
import { bullmqQueue } from '@wa-agent/queue-bullmq'
import { postgresStorage } from '@wa-agent/storage-postgres'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { textOnly } from '../text-only.ts'
import type { Plan, Told } from './plan.ts'

const plan = JSON.parse(process.argv[2] ?? '{}') as Plan
const { part, messages, conversations, window, databaseUrl, redis } = plan
const tell = (told: Told) => void process.send?.(told)
const tellEveryMs = 20

const parts = { ingest: runIngest, worker: runWorker, 'bare-ingest': runBareIngest, 'bare-worker': runBareWorker }
await parts[part]()
tell({ type: 'ready' })

async function runIngest(): Promise<void> {
  const { transport, host } = sink(() => undefined)
  const ingest = createIngest({
    transports: [transport],
    ...(redis ? { queue: queueOf(redis) } : { storage: storageOf(8) }),
  })
  await ingest.start()
  onGo((index) => host().receive([messageAt(index)]))
}

async function runWorker(): Promise<void> {
  const { transport } = sink(counted())
  const echo = defineAgent({
    name: 'echo',
    description: 'Says it again.',
    intents: { anything: { rules: [/./] } },
    respond: ({ text, reply }) => reply.text(`you said ${text}`),
  })
  const worker = createWorker({
    transports: [transport],
    storage: storageOf(8),
    pipeline: createPipeline({ agents: [echo] }),
    coalesce: { maxMessages: 1 },
    concurrency: 200,
    ...(redis && { queue: queueOf(redis), intake: 200 }),
  })
  await worker.start()
}

/** The same messages through BullMQ, which keeps nothing, orders nothing and does nothing with them. */
async function runBareIngest(): Promise<void> {
  const queue = new Queue('bare', { connection: connectionOf(), prefix: redis?.prefix ?? 'bare' })
  let waiting: { readonly index: number; readonly done: () => void }[] = []
  onGo(
    (index) =>
      new Promise<void>((done) => {
        waiting.push({ index, done })
        if (waiting.length > 1) return
        setImmediate(async () => {
          const batch = waiting
          waiting = []
          await queue.addBulk(
            batch.map((each) => ({ name: 'job', data: messageAt(each.index), opts: { removeOnComplete: true } })),
          )
          for (const each of batch) each.done()
        })
      }),
  )
}

async function runBareWorker(): Promise<void> {
  const count = counted()
  const options = { connection: connectionOf(), prefix: redis?.prefix ?? 'bare', concurrency: 200 }
  new Worker('bare', async () => count(), options)
}

function connectionOf(): Redis {
  return new Redis(redis?.url ?? '', { maxRetriesPerRequest: null })
}

function queueOf({ url, prefix }: NonNullable<Plan['redis']>) {
  return bullmqQueue({ connection: url, prefix })
}

function storageOf(poolSize: number) {
  return postgresStorage({ url: databaseUrl, poolSize })
}

function messageAt(index: number) {
  const chat = `chat-${index % conversations}`
  return {
    type: 'text',
    id: `m-${index}`,
    chat,
    from: { id: chat },
    text: `message ${index}`,
    sentAtMs: Date.now(),
  } as const
}

/** When the parent says so, sends everything, so many at once. */
function onGo(send: (index: number) => Promise<void>): void {
  process.once('message', async () => {
    tell({ type: 'began', atMs: Date.now() })
    let next = 0
    const lane = async () => {
      for (let index = next; index < messages; index = next) {
        next += 1
        await send(index)
      }
    }
    await Promise.all(Array.from({ length: window }, lane))
    tell({ type: 'ended', atMs: Date.now() })
  })
}

/** Counts, and tells now and then. */
function counted(): () => void {
  let count = 0
  let isTelling = false
  return () => {
    count += 1
    if (isTelling) return
    isTelling = true
    setTimeout(() => {
      tell({ type: 'sunk', count, atMs: Date.now() })
      count = 0
      isTelling = false
    }, tellEveryMs)
  }
}

/** A transport that takes everything at once. */
function sink(onSend: () => void): { readonly transport: Transport; readonly host: () => TransportHost } {
  let host: TransportHost | undefined
  const transport: Transport = {
    name: 'sink',
    tenant: 'default',
    channel: 'main',
    capabilities: textOnly,
    async start(given) {
      host = given
      given.connection('connected')
    },
    async send({ id }) {
      onSend()
      return { status: 'sent', providerId: id }
    },
    async stop() {
      host = undefined
    },
  }
  return { transport, host: () => host as TransportHost }
}
