import { type ChannelKey, channelId } from '@wa-agent/core'
import type { Database } from './database.ts'

/** Channels have small numbers, so that rows and indices need not repeat their names. They never change: all stay in memory. */
export class Channels {
  readonly #database: Database
  readonly #ids = new Map<string, number>()

  constructor(database: Database) {
    this.#database = database
  }

  /** The number of a channel; `undefined` for one that was never used. */
  async find(key: ChannelKey): Promise<number | undefined> {
    const known = this.#ids.get(channelId(key))
    if (known !== undefined) return known
    const text = `SELECT id FROM ${this.#database.schema}.channels WHERE tenant = $1 AND channel = $2`
    const [row] = await this.#database.query(text, [key.tenant, key.channel])
    return row && this.#remember(key, Number(row[0]))
  }

  /** The number of a channel, new ones included. */
  async idOf(key: ChannelKey): Promise<number> {
    const known = await this.find(key)
    if (known !== undefined) return known
    const text = `INSERT INTO ${this.#database.schema}.channels (tenant, channel) VALUES ($1, $2) ON CONFLICT DO NOTHING`
    await this.#database.query(text, [key.tenant, key.channel])
    return (await this.find(key)) ?? this.idOf(key)
  }

  /** The numbers of the channels of many things, in their order; of each new one -1. */
  async findAll(keys: readonly ChannelKey[]): Promise<number[]> {
    const ids: number[] = []
    for (const key of keys) ids.push(this.#ids.get(channelId(key)) ?? (await this.find(key)) ?? -1)
    return ids
  }

  /** The numbers of the channels of many things, in their order, new ones included. */
  async idsOf(keys: readonly ChannelKey[]): Promise<number[]> {
    const ids: number[] = []
    for (const key of keys) ids.push(this.#ids.get(channelId(key)) ?? (await this.idOf(key)))
    return ids
  }

  #remember(key: ChannelKey, id: number): number {
    this.#ids.set(channelId(key), id)
    return id
  }
}
