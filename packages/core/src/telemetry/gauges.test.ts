import { afterEach, expect, test, vi } from 'vitest'
import type { QueueStats } from '../queue.ts'
import { watchQueue } from './gauges.ts'
import type { Measuring, Observe } from './measuring.ts'

afterEach(() => void vi.useRealTimers())

/** What a reader of the metrics does. */
function readerOf(stats: () => Promise<QueueStats>): () => Promise<Record<string, number>> {
  let read: Parameters<Measuring['watch']>[1] = () => undefined
  const instruments: Pick<Measuring, 'watch'> = {
    watch(_names, given) {
      read = given
    },
  }
  watchQueue(instruments as Measuring, { stats }, () => 5000)
  return async () => {
    const seen: Record<string, number> = {}
    const observe: Observe = (name, value) => {
      if (value !== undefined) seen[name] = value
    }
    await read(observe)
    return seen
  }
}

test('a queue that does not answer within a second is left out', async () => {
  vi.useFakeTimers()
  const answer = Promise.withResolvers<QueueStats>()
  const reading = readerOf(() => answer.promise)()
  const left = expect(reading).rejects.toThrow('no answer in time')
  await vi.advanceTimersByTimeAsync(1000)
  await left
  answer.resolve({ working: 0, waiting: 3, oldestAtMs: 2000 })
  const { wa_agent_queue_depth, wa_agent_queue_oldest_age_seconds } = await readerOf(() => answer.promise)()
  expect([wa_agent_queue_depth, wa_agent_queue_oldest_age_seconds]).toEqual([3, 3])
})
