import { type ChannelKey, channelId } from '@wa-agent/core'
import type { Database } from './database.ts'
import { arrayOf } from './text.ts'

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
    const [id] = await this.idsOf([key])
    return id as number
  }

  /** The numbers of the channels of many things, in their order; of each new one -1. */
  async findAll(keys: readonly ChannelKey[]): Promise<number[]> {
    const ids: number[] = []
    for (const key of keys) ids.push(this.#ids.get(channelId(key)) ?? (await this.find(key)) ?? -1)
    return ids
  }

  /** The numbers of the channels of many things, in their order, new ones included. */
  async idsOf(keys: readonly ChannelKey[]): Promise<number[]> {
    const known = this.#known(keys)
    if (!known.includes(undefined)) return known as number[]
    await this.#learn(keys)
    return this.#known(keys) as number[]
  }

  #known(keys: readonly ChannelKey[]): (number | undefined)[] {
    return keys.map((key) => this.#ids.get(channelId(key)))
  }

  /** Asks for many at once, and makes those that are new. */
  async #learn(keys: readonly ChannelKey[]): Promise<void> {
    const table = `${this.#database.schema}.channels`
    const wanted = 'unnest($1::text[], $2::text[]) AS w (tenant, channel)'
    const found = `SELECT h.id, h.tenant, h.channel FROM ${wanted} JOIN ${table} AS h USING (tenant, channel)`
    const made = `INSERT INTO ${table} (tenant, channel) SELECT DISTINCT tenant, channel FROM ${wanted} ORDER BY 1, 2 ON CONFLICT DO NOTHING`
    for (const text of [found, made, found]) {
      const unknown = keys.filter((key) => !this.#ids.has(channelId(key)))
      if (unknown.length === 0) return
      const names = [arrayOf(unknown.map(({ tenant }) => tenant)), arrayOf(unknown.map(({ channel }) => channel))]
      const rows = await this.#database.query(text, names)
      for (const [id, tenant, channel] of rows)
        this.#remember({ tenant: tenant as string, channel: channel as string }, Number(id))
    }
  }

  #remember(key: ChannelKey, id: number): number {
    this.#ids.set(channelId(key), id)
    return id
  }
}
