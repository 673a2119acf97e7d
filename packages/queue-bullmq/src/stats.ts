import type { QueueJob, QueueStats } from '@wa-agent/core'
import type { Queue as Broker } from 'bullmq'
import type { Redis } from 'ioredis'
import { priorities, scoresOf } from './priority.ts'

/** Of those that wait for their time, so many are looked at for the oldest. */
const delayedLookedAt = 1000

/** What BullMQ can tell of the whole queue. */
export async function statsOf(broker: Broker<QueueJob>, redis: Redis): Promise<Omit<QueueStats, 'working'>> {
  const [counts, candidates] = await Promise.all([
    broker.getJobCounts('waiting', 'prioritized', 'delayed', 'failed'),
    firstOnes(broker, redis),
  ])
  const { waiting = 0, prioritized = 0, delayed = 0, failed = 0 } = counts
  const times = await Promise.all(candidates.map((id) => redis.hget(broker.toKey(id), 'timestamp')))
  // One may have been taken between the two questions.
  const oldestAtMs = Math.min(...times.filter((time) => time !== null).map(Number))
  return {
    waiting: waiting + prioritized + delayed,
    dead: failed,
    ...(Number.isFinite(oldestAtMs) ? { oldestAtMs } : {}),
  }
}

/** The jobs among which the oldest is: the first of each line, and the lowest number among the delayed ones. */
async function firstOnes(broker: Broker<QueueJob>, redis: Redis): Promise<readonly string[]> {
  const prioritized = broker.toKey('prioritized')
  const [delayed, ...lines] = await Promise.all([
    redis.zrange(broker.toKey('delayed'), 0, String(delayedLookedAt - 1)),
    // Here are only those that came back from a worker that died.
    redis.lrange(broker.toKey('wait'), -1, -1),
    ...Object.values(priorities).map((priority) => {
      const [from, below] = scoresOf(priority)
      return redis.zrangebyscore(prioritized, from, below, 'LIMIT', 0, 1)
    }),
  ])
  const oldestDelayed = [delayed.filter(isGrouped), delayed.filter((id) => !isGrouped(id))].flatMap((ids) =>
    ids.toSorted((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10)).slice(0, 1),
  )
  return [...oldestDelayed, ...lines.flat()]
}

/** BullMQ numbers its jobs in the order of publishing; those of a group have ids that begin with the time. */
const isGrouped = (id: string) => id.includes('-')
