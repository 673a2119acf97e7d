import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** The order of everything: one row of numbers for inbox and outbox, never used twice, not even after pruning. */
export class Sequence {
  readonly #select: StatementSync
  readonly #save: StatementSync
  #first = 1
  #last = 0

  constructor(db: DatabaseSync) {
    this.#select = db.prepare(
      `SELECT
         max((SELECT coalesce(max(seq), 0) FROM inbox),
           (SELECT coalesce(max(seq), 0) FROM outbox),
           (SELECT coalesce(max(value), 0) FROM meta WHERE name = 'seq')) AS last,
         min((SELECT coalesce(min(seq), 9e15) FROM inbox),
           (SELECT coalesce(min(seq), 9e15) FROM outbox)) AS first`,
    )
    this.#save = db.prepare(
      `INSERT INTO meta (name, value) VALUES ('seq', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    )
  }

  reset(): void {
    const { first, last } = this.#select.get() as unknown as { first: number; last: number }
    this.#first = Math.min(first, last + 1)
    this.#last = last
  }

  /** No row has a lower one. */
  get first(): number {
    return this.#first
  }

  /** The last one in use. */
  get last(): number {
    return this.#last
  }

  get next(): number {
    return this.#last + 1
  }

  take(): void {
    this.#last += 1
  }

  /** Call it before the newest rows may be removed. */
  save(): void {
    this.#save.run(this.#last)
  }
}
