import { type Delivery, type OutboundMessage, textOf } from '@wa-agent/core'

/** A message that arrived in a customer's chat. */
export interface ChatMessage {
  /** The provider's id of it. */
  readonly id: string
  readonly chat: string
  readonly by: 'bot' | 'owner'
  readonly message: OutboundMessage
  /** What it says in words, '' where it says none. */
  readonly text: string
  /** When it arrived, in milliseconds since 1970. */
  readonly atMs: number
  /** What the bot's transport was given; absent for what the owner wrote. */
  readonly delivery?: Delivery
}

/** Everything that was said to customers, in order. A delivery that is sent twice is there twice. */
export class Chats {
  readonly messages: ChatMessage[] = []
  readonly #waiting = new Set<() => void>()
  #count = 0

  nextId(): string {
    this.#count += 1
    return `sent-${this.#count}`
  }

  add(message: Omit<ChatMessage, 'text'>): void {
    this.messages.push({ ...message, text: textOf(message.message) })
    for (const wake of [...this.#waiting]) wake()
  }

  in(chats: ReadonlySet<string>): ChatMessage[] {
    return this.messages.filter(({ chat }) => chats.has(chat))
  }

  /** Resolves with the message at `index` of those in `chats`, as soon as there are that many. */
  at(chats: ReadonlySet<string>, index: number): Promise<ChatMessage> {
    return new Promise((resolve) => {
      const look = () => {
        const message = this.in(chats)[index]
        if (!message) return
        this.#waiting.delete(look)
        resolve(message)
      }
      this.#waiting.add(look)
      look()
    })
  }
}
