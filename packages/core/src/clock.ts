/** Time as the engine sees it. Tests pass a virtual one, so nothing in them sleeps. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
  /** Calls back once after `delayMs`; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

/** setTimeout counts in 32 bits: a longer delay would fire at once. */
const longestTimerMs = 2 ** 31 - 1

/** The real time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    if (delayMs > longestTimerMs) return inStages(delayMs, callback)
    const timer = setTimeout(callback, Math.max(delayMs, 0))
    return () => clearTimeout(timer)
  },
}

function inStages(delayMs: number, callback: () => void): () => void {
  let cancel = systemClock.after(longestTimerMs, () => {
    cancel = systemClock.after(delayMs - longestTimerMs, callback)
  })
  return () => cancel()
}

/**
 * A clock that follows `clock` but never goes back: when somebody sets it back, time goes on from where it was. What is
 * due in a minute is then due in a minute, not in an hour and a minute.
 */
export function steadyClock(clock: Clock): Clock {
  let lastMs = Number.NEGATIVE_INFINITY
  let aheadMs = 0
  return {
    now() {
      const nowMs = clock.now()
      if (nowMs < lastMs) aheadMs += lastMs - nowMs
      lastMs = nowMs
      return nowMs + aheadMs
    },
    after: (delayMs, callback) => clock.after(delayMs, callback),
  }
}

/** Resolves after `delayMs`, or as soon as `signal` is aborted (it never rejects: look at the signal). */
export function waitFor(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const finish = () => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.after(delayMs, finish)
    signal?.addEventListener('abort', finish, { once: true })
  })
}
