import type { Clock } from '../clock.ts'
import { isWaAgentError } from '../errors.ts'
import type { Queue } from '../queue.ts'
import type { Storage } from '../storage.ts'
import { withinTime } from '../within-time.ts'
import { fleetKey, pausedRecord } from './fleet-records.ts'

/** What a process needs and whether it answers. What it does not need is absent. */
export interface Health {
  readonly queue?: Answer
  readonly storage?: Answer
}

type Answer = 'ok' | 'away' | 'closed'

/** Asks both at once, each for at most `timeoutMs`. Never rejects. */
export async function healthOf(
  { queue, storage }: { readonly queue?: Queue | undefined; readonly storage?: Storage | undefined },
  limit: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Health> {
  const [ofQueue, ofStorage] = await Promise.all([
    queue && answers(() => queue.stats(), limit),
    // Not its figures: to count them may take as long as there are conversations.
    storage && answers(() => storage.records.get(fleetKey, pausedRecord), limit),
  ])
  return { ...(ofQueue && { queue: ofQueue }), ...(ofStorage && { storage: ofStorage }) }
}

async function answers(
  ask: () => Promise<unknown>,
  limit: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Answer> {
  try {
    await withinTime(ask, { ...limit, signal: undefined, timeoutError: () => new Error('no answer in time') })
    return 'ok'
  } catch (error) {
    return isClosed(error) ? 'closed' : 'away'
  }
}

function isClosed(error: unknown): boolean {
  return isWaAgentError(error) && (error.code === 'storage_closed' || error.code === 'queue_closed')
}
