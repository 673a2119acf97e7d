import { backoffMs, waitFor } from '@wa-agent/core'
import type { Connection } from './connection.ts'
import type { Handled } from './event-handler.ts'
import { acknowledgedSchema } from './wire.ts'

/** What is acknowledged in one call. */
const mostAtOnce = 500

/** Tells the cloud what was taken over: one call at a time, with all that came together meanwhile. */
export class Acknowledger {
  readonly #connection: Connection
  readonly #options: { readonly signal: AbortSignal; readonly timeoutMs: number; readonly random: () => number }
  #ids: string[] = []
  #failed: { readonly id: string; readonly reason: string }[] = []
  #running: Promise<void> | undefined

  constructor(
    connection: Connection,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number; readonly random: () => number },
  ) {
    this.#connection = connection
    this.#options = options
  }

  add(handled: Extract<Handled, { status: 'taken' | 'impossible' }>): void {
    if (handled.status === 'taken') this.#ids.push(handled.id)
    else this.#failed.push({ id: handled.id, reason: handled.reason })
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Resolves when all is told, or the signal has ended. */
  async drained(): Promise<void> {
    await this.#running
  }

  /** What cannot be told is told again: the cloud would send it again otherwise, which is harmless. */
  async #run(): Promise<void> {
    const { signal, timeoutMs, random } = this.#options
    for (let attempt = 1; this.#ids.length + this.#failed.length > 0 && !signal.aborted; ) {
      const ids = this.#ids.slice(0, mostAtOnce)
      const failed = this.#failed.slice(0, mostAtOnce)
      const json = { ...this.#connection.about, ids, failed }
      const told = await this.#connection
        .ask({ method: 'POST', path: 'ack', json, timeoutMs, signal }, acknowledgedSchema)
        .catch(() => undefined)
      if (!told) return
      if (told.kind === 'done' || told.kind === 'rejected') {
        this.#ids = this.#ids.slice(ids.length)
        this.#failed = this.#failed.slice(failed.length)
        attempt = 1
      } else if (told.kind === 'superseded' || told.kind === 'session-unknown') {
        // Whoever has the channel then gets it all again.
        return
      } else {
        await waitFor(this.#connection.clock, backoffMs(attempt, { baseMs: 1000, maxMs: 30_000 }, random), signal)
        attempt += 1
      }
    }
  }
}
