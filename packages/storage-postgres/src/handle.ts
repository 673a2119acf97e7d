import { storageClosed } from '@wa-agent/core/mailbox'
import { toStorageError } from './errors.ts'
import type { Settings } from './options.ts'
import { Watch } from './watch.ts'
import { Works } from './works.ts'

/** The database from `open` to `close`. */
export class Handle {
  readonly #settings: Settings
  #phase: 'new' | 'open' | 'closed' = 'new'
  #works: Works | undefined
  #watch: Watch | undefined
  #opening: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #calls = 0
  #quiet: (() => void) | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  async open(): Promise<void> {
    if (this.#phase === 'closed') throw storageClosed('closed')
    this.#opening ??= this.#open()
    await this.#opening
  }

  /** Runs a call on what is open, and lets `close` wait for it. */
  readonly use = async <Value>(run: (works: Works) => Promise<Value>): Promise<Value> => {
    if (this.#phase !== 'open' || !this.#works) throw storageClosed(this.#phase === 'closed' ? 'closed' : 'new')
    this.#calls += 1
    try {
      return await run(this.#works)
    } catch (error) {
      throw toStorageError(error)
    } finally {
      this.#calls -= 1
      if (this.#calls === 0) this.#quiet?.()
    }
  }

  /** Calls back when another process has put something in; returns how to end it. Silent unless it is open. */
  watch(onMail: () => void): () => void {
    return (this.#phase === 'open' ? this.#watch?.add(onMail) : undefined) ?? (() => undefined)
  }

  async close(): Promise<void> {
    this.#phase = 'closed'
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #open(): Promise<void> {
    const works = new Works(this.#settings)
    try {
      await works.open()
    } catch (error) {
      this.#opening = undefined
      await works.parts.database.end()
      throw error
    }
    this.#works = works
    this.#watch = new Watch(this.#settings, works.parts.doorbell)
    if (this.#phase === 'new') this.#phase = 'open'
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => undefined)
    this.#watch?.close()
    this.#works?.parts.database.hurry()
    if (this.#calls > 0) {
      await new Promise<void>((resolve) => {
        this.#quiet = resolve
      })
    }
    await this.#works?.close()
  }
}
