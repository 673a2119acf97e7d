import { randomUUID } from 'node:crypto'
import type { Database } from './database.ts'
import type { Settings } from './options.ts'

/** Within so long only one notification leaves a process. */
const quietMs = 10
/** Stands before the ringer where there is no mail. */
const triedBy = 'tried by '

/**
 * Tells other processes that something is due. A statement of its own, after the data is committed: a NOTIFY inside would let
 * all commits of the database wait for each other. If it fails, the others find the mail by looking.
 */
export class Doorbell {
  readonly #database: Database
  readonly #isOn: boolean
  readonly channel: string
  /** Goes along, since the session does not tell who rang: a pooler lends it to one process after another. */
  readonly #ringer = randomUUID()
  #ringing: Promise<void> | undefined
  #isWanted = false
  #isClosed = false

  constructor(database: Database, settings: Settings) {
    this.#database = database
    this.#isOn = settings.notify
    this.channel = `${settings.schema}_mail`
  }

  ring(): void {
    if (!this.#isOn || this.#isClosed) return
    this.#isWanted = true
    this.#ringing ??= this.#run().finally(() => {
      this.#ringing = undefined
    })
  }

  /** Whether a notification came from here. */
  isOurs(payload: string | undefined): boolean {
    return payload === this.#ringer || payload === triedBy + this.#ringer
  }

  /** Whether somebody has mail, and does not only try whether notifications arrive. */
  isMail(payload: string | undefined): boolean {
    return !payload?.startsWith(triedBy)
  }

  /** Rings so that only we hear it. Rejects where that fails. */
  try(): Promise<void> {
    return this.#notify(triedBy + this.#ringer)
  }

  async #notify(payload: string): Promise<void> {
    await this.#database.call('SELECT pg_notify($1, $2)', [this.channel, payload], { isRepeatable: false })
  }

  async drained(): Promise<void> {
    this.#isClosed = true
    await this.#ringing
  }

  async #run(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false
      try {
        await this.#notify(this.#ringer)
      } catch {
        // The mail is stored. Whoever looks finds it.
      }
      if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, quietMs))
    }
  }
}
