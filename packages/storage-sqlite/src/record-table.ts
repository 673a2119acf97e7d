import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Small things by channel and name. */
export class RecordTable {
  readonly #select: StatementSync
  readonly #selectAll: StatementSync
  readonly #save: StatementSync
  readonly #remove: StatementSync

  constructor(db: DatabaseSync) {
    this.#select = db.prepare('SELECT value FROM records WHERE channel = ? AND name = ?')
    this.#selectAll = db.prepare('SELECT name, value FROM records WHERE channel = ?')
    this.#save = db.prepare(
      `INSERT INTO records (channel, name, value) VALUES (?, ?, ?)
       ON CONFLICT (channel, name) DO UPDATE SET value = excluded.value`,
    )
    this.#remove = db.prepare('DELETE FROM records WHERE channel = ? AND name = ?')
  }

  get(channel: number, name: string): string | undefined {
    const row = this.#select.get(channel, JSON.stringify(name)) as { value: string } | undefined
    return row && JSON.parse(row.value)
  }

  /** Those whose names begin with `prefix`. */
  list(channel: number, prefix: string): Map<string, string> {
    const found = new Map<string, string>()
    for (const row of this.#selectAll.iterate(channel) as Iterable<{ name: string; value: string }>) {
      const name: string = JSON.parse(row.name)
      if (name.startsWith(prefix)) found.set(name, JSON.parse(row.value))
    }
    return found
  }

  /** Writes. */
  set(channel: number, name: string, value: string): void {
    this.#save.run(channel, JSON.stringify(name), JSON.stringify(value))
  }

  /** Writes. */
  remove(channel: number, name: string): void {
    this.#remove.run(channel, JSON.stringify(name))
  }
}
