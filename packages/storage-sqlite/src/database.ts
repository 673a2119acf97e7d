import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Checkpoints } from './checkpoints.ts'
import { GroupCommit } from './group-commit.ts'
import { LogSync } from './log-sync.ts'
import { makeFolder } from './make-folder.ts'
import type { Settings } from './options.ts'
import { lockDatabase, type ProcessLock } from './process-lock.ts'
import { migrate } from './schema.ts'
import { Store } from './store.ts'

/** A path that SQLite keeps in memory. */
export const inMemory = ':memory:'

/** Each time a file is opened its lease tokens begin this much higher, so that no token is ever given out twice. */
const tokensPerOpening = 2 ** 32

/** An open database with everything that runs on it. Making one throws where the file cannot be ours. */
export class Database {
  readonly connection: DatabaseSync
  readonly groups: GroupCommit
  readonly #lock: ProcessLock | undefined
  readonly #store: Store
  readonly #checkpoints: Checkpoints
  /** Absent where a power cut may take the last moments. */
  readonly #log: LogSync | undefined
  /** A rollback could not be followed by reading again what memory must know: it is done before the next use. */
  #isStale = false

  constructor(settings: Settings) {
    const isFile = settings.path !== inMemory
    if (isFile) makeFolder(dirname(settings.path))
    this.#lock = isFile ? lockDatabase(settings.path) : undefined
    let connection: DatabaseSync | undefined
    try {
      connection = new DatabaseSync(settings.path, { timeout: settings.busyTimeoutMs })
      migrate(connection)
      configure(connection)
      this.connection = connection
      this.#store = new Store(connection, {
        now: () => settings.clock.now(),
        cachedConversations: settings.cachedConversations,
        afterToken: countOpening(connection) * tokensPerOpening,
      })
      this.#checkpoints = new Checkpoints(connection, settings)
      this.#log = isFile && settings.synchronous === 'full' ? new LogSync(settings.path) : undefined
      this.groups = this.#groupCommit()
    } catch (error) {
      connection?.close()
      this.#lock?.release()
      throw error
    }
  }

  /** What is known, for reading and, inside a group, for writing. */
  get store(): Store {
    if (this.#isStale) {
      this.#store.reset()
      this.#isStale = false
    }
    return this.#store
  }

  /** Finishes what was submitted and lets go of the file. */
  async close(): Promise<void> {
    await this.groups.drained()
    this.#checkpoints.stop()
    this.#log?.close()
    try {
      this.connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Everything is in the log, where the next opening finds it.
    }
    this.connection.close()
    this.#lock?.release()
  }

  #groupCommit(): GroupCommit {
    const log = this.#log
    const [begin, commit, rollback] = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'].map((sql) =>
      this.connection.prepare(sql),
    ) as [StatementSync, StatementSync, StatementSync]
    return new GroupCommit({
      begin: () => begin.run(),
      commit: () => commit.run(),
      rollback: () => {
        // SQLite rolls back by itself where the disk failed.
        if (this.connection.isTransaction) rollback.run()
      },
      undone: () => {
        this.#store.undone()
        this.#isStale = true
      },
      committed: (group) => {
        this.#store.committed()
        this.#checkpoints.written(group)
      },
      ...(log ? { sync: () => log.sync() } : {}),
    })
  }
}

/** NORMAL keeps the file sound whatever happens; that a commit is on the disk before it counts is seen to by `LogSync`. */
function configure(db: DatabaseSync): void {
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA cache_size = -16384;
    PRAGMA temp_store = MEMORY;
  `)
}

function countOpening(db: DatabaseSync): number {
  const row = db
    .prepare(
      `INSERT INTO meta (name, value) VALUES ('openings', 1)
       ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`,
    )
    .get()
  return (row as unknown as { value: number }).value
}
