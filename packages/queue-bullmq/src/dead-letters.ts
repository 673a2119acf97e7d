import { type DeadJob, type DeadJobs, type QueueJob, WaAgentError } from '@wa-agent/core'
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
  return {
    async list({ tenant, limit = Number.POSITIVE_INFINITY } = {}) {
      const found = new Map<string, DeadJob>()
      for (let first = 0; found.size < limit; first += pageSize) {
        // The newest first, since they are the ones that `limit` asks for.
        const ids = await redis.zrevrange(failed, first, first + pageSize - 1)
        const jobs = await Promise.all(ids.map((id) => broker.getJob(id)))
        for (const job of jobs) {
          if (found.size < limit && job && isWanted(job, tenant)) found.set(job.id ?? '', deadJobOf(job))
        }
        if (ids.length < pageSize) break
      }
      return [...found.values()].reverse()
    },
    async retry(id) {
      const job = await broker.getJob(id)
      if (!job || (await redis.zscore(failed, id)) === null) throw unknownLetter()
      // How often its workers died is forgotten too.
      await redis.hdel(broker.toKey(id), 'stc')
      await groups.enter([{ id, job: job.data }])
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
      if ((await redis.zrem(failed, id)) === 0) throw unknownLetter()
      await broker.remove(id)
    },
  }
}

function isWanted({ data }: Job<QueueJob>, tenant: string | undefined): boolean {
  return tenant === undefined || data.tenant === tenant
}

function deadJobOf(job: Job<QueueJob>): DeadJob {
  return {
    id: job.id ?? '',
    job: job.data,
    reason: job.failedReason.startsWith('job stalled') ? 'its worker died each time' : job.failedReason,
    attempts: job.attemptsMade,
    atMs: job.finishedOn ?? job.timestamp,
  }
}

function unknownLetter(cause?: unknown): WaAgentError {
  return new WaAgentError('not_found', 'There is no dead letter with this id; list them to see which there are.', {
    cause,
  })
}
