import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Usage } from '@wa-agent/core'
import { LruMap } from './lru-map.ts'

const none: Usage = Object.freeze({ tokens: 0, costUsd: 0 })

/** What models have cost, per tenant and day. Every claim asks for it, so the last ones stay in memory. */
export class UsageTable {
  readonly #cache = new LruMap<string, Usage>(1_000)
  readonly #select: StatementSync
  readonly #add: StatementSync

  constructor(db: DatabaseSync) {
    this.#select = db.prepare('SELECT tokens, cost_usd AS costUsd FROM usage WHERE tenant = ? AND day = ?')
    this.#add = db.prepare(
      `INSERT INTO usage (tenant, day, tokens, cost_usd) VALUES (?, ?, ?, ?) ON CONFLICT (tenant, day)
       DO UPDATE SET tokens = tokens + excluded.tokens, cost_usd = cost_usd + excluded.cost_usd`,
    )
  }

  reset(): void {
    this.#cache.clear()
  }

  read(tenant: string, day: string): Usage {
    const key = `${tenant}/${day}`
    const cached = this.#cache.get(key)
    if (cached) return cached
    const row = this.#select.get(tenant, day) as unknown as Usage | undefined
    const usage = row ? { tokens: row.tokens, costUsd: row.costUsd } : none
    this.#cache.set(key, usage)
    this.#cache.trim()
    return usage
  }

  add(tenant: string, usage: Usage & { readonly day: string }): void {
    this.#add.run(tenant, usage.day, usage.tokens, usage.costUsd)
    this.#cache.delete(`${tenant}/${usage.day}`)
  }
}
