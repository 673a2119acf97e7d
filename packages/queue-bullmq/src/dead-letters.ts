import { type DeadJob, type DeadJobs, isQueueJob, type QueueJob, WaAgentError } from '@wa-agent/core'
import type { Queue as Broker, Job } from 'bullmq'
import type { Redis } from 'ioredis'
import type { GroupOrder } from './group-order.ts'

/** So many are read at once. */
const pageSize = 100
/** What BullMQ answers where a job is no longer there, or is no longer a dead letter. */
const goneCodes: readonly unknown[] = [-1, -3]

/** BullMQ's set of failed jobs, as the port shows it. */
export function deadLettersOf(broker: Broker<QueueJob>, redis: Redis, groups: GroupOrder): DeadJobs {
  const failed = broker.toKey('failed')
  const isDead = async (id: unknown) => isId(id) && (await redis.zscore(failed, id)) !== null
  return {
    async list({ tenant, limit = Number.POSITIVE_INFINITY } = {}) {
      const found = new Map<string, DeadJob>()
      for (let first = 0; found.size < limit; first += pageSize) {
        // The newest first, since they are the ones that `limit` asks for.
        const ids = await redis.zrevrange(failed, first, first + pageSize - 1)
        const jobs = await Promise.all(ids.map((id) => broker.getJob(id)))
        for (const letter of jobs.flatMap((job) => (job ? [deadJobOf(job)] : []))) {
          const isWanted = tenant === undefined || letter.job.tenant === tenant
          if (found.size < limit && isWanted) found.set(letter.id, letter)
        }
        if (ids.length < pageSize) break
      }
      return [...found.values()].reverse()
    },
    async retry(id) {
      // What is no dead letter may be another key of the queue, which holds no job.
      const job = (await isDead(id)) ? await broker.getJob(id) : undefined
      if (!job) throw unknownLetter()
      // How often its workers died is forgotten too.
      await redis.hdel(broker.toKey(id), 'stc')
      if (isQueueJob(job.data)) await groups.enter([{ id, job: job.data }])
      try {
        await job.retry('failed', { resetAttemptsMade: true })
      } catch (error) {
        // Somebody else has decided on it meanwhile.
        if (error instanceof Error && 'code' in error && goneCodes.includes(error.code)) throw unknownLetter(error)
        throw error
      }
    },
    async discard(id) {
      // Only one of several that discard or retry it takes it out of the set.
      if (!isId(id) || (await redis.zrem(failed, id)) === 0) throw unknownLetter()
      await broker.remove(id)
    },
  }
}

function deadJobOf(job: Job<unknown>): DeadJob {
  const id = job.id ?? ''
  return {
    id,
    job: isQueueJob(job.data) ? job.data : foreignJob(id, job.data),
    reason: job.failedReason.startsWith('job stalled') ? 'its worker died each time' : job.failedReason,
    attempts: job.attemptsMade,
    atMs: job.finishedOn ?? job.timestamp,
  }
}

function isId(id: unknown): id is string {
  return typeof id === 'string'
}

function unknownLetter(cause?: unknown): WaAgentError {
  return new WaAgentError('not_found', 'There is no dead letter with this id; list them to see which there are.', {
    cause,
  })
}

/** What somebody else put into the queue is shown as it came. */
function foreignJob(id: string, data: unknown): QueueJob {
  const { tenant, channel } = (data ?? {}) as Readonly<Record<string, unknown>>
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  return { id, tenant: text(tenant), channel: text(channel), data }
}
