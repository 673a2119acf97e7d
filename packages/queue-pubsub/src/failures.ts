import { backoffMs, storageAwayMs } from '@wa-agent/core'
import type { Settings } from './options.ts'

/** What this process remembers of messages that were not done. */
export interface Failures {
  /** Which attempt a delivery is. `counted` is Pub/Sub's own number, which it gives where there is a dead letter policy. */
  attemptOf(messageId: string, counted: number | undefined): number
  /** How long a message that came back is still to wait: Pub/Sub's backoff may be shorter than asked for. */
  earlyMs(messageId: string): number
  /** Its handler threw. */
  failed(messageId: string, attempt: number): void
  /** The storage of its handler is away: that was no attempt, and it comes again soon. */
  away(messageId: string): void
  /** Nobody had time for it: Pub/Sub counts that as a delivery, but it was no attempt. */
  refused(messageId: string): void
  forget(messageId: string): void
}

interface Memory {
  readonly attempts: number
  readonly refusals: number
  readonly dueMs: number
}

const nothing: Memory = { attempts: 0, refusals: 0, dueMs: 0 }
/** The oldest are forgotten. What is forgotten may come early, or be tried once more or less. */
const mostRemembered = 10_000

export function createFailures({ clock, random, retry }: Settings): Failures {
  const memories = new Map<string, Memory>()
  const remember = (messageId: string, change: Partial<Memory>) => {
    const memory = { ...(memories.get(messageId) ?? nothing), ...change }
    memories.delete(messageId)
    memories.set(messageId, memory)
    const [oldest] = memories.keys()
    if (memories.size > mostRemembered && oldest !== undefined) memories.delete(oldest)
  }
  const recall = (messageId: string) => memories.get(messageId) ?? nothing
  return {
    attemptOf(messageId, counted) {
      const { attempts, refusals } = recall(messageId)
      // Other processes' failures are in Pub/Sub's number alone, this one's refusals are known here alone.
      return Math.max(attempts + 1, (counted ?? 0) - refusals)
    },
    earlyMs: (messageId) => Math.max(0, recall(messageId).dueMs - clock.now()),
    failed: (messageId, attempt) =>
      remember(messageId, { attempts: attempt, dueMs: clock.now() + backoffMs(attempt, retry, random) }),
    away: (messageId) => remember(messageId, { dueMs: clock.now() + storageAwayMs(retry, random) }),
    refused: (messageId) => remember(messageId, { refusals: recall(messageId).refusals + 1 }),
    forget: (messageId) => void memories.delete(messageId),
  }
}
