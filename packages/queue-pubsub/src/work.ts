import { describeError, isStorageAway, type JobHandler, jobFieldsOf, type QueueJob } from '@wa-agent/core'
import type { DeadLetterBox } from './dead-letters.ts'
import type { Delivery } from './delivery.ts'
import type { Failures } from './failures.ts'
import { jobOf } from './message.ts'
import type { Settings } from './options.ts'

/** How a delivery ended: Pub/Sub may forget it, it comes again, or it comes again when the storage is back. */
export type Ending = 'over' | 'failed' | 'away'

/** What handles deliveries for all consumers of a queue. */
export interface Work {
  /** Runs the handler. Never rejects. */
  run(delivery: Delivery, handler: JobHandler, signal: AbortSignal): Promise<Ending>
}

interface Failure {
  readonly attempt: number
  readonly error: unknown
}

export function createWork({ logger, retry }: Settings, failures: Failures, dead: DeadLetterBox): Work {
  /** Told once, not for each job that waits. */
  let isAway = false

  /** A job that cannot be buried comes back, and is buried then. */
  const bury = async (delivery: Delivery, attempts: number, reason: string): Promise<Ending> => {
    try {
      await dead.bury(delivery, attempts, reason)
      failures.forget(delivery.messageId)
      return 'over'
    } catch (error) {
      logger.error({ messageId: delivery.messageId, error: describeError(error) }, 'no dead letter could be made')
      return 'failed'
    }
  }

  const away = (messageId: string, error: unknown): Ending => {
    failures.away(messageId)
    if (!isAway) logger.warn({ reason: describeError(error) }, 'the storage is away: jobs wait until it is back')
    isAway = true
    return 'away'
  }

  const done = (messageId: string): Ending => {
    failures.forget(messageId)
    if (isAway) logger.info({}, 'the storage is back: jobs are done again')
    isAway = false
    return 'over'
  }

  const failed = async (delivery: Delivery, job: QueueJob, { attempt, error }: Failure): Promise<Ending> => {
    const reason = describeError(error)
    const fields = { ...jobFieldsOf(job), attempt, reason }
    if (attempt < retry.maxAttempts) logger.info(fields, 'a job failed and comes back')
    else logger.warn(fields, 'a job failed for good')
    failures.failed(delivery.messageId, attempt)
    return attempt < retry.maxAttempts ? 'failed' : bury(delivery, attempt, reason)
  }

  return {
    async run(delivery, handler, signal) {
      const { messageId, data, counted } = delivery
      const attempt = failures.attemptOf(messageId, counted)
      const job = jobOf(data)
      if (!job) return bury(delivery, attempt, 'not a job of wa-agent')
      try {
        await handler(job, { attempt, signal })
      } catch (error) {
        return isStorageAway(error) ? away(messageId, error) : failed(delivery, job, { attempt, error })
      }
      return done(messageId)
    },
  }
}
