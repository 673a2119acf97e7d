// Messages a second from an ingest to a sink, through Redis and PostgreSQL and through PostgreSQL alone, with 1, 2 and 4 workers,
// beside BullMQ alone with the same messages. Each process is one of its own; Redis and PostgreSQL are those of the machine.
//   npm run bench:scale [-- --rounds 3 --messages 10000 --conversations 500]
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { postgresForTests, redisForTests } from '@wa-agent/testing/servers'
import type { Plan, Told } from './scale/plan.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    messages: { type: 'string', default: '10000' },
    conversations: { type: 'string', default: '500' },
    window: { type: 'string', default: '500' },
    workers: { type: 'string', default: '1,2,4' },
  },
})
const rounds = Number(values.rounds)
const workerCounts = values.workers.split(',').map(Number)
const program = fileURLToPath(new URL('scale/process.ts', import.meta.url))

type Way = 'bareBullmq' | 'bullmqPostgres' | 'postgres'
const figures: Record<Way, Record<number, number[]>> = { bareBullmq: {}, bullmqPostgres: {}, postgres: {} }
for (let round = 1; round <= rounds; round += 1) {
  for (const count of workerCounts) {
    for (const way of ['bareBullmq', 'bullmqPostgres', 'postgres'] as const) {
      const perSecond = await measure(way, count)
      const of = figures[way]
      of[count] = [...(of[count] ?? []), perSecond]
      console.error(`round ${round}, ${count} workers, ${way}: ${perSecond}/s`)
    }
  }
}
const medians = (of: Record<number, number[]>) =>
  Object.fromEntries(Object.entries(of).map(([count, all]) => [count, all.toSorted((a, b) => a - b)[all.length >> 1]]))
console.log(
  JSON.stringify({
    messagesPerSecond: {
      bullmqPostgres: medians(figures.bullmqPostgres),
      postgres: medians(figures.postgres),
      bareBullmq: medians(figures.bareBullmq),
    },
    messages: Number(values.messages),
    conversations: Number(values.conversations),
    rounds,
  }),
)

/** Messages a second from the first that is taken in to the last that has come out. */
async function measure(way: Way, workers: number): Promise<number> {
  await using database = await postgresForTests()
  await using redis = await redisForTests()
  if (!database || !redis) throw new Error('PostgreSQL and Redis are needed.')
  const isBare = way === 'bareBullmq'
  const plan: Omit<Plan, 'part'> = {
    messages: Number(values.messages),
    conversations: Number(values.conversations),
    window: Number(values.window),
    databaseUrl: database.url,
    ...(way === 'postgres' ? {} : { redis: { url: redis.url, prefix: redis.prefix } }),
  }
  const children: ChildProcess[] = []
  const start = async (part: Plan['part']) => {
    const child = begin({ ...plan, part })
    children.push(child)
    await ready(child)
    return child
  }
  try {
    const ingest = await start(isBare ? 'bare-ingest' : 'ingest')
    await Promise.all(Array.from({ length: workers }, () => start(isBare ? 'bare-worker' : 'worker')))
    const ended = allSunk(children, plan.messages)
    const began = told(ingest, 'began')
    ingest.send('go')
    const [{ atMs: beganMs }, endedMs] = await Promise.all([began, ended])
    return Math.round((plan.messages / (endedMs - beganMs)) * 1000)
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')))
  }
}

function begin(plan: Plan): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, program, JSON.stringify(plan)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

async function ready(child: ChildProcess): Promise<void> {
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`a process of the bench ended with ${code}`)
  })
  failed.catch(() => undefined)
  await Promise.race([told(child, 'ready'), failed])
}

function told<Type extends Told['type']>(child: ChildProcess, type: Type): Promise<Extract<Told, { type: Type }>> {
  return new Promise((resolve) => {
    const listen = (message: Told) => {
      if (message.type !== type) return
      child.off('message', listen)
      resolve(message as Extract<Told, { type: Type }>)
    }
    child.on('message', listen)
  })
}

/** When the last message came out. */
function allSunk(children: readonly ChildProcess[], messages: number): Promise<number> {
  let count = 0
  return new Promise((resolve) => {
    for (const child of children) {
      child.on('message', (message: Told) => {
        if (message.type !== 'sunk') return
        count += message.count
        if (count >= messages) resolve(message.atMs)
      })
    }
  })
}
