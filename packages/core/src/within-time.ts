import type { Clock } from './clock.ts'

/** What work with a time limit gets. */
export interface TimeLimit {
  /** Aborted when the time is over or the work is stopped. Made when it is first looked at: most work ends without one. */
  readonly signal: AbortSignal
}

/** How work is limited. */
export interface TimeLimitOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Stops the work before its time is over. */
  readonly signal: AbortSignal | undefined
  /** What the work fails with when the time is over. */
  readonly timeoutError: () => Error
}

/**
 * Runs `work` until it ends, its time is over or it is stopped, whichever comes first: then it rejects with `timeoutError`
 * or with the signal's reason, whatever `work` does.
 */
export async function withinTime<Result>(
  work: (limit: TimeLimit) => Result | Promise<Result>,
  { clock, timeoutMs, signal, timeoutError }: TimeLimitOptions,
): Promise<Result> {
  signal?.throwIfAborted()
  const limit = new LazySignal()
  const working = work(limit)
  // What is done at once needs no clock.
  if (!isThenable(working)) return working
  let end: (reason: unknown) => void = () => undefined
  const ended = new Promise<never>((_, reject) => {
    end = (reason) => {
      limit.abort(reason)
      reject(reason)
    }
  })
  const stop = () => end(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  // It may have been stopped while the work began.
  if (signal?.aborted) stop()
  const cancelTimer = clock.after(timeoutMs, () => end(timeoutError()))
  try {
    return await Promise.race([ended, working])
  } finally {
    cancelTimer()
    signal?.removeEventListener('abort', stop)
  }
}

function isThenable<Result>(value: Result | Promise<Result>): value is Promise<Result> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

class LazySignal implements TimeLimit {
  #controller: AbortController | undefined
  #abortion: { readonly reason: unknown } | undefined

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#abortion) this.#controller.abort(this.#abortion.reason)
    }
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#abortion = { reason }
    this.#controller?.abort(reason)
  }
}
