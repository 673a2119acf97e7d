const dayMs = 86_400_000
let lastNumber = Number.NaN
let lastDay = ''

/** The day that usage is counted on, as `2026-11-21`. Asked for at every claim, so the last answer is kept. */
export function utcDay(nowMs: number): string {
  const number = Math.floor(nowMs / dayMs)
  if (number !== lastNumber) {
    lastNumber = number
    lastDay = new Date(nowMs).toISOString().slice(0, 10)
  }
  return lastDay
}
