/** A moment as the clocks of a place show it. */
export interface LocalTime {
  /** As `2026-11-21`. */
  readonly day: string
  /** Since midnight, 0 to 1439. */
  readonly minute: number
}

const minuteMs = 60_000
const dayMinutes = 1440
const formats = new Map<string, Intl.DateTimeFormat>()

/** What the clocks of `timeZone` show at `atMs`. */
export function localTime(atMs: number, timeZone: string): LocalTime {
  const parts = Object.fromEntries(
    formatFor(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  )
  const { year, month, day, hour, minute } = parts
  return { day: `${year}-${month}-${day}`, minute: Number(hour) * 60 + Number(minute) }
}

/** The next moment after `atMs` at which the clocks of `timeZone` show `minute`; where they skip it, the one after. */
export function nextAt(atMs: number, minute: number, timeZone: string): number {
  const now = localTime(atMs, timeZone)
  const wholeMinuteMs = Math.floor(atMs / minuteMs) * minuteMs
  const ahead = (minute - now.minute + dayMinutes) % dayMinutes || dayMinutes
  const guessMs = wholeMinuteMs + ahead * minuteMs
  // Clocks that were put forward or back in between show something else by then.
  const off = localTime(guessMs, timeZone).minute - minute
  const nearest = off > dayMinutes / 2 ? off - dayMinutes : off < -dayMinutes / 2 ? off + dayMinutes : off
  const correctedMs = guessMs - nearest * minuteMs
  return correctedMs > atMs ? correctedMs : guessMs
}

/** Days from one `2026-11-21` to another. */
export function daysBetween(first: string, last: string): number {
  return Math.round((Date.parse(last) - Date.parse(first)) / (dayMinutes * minuteMs))
}

/** `08:30` as 510; `undefined` for what is no time. */
export function minuteOf(time: string): number | undefined {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(time)
  return match ? Number(match[1]) * 60 + Number(match[2]) : undefined
}

export function isTimeZone(timeZone: string): boolean {
  try {
    formatFor(timeZone)
    return true
  } catch {
    return false
  }
}

function formatFor(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  formats.set(timeZone, made)
  return made
}
