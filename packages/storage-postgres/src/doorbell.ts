import type { Database } from './database.ts'
import type { Settings } from './options.ts'

/** Within so long only one notification leaves a process. */
const quietMs = 10
/** So many of our own sessions are remembered; more a pool hardly has. */
const rememberedSessions = 256

/**
 * Tells other processes that something is due. A statement of its own, after the data is committed: a NOTIFY inside would let
 * all commits of the database wait for each other. If it fails, the others find the mail by looking.
 */
export class Doorbell {
  readonly #database: Database
  readonly #isOn: boolean
  readonly channel: string
  readonly #sessions = new Set<number>()
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

  /** Whether a notification came from this process. */
  async isOurs(session: number): Promise<boolean> {
    if (this.#sessions.has(session)) return true
    // It may arrive before the answer that tells which session sent it.
    await this.#ringing
    return this.#sessions.has(session)
  }

  async drained(): Promise<void> {
    this.#isClosed = true
    await this.#ringing
  }

  async #run(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false
      try {
        const [row] = await this.#database.call(`SELECT pg_notify($1, ''), pg_backend_pid()`, [this.channel], {
          isRepeatable: false,
        })
        this.#remember(Number(row?.[1]))
      } catch {
        // The mail is stored. Whoever looks finds it.
      }
      if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, quietMs))
    }
  }

  #remember(session: number): void {
    this.#sessions.add(session)
    const [oldest] = this.#sessions
    if (this.#sessions.size > rememberedSessions && oldest !== undefined) this.#sessions.delete(oldest)
  }
}
