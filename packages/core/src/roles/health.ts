import { type Clock, waitFor } from '../clock.ts'
import { isWaAgentError } from '../errors.ts'
import type { Queue } from '../queue.ts'
import type { Storage } from '../storage.ts'
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
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Answer> {
  const answered = new AbortController()
  const late = waitFor(clock, timeoutMs, answered.signal).then(() => 'away' as const)
  try {
    const answer = Promise.resolve()
      .then(ask)
      .then(
        () => 'ok' as const,
        (error: unknown) => (isClosed(error) ? ('closed' as const) : ('away' as const)),
      )
    return await Promise.race([answer, late])
  } finally {
    answered.abort()
  }
}

function isClosed(error: unknown): boolean {
  return isWaAgentError(error) && (error.code === 'storage_closed' || error.code === 'queue_closed')
}
