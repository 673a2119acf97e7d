import { realpathSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { WaAgentError } from '@wa-agent/core'
import { storageClosed } from '@wa-agent/core/mailbox'
import { Database, inMemory } from './database.ts'
import { toStorageError } from './errors.ts'
import type { Settings } from './options.ts'
import type { Store } from './store.ts'

/** What `integrityCheck` found. */
export interface IntegrityReport {
  readonly ok: boolean
  /** What SQLite says is wrong; empty where `ok`. */
  readonly problems: readonly string[]
}

/** The database from `open` to `close`. */
export class Handle {
  readonly settings: Settings
  #database: Database | undefined
  #closing: Promise<void> | undefined

  constructor(settings: Settings) {
    this.settings = settings
  }

  open(): void {
    if (this.#closing !== undefined) throw storageClosed('closed')
    try {
      this.#database ??= new Database(this.settings)
    } catch (error) {
      throw toStorageError(error)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#database?.close() ?? Promise.resolve()
    return this.#closing
  }

  /** Reads, or changes what is only in memory, at once. */
  readonly read = <Value>(run: (store: Store) => Value): Value => {
    const database = this.database
    try {
      const value = run(database.store)
      database.store.trim()
      return value
    } catch (error) {
      throw toStorageError(error)
    }
  }

  /** Reads what is on the disk for good: what is on its way there is waited for. */
  readonly readDurable = async <Value>(run: (store: Store) => Value): Promise<Value> => {
    return this.database.groups.isBusy ? this.write(run) : this.read(run)
  }

  /** Writes, together with everything else that is written in this turn of the event loop. */
  readonly write = <Value>(run: (store: Store) => Value, bytes = 0): Promise<Value> => {
    try {
      const database = this.database
      return database.groups.submit(() => run(database.store), bytes)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  integrityCheck(): IntegrityReport {
    const { connection } = this.database
    try {
      const rows = connection.prepare('PRAGMA integrity_check').all()
      const problems = rows.map((row) => String(Object.values(row)[0])).filter((line) => line !== 'ok')
      return { ok: problems.length === 0, problems }
    } catch (error) {
      const failure = toStorageError(error)
      if (failure.code !== 'storage_corrupt') throw failure
      return { ok: false, problems: [failure.message] }
    }
  }

  async backup(path: string): Promise<void> {
    const { connection } = this.database
    this.#assertOther(path)
    const partial = `${path}.partial`
    const isFile = this.settings.path !== inMemory
    let source: DatabaseSync | undefined
    try {
      await rm(partial, { force: true })
      // A connection of its own sees one moment of the database, and holds nobody up while it copies in one go.
      source = isFile ? new DatabaseSync(this.settings.path, { readOnly: true }) : undefined
      await backup(source ?? connection, partial, source ? { rate: 2 ** 31 - 1 } : {})
      await rename(partial, path)
    } catch (error) {
      await rm(partial, { force: true })
      throw toStorageError(error)
    } finally {
      source?.close()
    }
  }

  #assertOther(path: string): void {
    const own = ownFiles.map((ending) => realPath(`${this.settings.path}${ending}`))
    if (typeof path === 'string' && path !== '' && !own.includes(realPath(path))) return
    const message =
      '[storage-sqlite] Expected the path of another file for the backup, got none or one of the database itself. Pass another one to backup().'
    throw new WaAgentError('invalid_options', message)
  }

  /** The open database; throws `storage_closed` before and after. */
  get database(): Database {
    if (this.#closing !== undefined) throw storageClosed('closed')
    if (!this.#database) throw storageClosed('new')
    return this.#database
  }
}

/** What SQLite and the lock keep beside the database: a backup onto one of these would destroy it. */
const ownFiles = ['', '-wal', '-shm', '-journal', '-lock', '-lock-wal', '-lock-shm', '-lock-journal', '.partial']

/** The path with the links of its folder followed; the file itself need not be there. */
function realPath(path: string): string {
  const absolute = resolve(path)
  try {
    return join(realpathSync(dirname(absolute)), basename(absolute))
  } catch {
    return absolute
  }
}
