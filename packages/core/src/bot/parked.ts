import { type ChannelKey, type ConversationKey, channelId, conversationId } from '../conversation.ts'

/** So many conversations per slot may wait in memory, about. What is more is postponed in the storage. */
const parkedPerSlot = 100

/**
 * Conversations whose replies wait until their channel is connected: nobody looks at them meanwhile. Only in memory, since
 * whoever starts anew finds them due.
 */
export class Parked {
  readonly #byChannel = new Map<string, Map<string, ConversationKey>>()
  readonly #ids = new Set<string>()
  readonly #most: number

  constructor(concurrency: number) {
    this.#most = concurrency * parkedPerSlot
  }

  /** As `conversationId` writes them. */
  get ids(): ReadonlySet<string> {
    return this.#ids
  }

  has(conversation: ConversationKey): boolean {
    return this.#ids.has(conversationId(conversation))
  }

  get isFull(): boolean {
    return this.#ids.size >= this.#most
  }

  add(conversation: ConversationKey): void {
    const id = conversationId(conversation)
    const channel = channelId(conversation)
    const parked = this.#byChannel.get(channel) ?? new Map<string, ConversationKey>()
    this.#byChannel.set(channel, parked.set(id, conversation))
    this.#ids.add(id)
  }

  /** Lets those of a channel go, in the order in which they came. */
  release(channel: ChannelKey): readonly ConversationKey[] {
    const parked = this.#byChannel.get(channelId(channel))
    this.#byChannel.delete(channelId(channel))
    for (const id of parked?.keys() ?? []) this.#ids.delete(id)
    return [...(parked?.values() ?? [])]
  }

  clear(): void {
    this.#byChannel.clear()
    this.#ids.clear()
  }
}
