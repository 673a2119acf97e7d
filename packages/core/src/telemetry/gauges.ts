import { systemClock } from '../clock.ts'
import type { Queue } from '../queue.ts'
import type { StorageStats } from '../storage.ts'
import { withinTime } from '../within-time.ts'
import type { Measuring } from './measuring.ts'

/** What a bot tells when it is asked. */
export interface BotStats extends StorageStats {
  readonly working: number
  readonly parked: number
}

/** Asks the bot how much is waiting whenever the metrics are read. */
export function watchBot(
  instruments: Measuring,
  bot: { readonly stats: () => Promise<BotStats>; readonly now: () => number },
): void {
  instruments.watch(
    [
      'wa_agent_pending_messages',
      'wa_agent_pending_replies',
      'wa_agent_dead_letters',
      'wa_agent_pending_oldest_age_seconds',
      'wa_agent_conversations',
      'wa_agent_conversations_working',
      'wa_agent_conversations_parked',
    ],
    async (observe) => {
      const stats = await bot.stats()
      observe('wa_agent_pending_messages', stats.pendingMessages)
      observe('wa_agent_pending_replies', stats.pendingReplies)
      observe('wa_agent_dead_letters', stats.deadLetters)
      observe('wa_agent_pending_oldest_age_seconds', ageSeconds(stats.oldestPendingAtMs, bot.now()))
      observe('wa_agent_conversations', stats.conversations)
      observe('wa_agent_conversations_working', stats.working)
      observe('wa_agent_conversations_parked', stats.parked)
    },
  )
}

/** A broker that is there answers at once. One that is away must not make whoever reads the metrics wait for all the rest. */
const queueLimit = {
  clock: systemClock,
  timeoutMs: 1000,
  signal: undefined,
  timeoutError: () => new Error('no answer in time'),
}

/** Asks the queue how much is in it whenever the metrics are read. What its broker cannot tell, or not soon, is left out. */
export function watchQueue(instruments: Measuring, queue: Pick<Queue, 'stats'>, now: () => number): void {
  instruments.watch(
    [
      'wa_agent_queue_depth',
      'wa_agent_queue_working',
      'wa_agent_queue_dead_letters',
      'wa_agent_queue_oldest_age_seconds',
    ],
    async (observe) => {
      const { waiting, working, dead, oldestAtMs } = await withinTime(() => queue.stats(), queueLimit)
      observe('wa_agent_queue_depth', waiting)
      observe('wa_agent_queue_working', working)
      observe('wa_agent_queue_dead_letters', dead)
      const isKnown = oldestAtMs !== undefined || waiting === 0
      if (isKnown) observe('wa_agent_queue_oldest_age_seconds', ageSeconds(oldestAtMs, now()))
    },
  )
}

function ageSeconds(sinceMs: number | undefined, nowMs: number): number {
  return sinceMs === undefined ? 0 : Math.max(nowMs - sinceMs, 0) / 1000
}
