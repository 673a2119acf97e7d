import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'

const sync = promisify(fdatasync)

/**
 * Brings the write-ahead log to the disk on a thread of its own. SQLite would do it within COMMIT, where the whole process
 * waits for the disk.
 */
export class LogSync {
  readonly #file: number

  /** The log of the database at `path`, which is open and has been written to. */
  constructor(path: string) {
    // Windows syncs only what may be written.
    this.#file = openSync(`${path}-wal`, 'r+')
  }

  /** Resolves once all that was committed before is on the disk. */
  sync(): Promise<void> {
    return sync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}
