import type { ConsumeOptions, JobHandler, QueueConsumer } from '@wa-agent/core'
import type { Delivery } from './delivery.ts'
import type { Failures } from './failures.ts'
import type { Holder, InHand } from './in-hand.ts'
import type { Settings } from './options.ts'
import type { Ending, Work } from './work.ts'

export interface ConsumerParts {
  readonly settings: Settings
  readonly failures: Failures
  readonly inHand: InHand
  readonly work: Work
  /** Called once, when it takes nothing any more. */
  readonly onStop: () => void
  /** Called once, when its last handler has ended. */
  readonly onDrained: () => Promise<void>
}

/** Takes deliveries, however they come, and has at most `concurrency` of them handled at once. */
export class JobConsumer implements QueueConsumer, Holder {
  readonly concurrency: number
  readonly #handler: JobHandler
  readonly #signal: AbortSignal
  readonly #parts: ConsumerParts
  /** In hand and not begun. */
  readonly #line = new Set<Delivery>()
  /** Not due yet, with how to let go of them: they failed and are kept, or came back too early. */
  readonly #early = new Map<Delivery, () => void>()
  readonly #running = new Set<Promise<void>>()
  #resting = false
  #stopping: Promise<void> | undefined

  constructor(
    handler: JobHandler,
    { concurrency = 10, signal = new AbortController().signal }: ConsumeOptions,
    parts: ConsumerParts,
  ) {
    this.#handler = handler
    this.concurrency = concurrency
    this.#signal = signal
    this.#parts = parts
    if (signal.aborted) void this.stop()
    else signal.addEventListener('abort', this.stop)
  }

  get working(): number {
    return this.#running.size
  }

  /** How many it has in hand, begun or not. */
  get inHand(): number {
    return this.#running.size + this.#line.size + this.#early.size
  }

  get stopped(): boolean {
    return this.#stopping !== undefined
  }

  /** Gives a delivery back that nobody has time for. */
  decline(delivery: Delivery): void {
    this.#parts.failures.refused(delivery.messageId)
    delivery.settle(false)
  }

  offer(delivery: Delivery): void {
    const { inHand } = this.#parts
    // One that follows another is not given back before that one: it would come before it, to somebody else.
    if ((this.stopped || this.#resting) && !inHand.follows(delivery)) this.decline(delivery)
    else if (inHand.take(delivery, this)) this.#place(delivery)
  }

  /** Gives a delivery back that has not begun, e.g. because nobody waits for it any more. */
  giveBack(delivery: Delivery): void {
    if (this.#line.has(delivery) || this.#early.has(delivery)) this.#parts.inHand.giveBack(delivery)
  }

  /** Takes nothing new, and gives back all that has not begun, so that others get it at once. */
  rest(): void {
    this.#resting = true
    this.#parts.inHand.giveBackAll(this)
  }

  goOn(): void {
    this.#resting = false
    this.wake()
  }

  drop(delivery: Delivery): void {
    this.#early.get(delivery)?.()
    this.#early.delete(delivery)
    this.#line.delete(delivery)
    this.#parts.failures.refused(delivery.messageId)
  }

  wake(): void {
    if (this.#resting) this.#parts.inHand.giveBackAll(this)
    else this.#pump()
  }

  readonly stop = (): Promise<void> => {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#signal.removeEventListener('abort', this.stop)
    // The line is given back before anybody can offer again.
    await Promise.resolve()
    this.rest()
    this.#parts.onStop()
    await Promise.all(this.#running)
    await this.#parts.onDrained()
  }

  #place(delivery: Delivery): void {
    const { failures, settings } = this.#parts
    const earlyMs = failures.earlyMs(delivery.messageId)
    if (earlyMs === 0) {
      this.#line.add(delivery)
      this.wake()
      return
    }
    const cancel = settings.clock.after(earlyMs, () => {
      this.#early.delete(delivery)
      this.#place(delivery)
    })
    this.#early.set(delivery, cancel)
  }

  #pump(): void {
    const { inHand, work } = this.#parts
    for (const delivery of this.#line) {
      if (this.#running.size >= this.concurrency) return
      if (!inHand.isFirst(delivery)) continue
      this.#line.delete(delivery)
      inHand.begin(delivery)
      const run = work.run(delivery, this.#handler, this.#signal).then((ending) => {
        this.#running.delete(run)
        this.#ended(delivery, ending)
      })
      this.#running.add(run)
    }
  }

  #ended(delivery: Delivery, ending: Ending): void {
    const { inHand, failures } = this.#parts
    // Given back, one of a group would be overtaken by what is delivered already; and Pub/Sub would count a delivery, of which it
    // allows so many, for each few seconds that the storage is away.
    const stays = delivery.canStay && (ending === 'away' || (ending === 'failed' && delivery.group !== undefined))
    if (stays) {
      inHand.keep(delivery)
      this.#place(delivery)
    } else {
      if (ending === 'away') failures.refused(delivery.messageId)
      inHand.end(delivery, ending === 'over')
    }
    this.wake()
  }
}
