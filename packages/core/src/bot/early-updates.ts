import { type ChannelKey, channelId } from '../conversation.ts'
import type { DeliveryUpdate } from '../transport.ts'

/** Enough for all that can be on its way. */
const mostKept = 10_000

/**
 * What providers told about messages before they answered the send, by which we learn their ids. Only in memory: it is about
 * sends on their way, which a crash leaves uncertain anyway.
 */
export class EarlyUpdates {
  readonly #byId = new Map<string, DeliveryUpdate[]>()

  keep(channel: ChannelKey, updates: readonly DeliveryUpdate[]): void {
    for (const update of updates) {
      if (update.providerId === undefined) continue
      const id = `${channelId(channel)}/${update.providerId}`
      const kept = this.#byId.get(id)
      if (kept) kept.push(update)
      else this.#byId.set(id, [update])
    }
    for (const oldest of this.#byId.keys()) {
      if (this.#byId.size <= mostKept) break
      this.#byId.delete(oldest)
    }
  }

  /** Hands out what was told about the message, once. */
  take(channel: ChannelKey, providerId: string): readonly DeliveryUpdate[] {
    const id = `${channelId(channel)}/${providerId}`
    const kept = this.#byId.get(id) ?? []
    this.#byId.delete(id)
    return kept
  }
}
