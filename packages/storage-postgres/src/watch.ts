import pg from 'pg'
import { backOffMs } from './back-off.ts'
import { connectionTo } from './connection.ts'
import type { Doorbell } from './doorbell.ts'
import type { Settings } from './options.ts'

/** Nobody is woken more often. */
const restMs = 50

/** What listens: a connection of its own, or one of the given pool. */
interface Listener {
  on(event: 'notification', listener: (message: { readonly processId: number }) => void): unknown
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
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await this.#listenOnce(signal, () => {
          attempt = 0
        })
      } catch (error) {
        const name = error instanceof Error ? error.name : typeof error
        this.#settings.logger.warn({ error: name }, 'listening for mail of other processes was interrupted')
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
        listener.on('notification', ({ processId }) => void this.#heard(processId))
        listener.query(`LISTEN "${this.#doorbell.channel}"`).then(() => {
          listening()
          // Something may have come while nobody listened.
          this.#wake()
        }, reject)
        if (signal.aborted) resolve()
      })
    } finally {
      listener.close()
    }
  }

  async #heard(session: number): Promise<void> {
    if (!(await this.#doorbell.isOurs(session))) this.#wake()
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
