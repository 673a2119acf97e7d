// What bullmqQueue costs beside bare BullMQ, in turn and each in a process of its own: publishing in batches of 100, taking
// 50 at a time with an empty handler, and one job's way through while nothing else is there. Both use the same Redis
// (REDIS_URL, or the one on the standard local port) and the same settings.
//   node --conditions=@wa-agent/source bench/queue-bullmq.ts [--jobs 20000] [--rounds 5]
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { QueueJob } from '@wa-agent/core'
import { bullmqQueue } from '@wa-agent/queue-bullmq'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'

interface Figures {
  readonly publishedPerSecond: number
  readonly takenPerSecond: number
  readonly cpuMicrosPerJob: number
  readonly roundTripMs: number
}

/** A way to carry jobs, as far as it is measured. */
interface Way {
  publish(jobs: readonly QueueJob[]): Promise<unknown>
  consume(handler: () => Promise<void>, concurrency: number): { stop(): Promise<unknown> }
  close(): Promise<unknown>
}

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'
const prefix = 'bench'
const batch = 100
const concurrency = 50
const roundTrips = 500
const warmUp = 5000

const { values } = parseArgs({
  options: {
    way: { type: 'string' },
    jobs: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
  },
})
const jobs = Number(values.jobs)
const ways: Readonly<Record<string, (name: string) => Way>> = { bare: bareBullmq, adapter }

if (values.way) {
  console.log(JSON.stringify(await measure(ways[values.way] ?? bareBullmq)))
} else {
  const bare: Figures[] = []
  const ours: Figures[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    bare.push(inProcess('bare'))
    ours.push(inProcess('adapter'))
  }
  const result = { bare: median(bare), adapter: median(ours) }
  const overhead = (pick: (figures: Figures) => number) =>
    Number((pick(result.bare) / pick(result.adapter) - 1).toFixed(3))
  console.log(
    JSON.stringify({
      bench: 'queue-bullmq',
      jobs,
      ...result,
      publishOverhead: overhead((figures) => figures.publishedPerSecond),
      takeOverhead: overhead((figures) => figures.takenPerSecond),
      cpuOverhead: Number((result.adapter.cpuMicrosPerJob / result.bare.cpuMicrosPerJob - 1).toFixed(3)),
    }),
  )
}

function bareBullmq(name: string): Way {
  // As in the adapter, who publishes has a connection of its own: it is usually another process.
  const publishing = new Redis(url)
  const connection = new Redis(url, { maxRetriesPerRequest: null })
  const queue = new Queue(name, { connection: publishing, prefix })
  return {
    publish: (all) => queue.addBulk(all.map((data) => ({ name: 'job', data }))),
    consume(handler, most) {
      const options = { connection, prefix, concurrency: most, removeOnComplete: { count: 0 } }
      const worker = new Worker(name, handler, options)
      return { stop: () => worker.close() }
    },
    async close() {
      await queue.obliterate({ force: true })
      await queue.close()
      connection.disconnect()
      publishing.disconnect()
    },
  }
}

function adapter(name: string): Way {
  const queue = bullmqQueue({ connection: url, name, prefix })
  return {
    publish: (all) => queue.publish(all),
    consume: (handler, most) => queue.consume(handler, { concurrency: most }),
    async close() {
      await queue.broker.obliterate({ force: true })
      await queue.close()
    },
  }
}

async function measure(make: (name: string) => Way): Promise<Figures> {
  const way = make(`bench-${randomUUID()}`)
  await throughput(way, warmUp)
  const figures = await throughput(way, jobs)
  const roundTripMs = await oneByOne(way)
  await way.close()
  return { ...figures, roundTripMs }
}

async function throughput(way: Way, count: number): Promise<Omit<Figures, 'roundTripMs'>> {
  const cpu = process.cpuUsage()
  const publishedAt = performance.now()
  for (let sent = 0; sent < count; sent += batch) {
    await way.publish(Array.from({ length: batch }, (_, index) => jobOf(sent + index)))
  }
  const takenAt = performance.now()
  const done = Promise.withResolvers<void>()
  let taken = 0
  const consumer = way.consume(async () => {
    taken += 1
    if (taken === count) done.resolve()
  }, concurrency)
  await done.promise
  const endedAt = performance.now()
  const { user, system } = process.cpuUsage(cpu)
  await consumer.stop()
  return {
    publishedPerSecond: Math.round((count / (takenAt - publishedAt)) * 1000),
    takenPerSecond: Math.round((count / (endedAt - takenAt)) * 1000),
    cpuMicrosPerJob: Math.round((user + system) / count),
  }
}

/** From `publish` to the handler, one job after the other: the median. */
async function oneByOne(way: Way): Promise<number> {
  let arrived = Promise.withResolvers<void>()
  const consumer = way.consume(async () => arrived.resolve(), concurrency)
  const times: number[] = []
  for (let index = 0; index < roundTrips; index += 1) {
    arrived = Promise.withResolvers<void>()
    const from = performance.now()
    await way.publish([jobOf(index)])
    await arrived.promise
    times.push(performance.now() - from)
  }
  await consumer.stop()
  return Number((times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0).toFixed(3))
}

/** As large as a webhook of one message. */
function jobOf(index: number): QueueJob {
  const data = { type: 'messages', text: 'I want to order ten boxes, please. '.repeat(12) }
  return { id: `acme/main/${index}`, tenant: 'acme', channel: 'main', data }
}

function inProcess(way: string): Figures {
  const parameters = [...process.execArgv, fileURLToPath(import.meta.url), '--way', way, '--jobs', String(jobs)]
  const output = execFileSync(process.execPath, parameters, { encoding: 'utf8' })
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Figures
}

function median(all: readonly Figures[]): Figures {
  const middle = (pick: (figures: Figures) => number) =>
    all.map(pick).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
  return {
    publishedPerSecond: middle((figures) => figures.publishedPerSecond),
    takenPerSecond: middle((figures) => figures.takenPerSecond),
    cpuMicrosPerJob: middle((figures) => figures.cpuMicrosPerJob),
    roundTripMs: middle((figures) => figures.roundTripMs),
  }
}
