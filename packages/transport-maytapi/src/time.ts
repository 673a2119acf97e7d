/** What a `Date` can hold. */
const latestMs = 8_640_000_000_000_000

/** Maytapi counts in seconds; what is too large for that is milliseconds already. */
export function millisecondsOf(time: number | undefined): number | undefined {
  if (time === undefined || !(time > 0 && time <= latestMs)) return undefined
  return Math.round(time < 100_000_000_000 ? time * 1000 : time)
}
