import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { StorageStats } from '@wa-agent/core'
import type { Sequence } from './sequence.ts'

/** So many rows are removed in one transaction: a few milliseconds. */
const pruneBatch = 500

/** Counting what is there and forgetting what is finished. */
export class Upkeep {
  readonly #sequence: Sequence
  readonly #count: StatementSync
  readonly #countConversations: StatementSync
  readonly #prune: readonly StatementSync[]

  constructor(db: DatabaseSync, sequence: Sequence) {
    this.#sequence = sequence
    this.#count = db.prepare(
      `SELECT
         (SELECT count(*) FROM inbox INDEXED BY inbox_pending WHERE status = 0) AS pendingMessages,
         (SELECT count(*) FROM outbox INDEXED BY outbox_undelivered WHERE status < 2) AS pendingReplies,
         (SELECT count(*) FROM inbox INDEXED BY inbox_dead WHERE status = 2)
           + (SELECT count(*) FROM outbox INDEXED BY outbox_dead WHERE status IN (3, 4)) AS deadLetters,
         (SELECT min(received_at) FROM inbox INDEXED BY inbox_pending WHERE status = 0) AS oldest`,
    )
    this.#countConversations = db.prepare('SELECT count(*) AS count FROM conversations')
    this.#prune = ['inbox INDEXED BY inbox_finished WHERE status IN (1, 3)', 'outbox  WHERE status IN (2, 5, 6)'].map(
      (finished) => {
        const table = finished.split(' ', 1)[0]
        return db.prepare(
          `DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${finished} AND ended_at < ? LIMIT ${pruneBatch})`,
        )
      },
    )
  }

  stats(): StorageStats {
    const { oldest, ...counts } = this.#count.get() as unknown as Omit<StorageStats, 'conversations'> & {
      readonly oldest: number | null
    }
    const { count: conversations } = this.#countConversations.get() as unknown as { readonly count: number }
    return { ...counts, conversations, ...(oldest === null ? {} : { oldestPendingAtMs: oldest }) }
  }

  /** Removes some of what ended before; returns how much, and whether there may be more. Runs inside a transaction. */
  pruneSome(beforeMs: number): { readonly removed: number; readonly more: boolean } {
    this.#sequence.save()
    const removed = this.#prune.map((statement) => Number(statement.run(beforeMs).changes))
    return {
      removed: removed.reduce((sum, count) => sum + count, 0),
      more: removed.some((count) => count === pruneBatch),
    }
  }
}
