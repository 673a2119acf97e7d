import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Clock, systemClock, WaAgentError } from '@wa-agent/core'
import type { ApiKeys } from './api-keys.ts'
import { wrongOption } from './option-error.ts'
import { sqliteKeys } from './sqlite-keys.ts'
import { sqliteTenants } from './sqlite-tenants.ts'
import type { TenantDirectory } from './tenants.ts'
import { transaction } from './transaction.ts'

/** Options of `sqliteDirectory`. */
export interface SqliteDirectoryOptions {
  /** The file, apart from the storage's; its folder is created. `:memory:` for tests. */
  readonly path: string
  /** How long to wait for another program that writes to it. Default 1,000. */
  readonly busyTimeoutMs?: number
  readonly clock?: Pick<Clock, 'now'>
  /** Random bytes for keys. Default: the machine's cryptographic source. */
  readonly randomBytes?: (size: number) => Uint8Array
}

/** Tenants, channels and API keys in one SQLite file. */
export interface SqliteDirectory {
  readonly tenants: TenantDirectory
  readonly keys: ApiKeys
  close(): void
}

/** Forward only, as in the storage: what has been released is never edited, only added to. */
const migrations = [
  `
  CREATE TABLE tenants (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, time_zone TEXT NOT NULL, settings TEXT NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE channels (
    tenant TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    channel TEXT NOT NULL, transport TEXT NOT NULL, credentials TEXT NOT NULL,
    PRIMARY KEY (tenant, channel)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, name TEXT NOT NULL, tenant TEXT, created_at INTEGER NOT NULL,
    expires_at INTEGER, revoked_at INTEGER, last_used_at INTEGER
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX api_keys_by_tenant ON api_keys (tenant);
  `,
  `
  ALTER TABLE tenants ADD COLUMN desktop_agent_status TEXT;
  ALTER TABLE tenants ADD COLUMN desktop_agent_phone TEXT;
  ALTER TABLE tenants ADD COLUMN desktop_agent_device TEXT;
  ALTER TABLE tenants ADD COLUMN desktop_agent_last_seen INTEGER;
  `,
]

/**
 * Tenants, channels and API keys in one SQLite file that several processes may share. The file holds providers' credentials
 * as they are: it is made readable by its owner only. Throws `invalid_options`, or `storage_newer` for a file of a newer version.
 */
export function sqliteDirectory(options: SqliteDirectoryOptions): SqliteDirectory {
  const { path, busyTimeoutMs = 1000, clock = systemClock, randomBytes } = options ?? {}
  if (typeof path !== 'string' || path === '') throw wrongOption('path', "the path of a file, e.g. 'tenants.db'", path)
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 0)
    throw wrongOption('busyTimeoutMs', 'a whole number from 0', busyTimeoutMs)
  const db = openDatabase(path, busyTimeoutMs)
  return {
    tenants: sqliteTenants(db, clock),
    keys: sqliteKeys(db, { clock, ...(randomBytes ? { randomBytes } : {}) }),
    close: () => db.close(),
  }
}

function openDatabase(path: string, busyTimeoutMs: number): DatabaseSync {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true })
    closeSync(openSync(path, 'a', 0o600))
  }
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
    migrate(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function migrate(db: DatabaseSync): void {
  transaction(db, () => {
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    if (version > migrations.length) throw newer()
    const missing = migrations.slice(version)
    if (missing.length > 0) db.exec(`${missing.join('')}; PRAGMA user_version = ${migrations.length}`)
  })
}

function newer(): WaAgentError {
  return new WaAgentError(
    'storage_newer',
    '[server] The directory was written by a newer version of @wa-agent/server. Use that version, or another `path`.',
  )
}
