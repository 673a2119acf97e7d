import pg from 'pg'
import { backOffMs } from './back-off.ts'
import { connectionTo } from './connection.ts'
import type { Doorbell } from './doorbell.ts'
import { toStorageError } from './errors.ts'
import type { Settings } from './options.ts'

/** Nobody is woken more often. */
const restMs = 50

/** Our own bell is heard after so long where notifications arrive at all. */
const unheardAfterMs = 5_000

/** What listens: a connection of its own, or one of the given pool. */
interface Listener {
  on(event: 'notification', listener: (message: { readonly payload?: string }) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  query(text: string): Promise<unknown>
  /** Lets go of it. */
  close(): void
}

/** Wakes whoever waits for mail of other processes. Where the connection is lost it is made again, and everybody is woken. */
export class Watch {
  readonly #settings: Settings
  readonly #doorbell: Doorbell
  readonly #watchers = new Set<() => void>()
  #stop: AbortController | undefined
  #restingUntil: NodeJS.Timeout | undefined
  #isWanted = false
  /** Whether notifications arrive at all: known, or told that they do not. */
  #isJudged = false

  constructor(settings: Settings, doorbell: Doorbell) {
    this.#settings = settings
    this.#doorbell = doorbell
  }

  add(onMail: () => void): () => void {
    if (!this.#settings.notify) return () => undefined
    // The same function may watch twice.
    const watcher = () => onMail()
    this.#watchers.add(watcher)
    if (!this.#stop) {
      this.#stop = new AbortController()
      void this.#listen(this.#stop.signal)
    }
    return () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size === 0) this.close()
    }
  }

  close(): void {
    this.#watchers.clear()
    this.#stop?.abort()
    this.#stop = undefined
    clearTimeout(this.#restingUntil)
    this.#restingUntil = undefined
    this.#isWanted = false
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { logger } = this.#settings
    let told: string | undefined
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await this.#listenOnce(signal, () => {
          attempt = 0
          if (told !== undefined) logger.info({}, 'mail of other processes is heard of again')
          told = undefined
        })
      } catch (error) {
        // One line for all attempts that fail in the same way: the bot's sweep finds the mail meanwhile.
        const reason = toStorageError(error).message
        if (reason !== told) logger.warn({ reason }, 'listening for mail of other processes was interrupted')
        told = reason
      }
      if (!signal.aborted) await backOffMs(attempt)
    }
  }

  /** Resolves when it is told to stop, rejects when the connection is lost. */
  async #listenOnce(signal: AbortSignal, listening: () => void): Promise<void> {
    const listener = await connect(this.#settings)
    try {
      await new Promise<void>((resolve, reject) => {
        listener.on('error', reject)
        listener.on('end', () => reject(new Error('the connection was ended')))
        signal.addEventListener('abort', () => resolve(), { once: true })
        listener.on('notification', ({ payload }) => {
          if (this.#doorbell.isOurs(payload)) this.#isJudged = true
          else if (this.#doorbell.isMail(payload)) this.#wake()
        })
        listener.query(`LISTEN "${this.#doorbell.channel}"`).then(() => {
          listening()
          // Something may have come while nobody listened.
          this.#wake()
          this.#probe(signal)
        }, reject)
        if (signal.aborted) resolve()
      })
    } finally {
      listener.close()
    }
  }

  /** A pooler in transaction mode takes LISTEN and never tells anything: whoever rings and does not hear it is told so. */
  #probe(signal: AbortSignal): void {
    const { clock, logger } = this.#settings
    if (this.#isJudged) return
    const judge = () => {
      if (signal.aborted || this.#isJudged) return
      this.#isJudged = true
      const line =
        'notifications do not arrive, as behind a pooler in transaction mode: pass `listenUrl`, or `notify: false`'
      logger.warn({}, line)
    }
    const wait = () => {
      if (!signal.aborted) signal.addEventListener('abort', clock.after(unheardAfterMs, judge), { once: true })
    }
    // Where it cannot ring, the connection is away, and everybody else tells.
    this.#doorbell.try().then(wait, () => undefined)
  }

  #wake(): void {
    if (this.#watchers.size === 0) return
    if (this.#restingUntil) {
      this.#isWanted = true
      return
    }
    this.#restingUntil = setTimeout(() => {
      this.#restingUntil = undefined
      if (!this.#isWanted) return
      this.#isWanted = false
      this.#wake()
    }, restMs)
    for (const watcher of [...this.#watchers]) watcher()
  }
}

async function connect(settings: Settings): Promise<Listener> {
  const { pool, url, listenUrl } = settings
  if (pool && listenUrl === undefined) {
    const client = await (pool as pg.Pool).connect()
    client.on('error', () => undefined)
    return Object.assign(wrap(client), { close: () => client.release(true) })
  }
  const client = new pg.Client(connectionTo(listenUrl ?? url ?? '', settings))
  // Also after it was let go of: a late error must not end the process.
  client.on('error', () => undefined)
  await client.connect()
  return Object.assign(wrap(client), { close: () => void client.end().catch(() => undefined) })
}

function wrap(client: pg.ClientBase): Omit<Listener, 'close'> {
  return {
    on: (event: string, listener: (...args: never[]) => void) => client.on(event as 'error', listener as never),
    query: (text) => client.query(text),
  }
}
