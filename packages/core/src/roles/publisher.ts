import type { Clock } from '../clock.ts'
import { isWaAgentError, WaAgentError } from '../errors.ts'
import type { Queue, QueueJob } from '../queue.ts'
import { withinTime } from '../within-time.ts'

/** So many jobs go to the broker at once. */
const mostAtOnce = 256

interface Waiting {
  readonly job: QueueJob
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** What a publisher works with. */
export interface PublisherOptions {
  readonly queue: Queue
  readonly clock: Clock
  /** How long the broker may take before the caller is told that it is away. */
  readonly timeoutMs: number
}

/** Publishes jobs of many callers together: what comes while the broker has some in hand goes out with the next ones. */
export class Publisher {
  readonly #options: PublisherOptions
  readonly #waiting: Waiting[] = []
  #publishing: Promise<void> | undefined

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** Resolves once it is in the queue. Rejects as `Queue.publish` does, or with a retryable `queue_unavailable`. */
  publish(job: QueueJob): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ job, done, failed })
      this.#publishing ??= this.#publishAll()
    })
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await this.#publishing
  }

  async #publishAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, mostAtOnce)
      try {
        await this.#publishInTime(batch.map(({ job }) => job))
        for (const { done } of batch) done()
      } catch (error) {
        // Who waits behind a broker that hangs has waited as long.
        const late = isAway(error) ? this.#waiting.splice(0) : []
        for (const { failed } of [...batch, ...late]) failed(error)
      }
    }
    this.#publishing = undefined
  }

  #publishInTime(jobs: readonly QueueJob[]): Promise<void> {
    const { queue, clock, timeoutMs } = this.#options
    const limit = { clock, timeoutMs, signal: undefined, timeoutError: () => away(timeoutMs) }
    return withinTime(() => queue.publish(jobs), limit)
  }
}

function isAway(error: unknown): boolean {
  return isWaAgentError(error) && error.code === 'queue_unavailable'
}

function away(timeoutMs: number): WaAgentError {
  return new WaAgentError(
    'queue_unavailable',
    `The queue did not answer within ${timeoutMs} ms. Look at the broker; what the provider delivers again is taken then.`,
    { retryable: true },
  )
}
