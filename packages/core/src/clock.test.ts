import { describe, expect, test } from 'vitest'
import { type Clock, systemClock, waitFor } from './clock.ts'

/** A clock that never goes on by itself. */
function stoppedClock() {
  const waiting = new Set<() => void>()
  const clock: Clock = {
    now: () => 0,
    after(_, callback) {
      waiting.add(callback)
      return () => waiting.delete(callback)
    },
  }
  return { clock, waiting }
}

test('the system clock calls back, and never where it was cancelled', async () => {
  const called: string[] = []
  await new Promise<void>((resolve) => {
    systemClock.after(-5, () => called.push('at once'))()
    systemClock.after(0, () => {
      called.push('later')
      resolve()
    })
  })
  expect(called).toEqual(['later'])
})

test('a delay longer than a timer can count does not come early and can be cancelled', async () => {
  let called = false
  const cancel = systemClock.after(2 ** 31 + 5, () => {
    called = true
  })
  await new Promise<void>((resolve) => systemClock.after(2, resolve))
  cancel()
  expect(called).toBe(false)
})

describe('waiting', () => {
  test('ends with the time', async () => {
    const { clock, waiting } = stoppedClock()
    const done = waitFor(clock, 1000)
    for (const callback of waiting) callback()
    await done
    expect(waiting.size).toBe(0)
  })

  test('ends when it is aborted, and leaves no timer behind', async () => {
    const { clock, waiting } = stoppedClock()
    const controller = new AbortController()
    const done = waitFor(clock, 1000, controller.signal)
    controller.abort()
    await done
    expect(waiting.size).toBe(0)
    await waitFor(clock, 1000, controller.signal)
    expect(waiting.size).toBe(0)
  })
})
