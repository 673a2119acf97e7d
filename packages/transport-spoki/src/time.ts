/** What a `Date` can hold. */
const latestMs = 8_640_000_000_000_000

/** Spoki writes times as ISO 8601, as seconds with decimals, and as milliseconds. The first that is one, else `nowMs`. */
export function firstMoment(moments: readonly (string | number | undefined)[], nowMs: number): number {
  for (const moment of moments) {
    const number = Number(moment)
    // A number is never a date by itself: `Date.parse` would take "1" for a year.
    const ms = Number.isNaN(number) ? Date.parse(String(moment)) : number < 100_000_000_000 ? number * 1000 : number
    if (ms > 0 && ms <= latestMs) return Math.round(ms)
  }
  return nowMs
}
