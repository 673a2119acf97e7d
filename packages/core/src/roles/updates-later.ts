import type { Clock } from '../clock.ts'
import type { ChannelKey } from '../conversation.ts'
import { describeError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Storage } from '../storage.ts'
import type { DeliveryUpdate } from '../transport.ts'

/** What a provider tells may be faster than its own answer, which another process is just recording. */
const againAfterMs = [2000, 10_000]
/** So many wait at most; what is more is not told again. */
const mostWaiting = 10_000

/** What updates are recorded with. */
export interface UpdatesLaterOptions {
  readonly storage: Storage
  readonly channel: ChannelKey
  readonly clock: Clock
  readonly logger: Logger
}

/** Records what a provider tells, and what is about no reply that is known once more a little later. */
export class UpdatesLater {
  readonly #options: UpdatesLaterOptions
  readonly #timers = new Set<() => void>()
  #waiting = 0

  constructor(options: UpdatesLaterOptions) {
    this.#options = options
  }

  /** Resolves once what is known is durable. */
  async track(updates: readonly DeliveryUpdate[], round = 0): Promise<void> {
    const { storage, channel, clock, logger } = this.#options
    const results = await storage.track(channel, updates)
    const unknown = updates.filter((_, index) => results[index]?.status === 'unknown')
    const delayMs = againAfterMs[round]
    if (unknown.length === 0 || delayMs === undefined || this.#waiting + unknown.length > mostWaiting) return
    this.#waiting += unknown.length
    const cancel = clock.after(delayMs, () => {
      this.#timers.delete(cancel)
      this.#waiting -= unknown.length
      this.track(unknown, round + 1).catch((error: unknown) =>
        logger.warn({ ...channel, error: describeError(error) }, 'what a provider told late could not be recorded'),
      )
    })
    this.#timers.add(cancel)
  }

  stop(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#waiting = 0
  }
}
