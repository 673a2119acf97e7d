import type { Clock } from '@wa-agent/core'
import { settleTasks } from './settle-tasks.ts'

/** How a virtual clock is made. */
export interface VirtualClockOptions {
  /** What it shows first, in milliseconds since 1970. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number
  /**
   * How long in real milliseconds running tasks may keep busy before time moves on without them. Default 1,000; only
   * work that never ends, or a slow disk, ever reaches it.
   */
  readonly patienceMs?: number
}

/** How far `runUntil` and `finish` may go. */
export interface VirtualClockLimit {
  /** Virtual milliseconds after which they give up. Default 86,400,000 (a day). */
  readonly limitMs?: number
}

/**
 * Time that only moves when a test says so. Timers fire in the order in which they are due, those of one instant in the
 * order in which they were set; before each of them everything that runs already (promises, `setImmediate`, files) comes
 * to rest. Sockets are not seen: wait for them with `finish` of a promise that needs no timer, or with the real clock.
 */
export interface VirtualClock extends Clock {
  /** How many timers are set. */
  readonly timers: number
  /** Lets everything that runs come to rest without moving time. */
  settle(): Promise<void>
  /** Moves time on by `ms` and fires what is due until then. Ends at rest. */
  advance(ms: number): Promise<void>
  /**
   * Moves from timer to timer until `condition` is true, or until no timer is set (`'idle'`). Rejects where that does not
   * happen within `limitMs`, and at once where no timer is left that could make it happen.
   */
  runUntil(condition: 'idle' | (() => boolean | Promise<boolean>), limit?: VirtualClockLimit): Promise<void>
  /** Moves from timer to timer until `work` has ended, and gives its outcome. Rejects like `runUntil`. */
  finish<Value>(work: Promise<Value>, limit?: VirtualClockLimit): Promise<Value>
  /** Sets the clock forward or (negative) back, as NTP or a person does. No timer fires: each still waits as long as before. */
  jump(ms: number): void
}

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

const dayMs = 86_400_000

/** Makes a clock for tests: nothing in them sleeps, and what happens is the same every time. */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const { startMs = Date.UTC(2026, 0, 1), patienceMs = 1000 } = options
  // Insertion order decides between timers of one instant, so the set is searched for the first of the smallest.
  const timers = new Set<Timer>()
  let elapsedMs = 0
  let offsetMs = startMs

  const settle = () => settleTasks(patienceMs)

  function nextTimer(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of timers) if (!next || timer.dueMs < next.dueMs) next = timer
    return next
  }

  /** Fires the next timer that is due by `untilMs` of elapsed time; false where there is none. */
  async function step(untilMs: number): Promise<boolean> {
    const timer = nextTimer()
    if (!timer || timer.dueMs > untilMs) return false
    timers.delete(timer)
    elapsedMs = Math.max(elapsedMs, timer.dueMs)
    timer.callback()
    await settle()
    return true
  }

  async function runUntil(condition: () => boolean | Promise<boolean>, limit: VirtualClockLimit = {}): Promise<void> {
    const { limitMs = dayMs } = limit
    const untilMs = elapsedMs + limitMs
    await settle()
    while (!(await condition())) {
      if (await step(untilMs)) continue
      // A promise that hangs on a socket may still come: give real I/O its time before giving up.
      if (timers.size === 0 && (await comesByItself(condition, patienceMs))) return
      throw new Error(
        timers.size === 0
          ? 'The virtual clock has no timer left, and what was waited for has not happened.'
          : `What was waited for has not happened within ${limitMs} virtual milliseconds.`,
      )
    }
  }

  return {
    now: () => elapsedMs + offsetMs,
    after(delayMs, callback) {
      const timer: Timer = { dueMs: elapsedMs + Math.max(delayMs, 0), callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    get timers() {
      return timers.size
    },
    settle,
    async advance(ms) {
      const untilMs = elapsedMs + ms
      await settle()
      while (await step(untilMs));
      elapsedMs = Math.max(elapsedMs, untilMs)
    },
    runUntil: (condition, limit) => runUntil(condition === 'idle' ? () => timers.size === 0 : condition, limit),
    async finish(work, limit) {
      let ended = false
      const end = () => {
        ended = true
      }
      work.then(end, end)
      await runUntil(() => ended, limit)
      return work
    },
    jump(ms) {
      offsetMs += ms
    },
  }
}

async function comesByItself(condition: () => boolean | Promise<boolean>, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline) {
    if (await condition()) return true
    await new Promise((resolve) => setImmediate(resolve))
  }
  return false
}
