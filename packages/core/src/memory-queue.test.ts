import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { memoryQueue } from './memory-queue.ts'

const job = (id: string) => ({ id, tenant: 'acme', channel: 'main', data: {} })

// What every queue promises is tried by the conformance suite in @wa-agent/testing.
describe('memoryQueue', () => {
  test('retries after 2, 4, 8 and 16 seconds, a little shorter or longer as chance says, and then no more', async () => {
    for (const [chance, share] of [
      [0, 0.8],
      [0.5, 1],
      [1, 1.2],
    ] as const) {
      const clock = virtualClock({ startMs: 0 })
      const queue = memoryQueue({ clock, random: () => chance })
      const times: number[] = []
      queue.consume(async () => {
        times.push(clock.now())
        throw new Error('no')
      })
      await queue.publish([job('one')])
      await clock.runUntil('idle')
      expect(times).toEqual([0, 2000, 6000, 14_000, 30_000].map((ms) => ms * share))
      expect(await queue.stats()).toEqual({ waiting: 0, working: 0, dead: 1 })
    }
  })

  test('forgets timers of delayed jobs when it is closed', async () => {
    const clock = virtualClock()
    const queue = memoryQueue({ clock })
    await queue.publish([job('one')], { delayMs: 1000 })
    expect(await queue.stats()).toEqual({ waiting: 1, working: 0, dead: 0, oldestAtMs: clock.now() })
    await queue.close()
    expect(clock.timers).toBe(0)
  })

  test('hands over 50,000 jobs in order without slowing down', async () => {
    const queue = memoryQueue()
    const ids = Array.from({ length: 50_000 }, (_, index) => String(index))
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
