import { expect, test } from 'vitest'
import { daysBetween, isTimeZone, localTime, minuteOf, nextAt } from './local-time.ts'

const kolkata = 'Asia/Kolkata'
const berlin = 'Europe/Berlin'

test('tells what the clocks of a place show', () => {
  expect(localTime(Date.UTC(2026, 10, 21, 20, 0), kolkata)).toEqual({ day: '2026-11-22', minute: 90 })
  expect(localTime(Date.UTC(2026, 10, 21, 0, 0), 'UTC')).toEqual({ day: '2026-11-21', minute: 0 })
})

test('finds the next time that the clocks show something, always later', () => {
  const evening = Date.UTC(2026, 10, 21, 15, 30, 12)
  expect(nextAt(evening, 8 * 60, kolkata)).toBe(Date.UTC(2026, 10, 22, 2, 30))
  expect(nextAt(Date.UTC(2026, 10, 21, 8, 0), 8 * 60, 'UTC')).toBe(Date.UTC(2026, 10, 22, 8, 0))
  expect(nextAt(Date.UTC(2026, 10, 21, 7, 59, 59, 999), 8 * 60, 'UTC')).toBe(Date.UTC(2026, 10, 21, 8, 0))
})

test('is right in the nights in which clocks are put forward or back', () => {
  // 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25.
  expect(nextAt(Date.UTC(2026, 2, 28, 21, 0), 8 * 60, berlin)).toBe(Date.UTC(2026, 2, 29, 6, 0))
  expect(nextAt(Date.UTC(2026, 9, 24, 20, 0), 8 * 60, berlin)).toBe(Date.UTC(2026, 9, 25, 7, 0))
  expect(nextAt(Date.UTC(2026, 9, 24, 21, 59), 0, berlin)).toBe(Date.UTC(2026, 9, 24, 22, 0))
  // 02:30 does not exist on the first, and comes twice on the second.
  for (const day of [Date.UTC(2026, 2, 28, 20, 0), Date.UTC(2026, 9, 24, 20, 0)]) {
    const found = nextAt(day, 150, berlin)
    expect(found).toBeGreaterThan(day)
    expect(found - day).toBeLessThan(26 * 3_600_000)
  }
})

test('reads times and counts days', () => {
  expect(minuteOf('08:30')).toBe(510)
  expect([minuteOf('24:00'), minuteOf('8'), minuteOf('08:60'), minuteOf('')]).toEqual(Array(4).fill(undefined))
  expect(daysBetween('2026-02-27', '2026-03-01')).toBe(2)
  expect([isTimeZone(kolkata), isTimeZone('Mars/Olympus')]).toEqual([true, false])
})
