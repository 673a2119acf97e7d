import { type ChannelKey, channelId, type Records } from '@wa-agent/core'
import type { Parts } from './parts.ts'
import { decodeText, encodeText } from './text.ts'

/** Small things by channel and name. */
export class RecordTable implements Records {
  readonly #parts: Parts
  /** What was asked for last of each channel and name: changes are made in the order in which they were asked for. */
  readonly #last = new Map<string, Promise<unknown>>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async get(channel: ChannelKey, name: string): Promise<string | undefined> {
    const text = `SELECT value FROM ${this.#table} WHERE channel = $1 AND name = $2`
    const [row] = await this.#parts.database.query(text, [await this.#find(channel), encodeText(name)])
    return typeof row?.[0] === 'string' ? decodeText(row[0]) : undefined
  }

  async list(channel: ChannelKey, prefix: string): Promise<ReadonlyMap<string, string>> {
    // Half of a pair at the end of the prefix is written otherwise than the whole pair.
    const begin = encodeText(prefix.isWellFormed() ? prefix : '')
    const text = `SELECT name, value FROM ${this.#table} WHERE channel = $1 AND starts_with(name, $2) ORDER BY name`
    const rows = await this.#parts.database.query(text, [await this.#find(channel), begin])
    const records = rows.map(([name, value]) => [decodeText(name as string), decodeText(value as string)] as const)
    return new Map(records.filter(([name]) => name.startsWith(prefix)))
  }

  set(channel: ChannelKey, name: string, value: string | undefined): Promise<void> {
    return this.#inOrder(channel, name, async () => {
      const { database, channels } = this.#parts
      if (value === undefined) {
        const text = `DELETE FROM ${this.#table} WHERE channel = $1 AND name = $2`
        await database.query(text, [await this.#find(channel), encodeText(name)])
        return
      }
      await database.query(
        `INSERT INTO ${this.#table} (channel, name, value) VALUES ($1, $2, $3)
         ON CONFLICT (channel, name) DO UPDATE SET value = excluded.value`,
        [await channels.idOf(channel), encodeText(name), encodeText(value)],
      )
    })
  }

  replace(
    channel: ChannelKey,
    name: string,
    { from, to }: { readonly from: string | undefined; readonly to: string | undefined },
  ): Promise<boolean> {
    return this.#inOrder(channel, name, async () => {
      if (from === undefined && to === undefined) return (await this.get(channel, name)) === undefined
      const number = await this.#parts.channels.idOf(channel)
      const [old, next] = [from, to].map((value) => (value === undefined ? null : encodeText(value)))
      const key = [number, encodeText(name)]
      const [text, values] =
        from === undefined
          ? [`INSERT INTO ${this.#table} (channel, name, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, [next]]
          : to === undefined
            ? [`DELETE FROM ${this.#table} WHERE channel = $1 AND name = $2 AND value = $3`, [old]]
            : [`UPDATE ${this.#table} SET value = $4 WHERE channel = $1 AND name = $2 AND value = $3`, [old, next]]
      // Made twice, the second would say that somebody else was faster.
      const once = { isRepeatable: false }
      const rows = await this.#parts.database.call(`${text} RETURNING name`, [...key, ...values], once)
      return rows.length > 0
    })
  }

  async drained(): Promise<void> {
    await Promise.allSettled(this.#last.values())
  }

  get #table(): string {
    return `${this.#parts.database.schema}.records`
  }

  async #find(channel: ChannelKey): Promise<number> {
    return (await this.#parts.channels.find(channel)) ?? -1
  }

  #inOrder<Value>(channel: ChannelKey, name: string, run: () => Promise<Value>): Promise<Value> {
    const key = `${channelId(channel)}/${name}`
    const before = this.#last.get(key) ?? Promise.resolve()
    const current = before.then(run, run)
    this.#last.set(key, current)
    const forget = () => {
      if (this.#last.get(key) === current) this.#last.delete(key)
    }
    current.then(forget, forget)
    return current
  }
}
