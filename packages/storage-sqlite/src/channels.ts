import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ChannelKey } from '@wa-agent/core'

/** Channels have small numbers, so that rows and indices need not repeat their names. There are few: all stay in memory. */
export class Channels {
  readonly #select: StatementSync
  readonly #insert: StatementSync
  readonly #ids = new Map<string, number>()
  readonly #keys = new Map<number, ChannelKey>()

  constructor(db: DatabaseSync) {
    this.#select = db.prepare('SELECT id, tenant, channel FROM channels')
    this.#insert = db.prepare('INSERT INTO channels (id, tenant, channel) VALUES (?, ?, ?)')
  }

  /** Reads them again. */
  reset(): void {
    this.#ids.clear()
    this.#keys.clear()
    for (const row of this.#select.all() as unknown as (ChannelKey & { id: number })[]) this.#remember(row.id, row)
  }

  /** The number of a channel; `undefined` for one that was never used. */
  find(key: ChannelKey): number | undefined {
    return this.#ids.get(`${key.tenant}/${key.channel}`)
  }

  /** The number of a channel, new ones included. Writes. */
  idOf(key: ChannelKey): number {
    const known = this.find(key)
    if (known !== undefined) return known
    const id = this.#keys.size + 1
    this.#insert.run(id, key.tenant, key.channel)
    this.#remember(id, key)
    return id
  }

  keyOf(id: number): ChannelKey {
    const key = this.#keys.get(id)
    if (!key) throw new Error(`no channel ${id}`)
    return key
  }

  #remember(id: number, { tenant, channel }: ChannelKey): void {
    this.#ids.set(`${tenant}/${channel}`, id)
    this.#keys.set(id, { tenant, channel })
  }
}
