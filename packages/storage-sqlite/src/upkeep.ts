import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { StorageStats } from '@wa-agent/core'
import type { Sequence } from './sequence.ts'

/** So many rows are looked at in one transaction: a few milliseconds. */
const pruneBatch = 500

/** How far a pruning has come. */
export interface PruneProgress {
  readonly table: number
  readonly afterSeq: number
  readonly removed: number
  readonly isDone: boolean
}

/** Where a pruning begins. */
export const pruneStart: PruneProgress = { table: 0, afterSeq: 0, removed: 0, isDone: false }

interface BatchRow {
  readonly lastSeq: number | null
  /** Whether any of them came before. */
  readonly some: number | null
}

/** Counting what is there and forgetting what is finished. */
export class Upkeep {
  readonly #sequence: Sequence
  readonly #count: StatementSync
  readonly #tables: readonly { readonly look: StatementSync; readonly remove: StatementSync }[]

  constructor(db: DatabaseSync, sequence: Sequence) {
    this.#sequence = sequence
    this.#count = db.prepare(
      `SELECT
         (SELECT count(*) FROM inbox INDEXED BY inbox_pending WHERE status = 0) AS pendingMessages,
         (SELECT count(*) FROM outbox INDEXED BY outbox_undelivered WHERE status < 2) AS pendingReplies,
         (SELECT count(*) FROM inbox INDEXED BY inbox_dead WHERE status = 2)
           + (SELECT count(*) FROM outbox INDEXED BY outbox_dead WHERE status IN (3, 4)) AS deadLetters,
         (SELECT count(*) FROM conversations) AS conversations,
         (SELECT min(received_at) FROM inbox INDEXED BY inbox_pending WHERE status = 0) AS oldest`,
    )
    this.#tables = [
      { name: 'inbox', came: 'received_at', finished: 'status IN (1, 3)' },
      { name: 'outbox', came: 'created_at', finished: 'status IN (2, 5, 6)' },
    ].map(({ name, came, finished }) => ({
      look: db.prepare(
        `SELECT max(seq) AS lastSeq, max(came < ?) AS some
         FROM (SELECT seq, ${came} AS came FROM ${name} WHERE seq > ? ORDER BY seq LIMIT ${pruneBatch})`,
      ),
      remove: db.prepare(`DELETE FROM ${name} WHERE seq > ? AND seq <= ? AND ${finished} AND ended_at < ?`),
    }))
  }

  stats(): StorageStats {
    const { oldest, ...counts } = this.#count.get() as unknown as StorageStats & { readonly oldest: number | null }
    return oldest === null ? counts : { ...counts, oldestPendingAtMs: oldest }
  }

  /**
   * Removes some of what ended before; call it until it is done, each time inside a transaction. It walks in the order of
   * arrival, since an index by time of ending would cost every message. Nothing ends before it came, so it stops at a
   * whole batch that came later.
   */
  prune(beforeMs: number, progress: PruneProgress): PruneProgress {
    const table = this.#tables[progress.table]
    if (!table) {
      this.#sequence.reset()
      return { ...progress, isDone: true }
    }
    this.#sequence.save()
    const { lastSeq, some } = table.look.get(beforeMs, progress.afterSeq) as unknown as BatchRow
    if (lastSeq === null || some === 0) return { ...progress, table: progress.table + 1, afterSeq: 0 }
    const { changes } = table.remove.run(progress.afterSeq, lastSeq, beforeMs)
    return { ...progress, afterSeq: lastSeq, removed: progress.removed + Number(changes) }
  }
}
