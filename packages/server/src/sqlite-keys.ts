import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@wa-agent/core'
import { type ApiKey, type ApiKeyEditor, type ApiKeys, generateKey, type KeyScope, keyIdOf } from './api-keys.ts'
import { digest, sameDigest } from './secrets.ts'

interface KeyRow {
  readonly id: string
  readonly hash: Uint8Array
  readonly name: string
  readonly tenant: string | null
  readonly created_at: number
  readonly expires_at: number | null
  readonly revoked_at: number | null
  readonly last_used_at: number | null
}

/** A key that is used all the time is noted this often. */
const noteEveryMs = 600_000

/** API keys in the tables of `sqliteDirectory`. */
export function sqliteKeys(
  db: DatabaseSync,
  options: { readonly clock: Pick<Clock, 'now'>; readonly randomBytes?: (size: number) => Uint8Array },
): ApiKeys {
  const { clock, randomBytes } = options
  const one = db.prepare('SELECT * FROM api_keys WHERE id = ?')
  const noteUse = db.prepare('UPDATE api_keys SET last_used_at = ? WHERE id = ?')
  // An unknown id is compared too, with a key that nobody has.
  const nobodys = generateKey(randomBytes).hash
  return {
    async verify(presented) {
      const id = keyIdOf(presented)
      if (id === undefined) return undefined
      const row = one.get(id) as KeyRow | undefined
      const isSame = sameDigest(digest(presented), row?.hash ?? nobodys)
      if (!row || !isSame || row.revoked_at !== null) return undefined
      const nowMs = clock.now()
      if (row.expires_at !== null && row.expires_at <= nowMs) return undefined
      if (row.last_used_at === null || nowMs - row.last_used_at >= noteEveryMs) noteUse.run(nowMs, id)
      return { keyId: id, scope: scopeOf(row) }
    },
    editor: keyEditor(db, options),
  }
}

function keyEditor(
  db: DatabaseSync,
  { clock, randomBytes }: { readonly clock: Pick<Clock, 'now'>; readonly randomBytes?: (size: number) => Uint8Array },
): ApiKeyEditor {
  const insert = db.prepare(
    'INSERT INTO api_keys (id, hash, name, tenant, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const all = db.prepare('SELECT * FROM api_keys ORDER BY created_at, id')
  const ofTenant = db.prepare('SELECT * FROM api_keys WHERE tenant = ? ORDER BY created_at, id')
  const revoke = db.prepare(
    'UPDATE api_keys SET revoked_at = ?1 WHERE id = ?2 AND revoked_at IS NULL AND (?3 IS NULL OR tenant = ?3)',
  )
  return {
    async create({ name, scope, expiresAtMs }) {
      const { id, secret, hash } = generateKey(randomBytes)
      const createdAtMs = clock.now()
      const tenant = scope.type === 'tenant' ? scope.tenant : null
      insert.run(id, hash, name, tenant, createdAtMs, expiresAtMs ?? null)
      const expires = expiresAtMs === undefined ? {} : { expiresAtMs }
      return { key: { id, name, scope, createdAtMs, ...expires }, secret }
    },
    async list({ tenant } = {}) {
      const rows = tenant === undefined ? all.all() : ofTenant.all(tenant)
      return (rows as unknown as KeyRow[]).map(toKey)
    },
    async revoke(id, { tenant } = {}) {
      return Number(revoke.run(clock.now(), id, tenant ?? null).changes) > 0
    },
  }
}

function scopeOf({ tenant }: KeyRow): KeyScope {
  return tenant === null ? { type: 'admin' } : { type: 'tenant', tenant }
}

function toKey(row: KeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scope: scopeOf(row),
    createdAtMs: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAtMs: row.expires_at }),
    ...(row.revoked_at === null ? {} : { revokedAtMs: row.revoked_at }),
    ...(row.last_used_at === null ? {} : { lastUsedAtMs: row.last_used_at }),
  }
}
