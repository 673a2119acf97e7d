// #region conformance
import { type QueueHarness, queueConformance, virtualClock } from '@wa-agent/testing'
import { describe, test } from 'vitest'
import { myQueue } from './my-queue.ts'

async function harness(): Promise<QueueHarness> {
  const clock = virtualClock()
  const queue = myQueue(clock)
  return {
    queue,
    retryBaseMs: 2000,
    another: async () => queue, // For a broker: a second object, as another process has it.
    now: () => clock.now(),
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    dispose: () => queue.close(),
  }
}

describe('myQueue', () => {
  for (const { name, run } of queueConformance) test(name, () => run(harness))
})
// #endregion
