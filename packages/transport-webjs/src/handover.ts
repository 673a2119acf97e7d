import { backoffMs, type Clock, describeError, isWaAgentError, type Logger, waitFor } from '@wa-agent/core'

const most = 100
const longestPauseMs = 30_000

export interface HandoverOptions<Item> {
  /** Resolves once they are durable. */
  readonly hand: (items: readonly Item[]) => Promise<void>
  readonly what: string
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
}

/**
 * Hands things over in the order in which they came, again and again while the storage is away. WhatsApp does not repeat
 * what it has delivered; what is still here when the process ends is fetched by the next catch-up.
 */
export class Handover<Item> {
  readonly #options: HandoverOptions<Item>
  readonly #items: Item[] = []
  readonly #stopping = new AbortController()
  #tail: Promise<void> = Promise.resolve()
  #handing: Promise<void> | undefined

  constructor(options: HandoverOptions<Item>) {
    this.#options = options
  }

  /** Takes what `prepare` makes, or nothing; what is added later comes later, however long `prepare` takes. */
  add(prepare: () => Promise<Item | undefined>): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#stopping.signal.aborted) return
      const item = await prepare().catch((error: unknown) => this.#failed(error))
      if (item === undefined || this.#stopping.signal.aborted) return
      this.#items.push(item)
      this.#handing ??= this.#hand()
    })
  }

  /** Resolves once nothing is handed over any more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#handing
  }

  async #hand(): Promise<void> {
    const { signal } = this.#stopping
    for (let attempt = 1, size = most; this.#items.length > 0 && !signal.aborted; ) {
      const items = this.#items.slice(0, size)
      try {
        await this.#options.hand(items)
        this.#items.splice(0, items.length)
        attempt = 1
      } catch (error) {
        if (signal.aborted) break
        if (isWaAgentError(error) && !error.retryable) {
          // One of them is wrong: alone it harms nobody else.
          if (items.length === 1) this.#drop(error)
          size = items.length === 1 ? most : 1
          continue
        }
        const { clock, random, logger, what } = this.#options
        logger.warn(
          { attempt, waiting: this.#items.length, error: describeError(error) },
          `${what} could not be stored yet`,
        )
        await waitFor(clock, backoffMs(attempt, { baseMs: 500, maxMs: longestPauseMs }, random), signal)
        attempt += 1
      }
    }
    this.#handing = undefined
  }

  #drop(error: unknown): void {
    this.#items.shift()
    this.#options.logger.error({ error: describeError(error) }, `${this.#options.what} could not be understood`)
  }

  #failed(error: unknown): undefined {
    this.#options.logger.error({ error: describeError(error) }, `${this.#options.what} could not be prepared`)
  }
}
