import { describe, test } from 'vitest'
import { memoryQueue } from '../../../core/src/memory-queue.ts'
import { virtualClock } from '../virtual-clock.ts'
import { type QueueHarness, queueConformance } from './queue.ts'

async function memoryQueueHarness(): Promise<QueueHarness> {
  const clock = virtualClock()
  const retryBaseMs = 2000
  const queue = memoryQueue({ clock, random: () => 0.5, retry: { maxAttempts: 3, baseMs: retryBaseMs, jitter: 0 } })
  return {
    queue,
    retryBaseMs,
    now: () => clock.now(),
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    dispose: () => queue.close(),
  }
}

describe('memoryQueue', () => {
  for (const { name, run } of queueConformance) test(name, () => run(memoryQueueHarness))
})
