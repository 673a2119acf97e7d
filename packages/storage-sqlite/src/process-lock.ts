import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { WaAgentError } from '@wa-agent/core'

/** SQLITE_BUSY. */
const busy = 5

/** The lock on a database that its one owner holds. */
export interface ProcessLock {
  release(): void
}

/**
 * Makes this process the only owner of the database: leases and caches live in its memory. The lock is an exclusive
 * transaction on an empty database beside it, so the operating system lifts it when the process dies in whatever way, and
 * other tools can still read the database itself. Throws `storage_in_use`.
 */
export function lockDatabase(path: string): ProcessLock {
  const lock = new DatabaseSync(`${realPath(path)}-lock`, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    throw error instanceof Error && 'errcode' in error && error.errcode === busy ? inUse(path, error) : error
  }
  return { release: () => lock.close() }
}

function inUse(path: string, cause: unknown): WaAgentError {
  const message = `[storage-sqlite] The database ${JSON.stringify(path)} is in use: a file belongs to one storage at a time. Stop the other process, close the other storage, or choose another \`path\`.`
  return new WaAgentError('storage_in_use', message, { cause })
}

/** The same file has the same lock, also where it is reached by a link. */
function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path))
}
