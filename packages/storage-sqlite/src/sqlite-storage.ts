import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { type NewReply, type Storage, stateToJson, storageClosed, WaAgentError } from '@wa-agent/core'
import { Database, inMemory } from './database.ts'
import { toStorageError } from './errors.ts'
import { type Settings, type SqliteStorageOptions, settingsOf } from './options.ts'
import type { ReplyDraft } from './outbox.ts'
import type { Store } from './store.ts'
import { pruneStart } from './upkeep.ts'

/** What `integrityCheck` found. */
export interface IntegrityReport {
  readonly ok: boolean
  /** What SQLite says is wrong; empty where `ok`. */
  readonly problems: readonly string[]
}

/** A `Storage` in one SQLite file, and what only a file can do. */
export interface SqliteStorage extends Storage {
  /** Reads the whole file and says whether it is sound. Blocks the process meanwhile: seconds for a gigabyte. */
  integrityCheck(): Promise<IntegrityReport>
  /** Writes a copy of the database as it is now to `path`, while everything goes on. A file that is there is replaced. */
  backup(path: string): Promise<void>
}

/**
 * Durable storage in one file, on SQLite as Node brings it: nothing to install, nothing to run. What was acknowledged
 * survives `kill -9` and, by default, a power cut. One process owns the file.
 */
export function sqliteStorage(options: SqliteStorageOptions): SqliteStorage {
  const handle = new Handle(settingsOf(options))
  const { read, write } = handle
  return {
    open: async () => handle.open(),
    async append(messages) {
      const drafts = messages.map((entry) => ({ entry, json: JSON.stringify(entry.message) }))
      return write((store) => store.append(drafts), sizeOf(drafts))
    },
    claim: async (request) => read((store) => store.claim(request)),
    async commit(lease, change) {
      const state = change.state && stateToJson(change.state)
      const prepared = { change, state, replies: draftsOf(change.replies ?? []) }
      return write((store) => store.commit(lease, prepared), sizeOf(prepared.replies) + (state?.length ?? 0))
    },
    settle: (reply, outcome) => write((store) => store.settle(reply, outcome)),
    renew: async (lease, renewal) => read((store) => store.renew(lease, renewal)),
    release: async (lease) => read((store) => store.release(lease)),
    async enqueue(conversation, replies) {
      const drafts = draftsOf(replies)
      return write((store) => store.enqueue(conversation, drafts), sizeOf(drafts))
    },
    control: (conversation, control) => write((store) => store.control(conversation, control)),
    deadLetters: {
      list: async (query = {}) => read((store) => store.deadLetters.list(query)),
      retry: (id, nowMs) => write((store) => store.deadLetters.retry(id, nowMs)),
      discard: (id) => write((store) => store.deadLetters.discard(id, handle.settings.clock.now())),
    },
    stats: async () => read((store) => store.upkeep.stats()),
    async prune({ beforeMs }) {
      let progress = pruneStart
      while (!progress.isDone) {
        // One batch after another, so that messages get their turn in between.
        const before = progress
        progress = await write((store) => store.upkeep.prune(beforeMs, before))
      }
      return { removed: progress.removed }
    },
    close: () => handle.close(),
    integrityCheck: async () => handle.integrityCheck(),
    backup: (path) => handle.backup(path),
  }
}

function draftsOf(replies: readonly NewReply[]): ReplyDraft[] {
  return replies.map((reply) => ({ reply, json: JSON.stringify(reply.message) }))
}

/** About how much this adds to the log. */
function sizeOf(drafts: readonly { readonly json: string }[]): number {
  let bytes = 0
  for (const { json } of drafts) bytes += json.length
  return bytes
}

/** The database from `open` to `close`. */
class Handle {
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
    const database = this.#opened()
    try {
      const value = run(database.store)
      database.store.trim()
      return value
    } catch (error) {
      throw toStorageError(error)
    }
  }

  /** Writes, together with everything else that is written in this turn of the event loop. */
  readonly write = async <Value>(run: (store: Store) => Value, bytes = 0): Promise<Value> => {
    const database = this.#opened()
    return database.groups.submit(() => run(database.store), bytes)
  }

  integrityCheck(): IntegrityReport {
    const { connection } = this.#opened()
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
    const { connection } = this.#opened()
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
    if (typeof path === 'string' && path !== '' && resolve(path) !== resolve(this.settings.path)) return
    const message =
      '[storage-sqlite] Expected the path of another file for the backup, got none or the database itself. Pass one to backup().'
    throw new WaAgentError('invalid_options', message)
  }

  #opened(): Database {
    if (this.#closing !== undefined) throw storageClosed('closed')
    if (!this.#database) throw storageClosed('new')
    return this.#database
  }
}
