import type { Logger, Storage } from '@wa-agent/core'
import { makeFolderOf } from '@wa-agent-examples/agents'
import type { Settings } from './settings.ts'

/** PostgreSQL where `DATABASE_URL` says so, which many processes share; else one SQLite file, which one process owns. */
export async function openStorage(settings: Settings, logger: Logger): Promise<Storage> {
  const { DATABASE_URL: url, DATABASE_POOL: poolSize, DATABASE: path } = settings
  if (url === undefined) {
    makeFolderOf(path, 'DATABASE')
    const { sqliteStorage } = await import('@wa-agent/storage-sqlite')
    return sqliteStorage({ path })
  }
  const { postgresStorage } = await import('@wa-agent/storage-postgres')
  return postgresStorage({ url, poolSize, logger })
}
