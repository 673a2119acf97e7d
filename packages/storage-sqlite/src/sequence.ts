import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** The order of everything: one row of numbers for inbox and outbox, never used twice, not even after pruning. */
export class Sequence {
  readonly #select: StatementSync
  readonly #save: StatementSync
  #last = 0

  constructor(db: DatabaseSync) {
    this.#select = db.prepare(
      `SELECT max(
         (SELECT coalesce(max(seq), 0) FROM inbox),
         (SELECT coalesce(max(seq), 0) FROM outbox),
         (SELECT coalesce(max(value), 0) FROM meta WHERE name = 'seq')) AS last`,
    )
    this.#save = db.prepare(
      `INSERT INTO meta (name, value) VALUES ('seq', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    )
  }

  reset(): void {
    this.#last = (this.#select.get() as unknown as { last: number }).last
  }

  get next(): number {
    return this.#last + 1
  }

  take(): number {
    this.#last += 1
    return this.#last
  }

  /** Must be called before the newest rows may be removed. */
  save(): void {
    this.#save.run(this.#last)
  }
}
