import { type QueueJob, systemClock, waitFor } from '@wa-agent/core'
import { Worker } from 'bullmq'

/** A pause after a question that Redis refuses. BullMQ would ask again at once, some thousand times a second. */
const pauseMs = 1000

/** A worker that does not ask on and on. */
export class CalmWorker extends Worker<QueueJob> {
  readonly #closing = new AbortController()

  protected override async moveToActive(token: string, name?: string) {
    try {
      return await super.moveToActive(token, name)
    } catch (error) {
      await waitFor(systemClock, pauseMs, this.#closing.signal)
      throw error
    }
  }

  override close(force?: boolean): Promise<void> {
    this.#closing.abort()
    return super.close(force)
  }
}
