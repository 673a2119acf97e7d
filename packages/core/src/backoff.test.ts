import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'

test('doubles from 2 s up to the longest pause', () => {
  const pauses = [1, 2, 3, 4, 20].map((attempt) => backoffMs(attempt, {}, () => 0.5))
  expect(pauses).toEqual([2000, 4000, 8000, 16_000, 600_000])
})

test('stays within its jitter, and is a whole number of milliseconds', () => {
  const attempts = fc.integer({ min: 1, max: 1000 })
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(attempts, randoms, (attempt, random) => {
      const pauseMs = backoffMs(attempt, { baseMs: 100, maxMs: 7000, jitter: 0.5 }, () => random)
      const middleMs = Math.min(100 * 2 ** (attempt - 1), 7000)
      expect(Number.isInteger(pauseMs)).toBe(true)
      expect(pauseMs).toBeGreaterThanOrEqual(middleMs * 0.5 - 1)
      expect(pauseMs).toBeLessThanOrEqual(middleMs * 1.5 + 1)
    }),
  )
})
