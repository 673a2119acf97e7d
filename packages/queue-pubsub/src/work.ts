import { describeError, type JobHandler, tagOf } from '@wa-agent/core'
import type { DeadLetterBox } from './dead-letters.ts'
import type { Delivery } from './delivery.ts'
import type { Failures } from './failures.ts'
import { jobOf } from './message.ts'
import type { Settings } from './options.ts'

/** What handles deliveries for all consumers of a queue. */
export interface Work {
  /** Runs the handler. Resolves to whether Pub/Sub may forget the message; never rejects. */
  run(delivery: Delivery, handler: JobHandler, signal: AbortSignal): Promise<boolean>
}

export function createWork({ logger, retry }: Settings, failures: Failures, dead: DeadLetterBox): Work {
  /** A job that cannot be buried comes back, and is buried then. */
  const bury = async (delivery: Delivery, attempts: number, reason: string): Promise<boolean> => {
    try {
      await dead.bury(delivery, attempts, reason)
      failures.forget(delivery.messageId)
      return true
    } catch (error) {
      logger.error({ messageId: delivery.messageId, error: describeError(error) }, 'no dead letter could be made')
      return false
    }
  }

  return {
    async run(delivery, handler, signal) {
      const { messageId, data, counted } = delivery
      const attempt = failures.attemptOf(messageId, counted)
      const job = jobOf(data)
      if (!job) return bury(delivery, attempt, 'not a job of wa-agent')
      try {
        await handler(job, { attempt, signal })
        failures.forget(messageId)
        return true
      } catch (error) {
        const reason = describeError(error)
        const { tenant, channel, id, trace } = job
        const traceId = trace?.['traceparent']?.split('-')[1]
        // An id may hold a phone number.
        const fields = { tenant, channel, job: tagOf(id), ...(traceId && { traceId }), attempt, reason }
        if (attempt < retry.maxAttempts) logger.info(fields, 'a job failed and comes back')
        else logger.warn(fields, 'a job failed for good')
        failures.failed(messageId, attempt)
        return attempt < retry.maxAttempts ? false : bury(delivery, attempt, reason)
      }
    },
  }
}
