import { expect, test } from 'vitest'
import { timeOrderedId } from './time-ordered-id.ts'

test('makes UUIDs of version 7 that sort by time and never repeat, also when the clock goes back', () => {
  const start = Date.UTC(2026, 0, 1)
  const ids = Array.from({ length: 20_000 }, (_, index) =>
    timeOrderedId(start + Math.floor(index / 6000) - (index % 7 === 0 ? 50 : 0)),
  )
  expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.toSorted()).toEqual(ids)
})
