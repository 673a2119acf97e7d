import type { Clock, InboundMessage, TransportHost } from '@wa-agent/core'
import { shuffled } from '../seeded-random.ts'

/** A message at the provider, on its way to us. */
export interface Arrival {
  readonly message: InboundMessage
  /** How often it was handed to us, duplicates and repetitions included. */
  readonly deliveries: number
  /** When `receive` resolved with it for the first time; absent until then. */
  readonly acknowledgedAtMs?: number
}

/** The provider's side of what comes in: look at it, hold it back, repeat it, mix it up. */
export interface SimulatedArrivals {
  /** Everything that was ever sent to us, oldest first. */
  readonly all: readonly Arrival[]
  /** What we have not acknowledged (yet). */
  readonly unacknowledged: readonly Arrival[]
  /** Keeps what is sent from now on until `release`. */
  hold(): void
  /** Delivers what was held: in the order in which it was sent (default), backwards, or shuffled by the seed. */
  release(order?: 'as-sent' | 'reversed' | 'shuffled'): void
  /** Delivers a message once more, as providers do. Throws for an id that was never sent. */
  redeliver(message: { readonly id: string }): void
}

/** How an arrival is delivered again after `receive` rejected it. */
export interface RedeliveryOptions {
  /** How long the provider waits first, in milliseconds; each time twice as long. Default 1,000. */
  readonly firstDelayMs?: number
  /** It never waits longer than this. Default 60,000. */
  readonly maxDelayMs?: number
}

interface Record {
  readonly message: InboundMessage
  deliveries: number
  refusals: number
  acknowledgedAtMs?: number
}

interface Surroundings {
  readonly clock: Clock
  readonly random: () => number
  readonly redelivery: RedeliveryOptions
  /** Who is connected now, if anybody. */
  readonly host: () => TransportHost | undefined
}

const catchUpPage = 50

/** Delivers to whoever is connected; keeps everything, also what was acknowledged, for `catchUp`. */
export class Arrivals implements SimulatedArrivals {
  readonly #surroundings: Surroundings
  readonly #records: Record[] = []
  #held: Record[] | undefined

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  get all(): readonly Arrival[] {
    return this.#records
  }

  get unacknowledged(): readonly Arrival[] {
    return this.#records.filter(({ acknowledgedAtMs }) => acknowledgedAtMs === undefined)
  }

  /** A message arrives at the provider. Resolves when the first attempt to hand it to us has ended. */
  add(message: InboundMessage): Promise<void> {
    const record: Record = { message, deliveries: 0, refusals: 0 }
    this.#records.push(record)
    if (!this.#held) return this.#deliver(record)
    this.#held.push(record)
    return Promise.resolve()
  }

  hold(): void {
    this.#held ??= []
  }

  release(order: 'as-sent' | 'reversed' | 'shuffled' = 'as-sent'): void {
    const held = this.#held ?? []
    this.#held = undefined
    const ordered = { 'as-sent': () => held, reversed: () => held.toReversed(), shuffled: () => this.#shuffle(held) }
    for (const record of ordered[order]()) void this.#deliver(record)
  }

  redeliver({ id }: { readonly id: string }): void {
    const record = this.#records.find(({ message }) => message.id === id)
    if (!record) throw new Error(`No message with the id "${id}" was ever sent, so it cannot be delivered again.`)
    void this.#deliver(record)
  }

  /** What nobody acknowledged comes again: for a provider that cannot be asked. */
  deliverBacklog(): void {
    for (const record of this.#records) {
      if (record.acknowledgedAtMs === undefined && !this.#held?.includes(record)) void this.#deliver(record)
    }
  }

  /** Hands over everything that was sent since `sinceMs`, known or not, a page at a time. */
  async catchUp(
    host: TransportHost,
    options: { readonly sinceMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const records = this.#records.filter(({ message }) => message.sentAtMs >= options.sinceMs)
    for (let start = 0; start < records.length; start += catchUpPage) {
      options.signal.throwIfAborted()
      const page = records.slice(start, start + catchUpPage)
      for (const record of page) record.deliveries += 1
      await host.receive(page.map(({ message }) => structuredClone(message)))
      this.#acknowledge(page)
    }
  }

  async #deliver(record: Record): Promise<void> {
    const host = this.#surroundings.host()
    // Nobody is connected: the provider keeps it until somebody is.
    if (!host) return
    record.deliveries += 1
    try {
      await host.receive([structuredClone(record.message)])
      this.#acknowledge([record])
    } catch {
      this.#deliverLater(record, host)
    }
  }

  #deliverLater(record: Record, host: TransportHost): void {
    const { clock, redelivery } = this.#surroundings
    const { firstDelayMs = 1000, maxDelayMs = 60_000 } = redelivery
    const delayMs = Math.min(firstDelayMs * 2 ** record.refusals, maxDelayMs)
    record.refusals += 1
    clock.after(delayMs, () => {
      const isDone = record.acknowledgedAtMs !== undefined
      if (!isDone && this.#surroundings.host() === host) void this.#deliver(record)
    })
  }

  #acknowledge(records: readonly Record[]): void {
    for (const record of records) record.acknowledgedAtMs ??= this.#surroundings.clock.now()
  }

  #shuffle(records: readonly Record[]): Record[] {
    return shuffled(records, this.#surroundings.random)
  }
}
