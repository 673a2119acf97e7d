import { type Clock, type SendResult, waitFor } from '@wa-agent/core'
import type { DurableEvent, OutboundEvent } from './protocol.ts'

/** Whoever writes events to a desktop: a stream, or a long poll that waits. */
export interface Listener {
  write(event: OutboundEvent): void
  /** No event will come any more. */
  end(): void
}

interface Waiting {
  readonly event: DurableEvent
  /** Tells the sender of a message; commands have none. */
  readonly settle?: (result: SendResult) => void
}

const notAcknowledged: SendResult = {
  status: 'failed',
  retryable: true,
  reason: 'the desktop did not acknowledge it in time',
}
const stopped: SendResult = {
  status: 'failed',
  retryable: true,
  reason: 'the server stopped before the desktop had it',
}

/**
 * What is on its way to a desktop, in order, until it is acknowledged. Whoever listens gets all of it: what was lost with a
 * connection comes again with the next, and the desktop knows by the ids what it has already.
 */
export class Outgoing {
  readonly #waiting = new Map<string, Waiting>()
  #listener: Listener | undefined

  get isListening(): boolean {
    return this.#listener !== undefined
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Gives everything that waits, and what comes later, to the listener; only the newest one is served. */
  attach(listener: Listener): void {
    const former = this.#listener
    this.#listener = listener
    former?.end()
    for (const { event } of this.#waiting.values()) listener.write(event)
  }

  /** False where another one is served by now. */
  detach(listener: Listener): boolean {
    if (this.#listener !== listener) return false
    this.#listener = undefined
    return true
  }

  /** Ends the listener. */
  hangUp(last?: OutboundEvent): void {
    const listener = this.#listener
    this.#listener = undefined
    if (last) listener?.write(last)
    listener?.end()
  }

  /** Puts a command where it stays until it is acknowledged. */
  add(event: DurableEvent): void {
    this.#put({ event })
  }

  /** Takes a command back: a newer one says otherwise. */
  remove(id: string): void {
    this.#waiting.delete(id)
  }

  /** Sends a message and waits until the desktop has it, but no longer than `timeoutMs`. Never rejects. */
  async deliver(
    event: DurableEvent,
    { clock, timeoutMs, signal }: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<SendResult> {
    const over = new AbortController()
    const acknowledged = new Promise<SendResult>((resolve) => this.#put({ event, settle: resolve }))
    const late = waitFor(clock, timeoutMs, AbortSignal.any([over.signal, signal])).then(() => notAcknowledged)
    const result = await Promise.race([acknowledged, late])
    over.abort()
    if (result === notAcknowledged) this.#waiting.delete(event.id)
    return result
  }

  /** The desktop has these. Returns those that were waited for. */
  acknowledge(ids: readonly string[]): DurableEvent[] {
    return ids.flatMap((id) => this.#settle(id, { status: 'sent', providerId: id }))
  }

  /** The desktop will never take these. */
  refuse(failures: readonly { readonly id: string; readonly reason: string }[]): DurableEvent[] {
    return failures.flatMap(({ id, reason }) => this.#settle(id, { status: 'failed', retryable: false, reason }))
  }

  /** The desktop has everything up to this one. Unknown ids, e.g. of what was acknowledged before, say nothing. */
  acknowledgeThrough(id: string): DurableEvent[] {
    if (!this.#waiting.has(id)) return []
    const ids = [...this.#waiting.keys()]
    return this.acknowledge(ids.slice(0, ids.indexOf(id) + 1))
  }

  /** Ends the listener, and every wait as not sent. */
  stop(): void {
    this.hangUp()
    for (const { settle } of this.#waiting.values()) settle?.(stopped)
    this.#waiting.clear()
  }

  #put(waiting: Waiting): void {
    this.#waiting.set(waiting.event.id, waiting)
    this.#listener?.write(waiting.event)
  }

  #settle(id: string, result: SendResult): DurableEvent[] {
    const waiting = this.#waiting.get(id)
    if (!waiting) return []
    this.#waiting.delete(id)
    waiting.settle?.(result)
    return [waiting.event]
  }
}
