/** A connection forgets its plans when it has been used this often since it last did, and then twice as often each time ... */
const firstCalls = 8
/** ... and after so long in any case. */
const longestMs = 60_000

interface Use {
  calls: number
  forgetAt: number
  forgottenAtMs: number
}

/**
 * PostgreSQL keeps the plans of a function for as long as a connection lives. Made while the tables were empty, they read whole
 * indices, and go on to when a burst has filled them: nothing tells a connection before the next ANALYZE. So plans are made anew
 * as the tables grow, which costs next to nothing.
 */
export class Plans {
  readonly #uses = new WeakMap<object, Use>()

  /** Counts one use of the connection, and says whether its plans are to be forgotten first. */
  areOld(connection: object, nowMs: number): boolean {
    const use = this.#uses.get(connection) ?? { calls: 0, forgetAt: firstCalls, forgottenAtMs: nowMs }
    this.#uses.set(connection, use)
    use.calls += 1
    if (use.calls < use.forgetAt && nowMs - use.forgottenAtMs < longestMs) return false
    use.forgetAt = Math.max(firstCalls, use.calls * 2)
    use.forgottenAtMs = nowMs
    return true
  }
}
