import { type Clock, waitFor } from '../clock.ts'

/** So much later than `stopTimeoutMs` nobody waits any more for work that was cut off then ... */
const endingMs = 2000
/** ... nor for anything else: a storage that never answers must not keep the process. */
const longestMs = 5000

/** Ends a stop in time. What is left to itself is as good as crashed: it is taken over when its leases end. */
export class StopLimit {
  readonly #ended = new AbortController()
  readonly #drained: Promise<void>
  readonly #over: Promise<void>
  readonly #left = new Set<Promise<unknown>>()

  /** `cutOff` is called when work has had its time. */
  constructor(clock: Clock, stopTimeoutMs: number, cutOff: () => void) {
    const { signal } = this.#ended
    void waitFor(clock, stopTimeoutMs, signal).then(() => {
      if (!signal.aborted) cutOff()
    })
    this.#drained = waitFor(clock, stopTimeoutMs + endingMs, signal)
    this.#over = waitFor(clock, stopTimeoutMs + longestMs, signal)
  }

  /** Waits for work that is cut off when it takes too long. Rejects as it does. */
  draining(work: Promise<unknown>): Promise<void> {
    return this.#until(work, this.#drained)
  }

  /** Waits for something to let go of. Rejects as it does. */
  closing(work: Promise<unknown>): Promise<void> {
    return this.#until(work, this.#over)
  }

  /** Stopping is over. Resolves when all that was left to itself has ended, too. */
  async end(): Promise<void> {
    this.#ended.abort()
    await Promise.allSettled(this.#left)
  }

  async #until(work: Promise<unknown>, late: Promise<void>): Promise<void> {
    this.#left.add(work)
    const forget = () => void this.#left.delete(work)
    work.then(forget, forget)
    await Promise.race([work, late])
  }
}
