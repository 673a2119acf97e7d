import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Clock } from '@wa-agent/core'

/** Nothing was written for so long: a good moment to tidy up. */
const idleMs = 10
/** A timer that fires so late tells that the event loop is busy: what looks like rest is work. */
const lateMs = 5
/** A smaller log is not worth the syncs of folding it in. */
const worthwhileBytes = 4 * 2 ** 20
/** What one operation adds to the log beside its content: pages, most of which it shares with others of its group. */
const bytesPerOperation = 3_072
const bytesPerGroup = 16_384

/**
 * Folds the write-ahead log into the database when nothing else is to do. SQLite would do it within some commit, which
 * then takes 20 times as long. How large the log is, is estimated: asking would cost more than it is worth.
 */
export class Checkpoints {
  readonly #clock: Clock
  readonly #maxBytes: number
  readonly #checkpoint: StatementSync
  #logBytes = 0
  #lastWriteMs = 0
  #lookAtMs = 0
  #cancelTimer: (() => void) | undefined

  constructor(db: DatabaseSync, options: { readonly clock: Clock; readonly maxLogBytes: number }) {
    this.#clock = options.clock
    this.#maxBytes = options.maxLogBytes
    this.#checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  }

  /** Call it after each commit. */
  written({ operations, bytes }: { readonly operations: number; readonly bytes: number }): void {
    this.#logBytes += bytesPerGroup + operations * bytesPerOperation + bytes
    this.#lastWriteMs = this.#clock.now()
    if (this.#logBytes > this.#maxBytes) this.#run()
    else if (this.#logBytes >= worthwhileBytes && !this.#cancelTimer) this.#lookAgain()
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #lookAgain(): void {
    this.#lookAtMs = this.#clock.now() + idleMs
    this.#cancelTimer = this.#clock.after(idleMs, () => {
      const nowMs = this.#clock.now()
      const isIdle = nowMs - this.#lastWriteMs >= idleMs && nowMs - this.#lookAtMs < lateMs
      if (isIdle) this.#run()
      else this.#lookAgain()
    })
  }

  #run(): void {
    this.stop()
    this.#logBytes = 0
    try {
      this.#checkpoint.get()
    } catch {
      // The log stays as it is and nothing is lost; the next checkpoint or commit meets the same disk and tells.
    }
  }
}
