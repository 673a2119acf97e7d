import { describe, expect, test } from 'vitest'
import type { Clock } from '../clock.ts'
import { memoryQueue } from './memory-queue.ts'

const job = (id: string) => ({ id, tenant: 'acme', channel: 'main', data: {} })

/** A clock that goes from timer to timer; core's tests cannot use that of @wa-agent/testing, which depends on core. */
function clockByHand() {
  const timers = new Map<() => void, number>()
  let nowMs = 0
  const clock: Clock = {
    now: () => nowMs,
    after(delayMs, callback) {
      timers.set(callback, nowMs + delayMs)
      return () => timers.delete(callback)
    },
  }
  async function runAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const [next] = [...timers].toSorted(([, one], [, other]) => one - other)
    if (!next) return
    const [callback, dueMs] = next
    timers.delete(callback)
    nowMs = dueMs
    callback()
    await runAll()
  }
  return { clock, timers, runAll }
}

// What every queue promises is tried by the conformance suite in @wa-agent/testing.
describe('memoryQueue', () => {
  test('retries after 2, 4, 8 and 16 seconds, a little shorter or longer as chance says, and then no more', async () => {
    for (const [chance, share] of [
      [0, 0.8],
      [0.5, 1],
      [1, 1.2],
    ] as const) {
      const { clock, runAll } = clockByHand()
      const queue = memoryQueue({ clock, random: () => chance })
      const times: number[] = []
      queue.consume(async () => {
        times.push(clock.now())
        throw new Error('no')
      })
      await queue.publish([job('one')])
      await runAll()
      expect(times).toEqual([0, 2000, 6000, 14_000, 30_000].map((ms) => ms * share))
      expect(await queue.stats()).toEqual({ waiting: 0, working: 0, dead: 1 })
    }
  })

  test('forgets timers of delayed jobs when it is closed', async () => {
    const { clock, timers } = clockByHand()
    const queue = memoryQueue({ clock })
    await queue.publish([job('one')], { delayMs: 1000 })
    expect(await queue.stats()).toEqual({ waiting: 1, working: 0, dead: 0, oldestAtMs: 0 })
    await queue.close()
    expect(timers.size).toBe(0)
  })

  test('hands over 20,000 jobs in order without slowing down', async () => {
    const queue = memoryQueue()
    const ids = Array.from({ length: 20_000 }, (_, index) => String(index))
    await queue.publish(ids.map(job))
    const seen: string[] = []
    const done = new Promise<void>((resolve) => {
      queue.consume(
        async ({ id }) => {
          seen.push(id)
          if (seen.length === ids.length) resolve()
        },
        { concurrency: 1 },
      )
    })
    await done
    expect(seen).toEqual(ids)
  })

  test('says what is wrong with its options', () => {
    expect(() => memoryQueue({ retry: { maxAttempts: 0 } })).toThrow('whole number above 0, got 0')
  })
})
