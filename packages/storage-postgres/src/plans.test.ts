import { expect, test } from 'vitest'
import { Plans } from './plans.ts'

test('plans are made anew as often as the tables double, and once a minute', () => {
  const plans = new Plans()
  const connection = {}
  const forgotten = Array.from({ length: 100 }, (_, index) => index + 1).filter(() => plans.areOld(connection, 0))
  expect(forgotten).toEqual([8, 16, 32, 64])
  expect(plans.areOld(connection, 59_000)).toBe(false)
  expect(plans.areOld(connection, 60_000)).toBe(true)
  expect(plans.areOld({}, 60_000)).toBe(false)
})
