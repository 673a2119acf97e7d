import {
  type Clock,
  type ContactAlias,
  type InboundMessage,
  type InboundMessageInput,
  parseInboundMessage,
} from '@wa-agent/core'
import type { Arrivals } from './arrivals.ts'
import type { ChatMessage, Chats } from './chats.ts'
import type { MediaShelf } from './media-shelf.ts'

type Given = 'id' | 'chat' | 'from' | 'sentAtMs'
type WithDefaults<Message> = Message extends unknown
  ? Omit<Message, Given> & Partial<Pick<InboundMessageInput, Given>>
  : never

/** A message as a test writes it: id, chat, sender and time are filled in unless they are given. */
export type CustomerMessage = WithDefaults<InboundMessageInput>

/** What may be said along with a text. */
export type TextDetails = Omit<Extract<CustomerMessage, { type: 'text' }>, 'type' | 'text'>

/** A file that a customer sends. */
export interface CustomerFile {
  readonly type: 'image' | 'video' | 'audio' | 'document' | 'sticker'
  readonly bytes: Uint8Array
  readonly mimeType?: string
  readonly fileName?: string
  readonly caption?: string
  /** The size that the provider announces. Default: the real one. */
  readonly sizeBytes?: number
}

/** Who a customer is. */
export interface CustomerOptions {
  /** The name that the provider shows. Default: none. */
  readonly name?: string
  /** The customer's other ids; every message carries them, so that the conversations of one person can be joined. */
  readonly aliases?: readonly ContactAlias[]
  /** What kind of id the first one is, for when the customer writes under another. Default `phone`. */
  readonly kind?: ContactAlias['kind']
}

/** A customer whom a test plays. What it sends arrives at once, or when the bot is connected again. */
export interface SimulatedCustomer {
  /** The id under which it writes now. */
  readonly id: string
  says(text: string, details?: TextDetails): InboundMessage
  sends(message: CustomerMessage): InboundMessage
  /** Several messages in the same instant, in this order. */
  burst(messages: readonly (string | CustomerMessage)[]): InboundMessage[]
  sendsFile(file: CustomerFile): InboundMessage
  /** Reacts to a message, its own or one that it received; '' takes the reaction back. */
  reacts(emoji: string, to: { readonly id: string }): InboundMessage
  /** Presses the button, or picks the row, that was offered last under this id or title. Throws where none was. */
  chooses(idOrTitle: string): InboundMessage
  /** From now on it writes under this id, which must be its own or one of its aliases. */
  writesAs(id: string): void
  /** Everything that arrived in its chat, in order: from the bot and from the owner. */
  readonly received: readonly ChatMessage[]
  /** The texts of `received`. */
  readonly texts: readonly string[]
  /** The next message that `next` has not given yet; waits for it where there is none. */
  next(): Promise<ChatMessage>
}

interface Provider {
  readonly clock: Clock
  readonly chats: Chats
  readonly arrivals: Arrivals
  readonly media: MediaShelf
  readonly nextInboundId: () => string
}

/** A customer at the simulated provider. */
export class Customer implements SimulatedCustomer {
  readonly #provider: Provider
  readonly #ids: ReadonlyMap<string, ContactAlias['kind']>
  readonly #chats: ReadonlySet<string>
  readonly #name: string | undefined
  #id: string
  #taken = 0

  constructor(provider: Provider, id: string, options: CustomerOptions = {}) {
    const { name, aliases = [], kind = 'phone' } = options
    this.#provider = provider
    this.#id = id
    this.#name = name
    this.#ids = new Map([[id, kind], ...aliases.map((alias) => [alias.value, alias.kind] as const)])
    this.#chats = new Set(this.#ids.keys())
  }

  get id(): string {
    return this.#id
  }

  get received(): readonly ChatMessage[] {
    return this.#provider.chats.in(this.#chats)
  }

  get texts(): readonly string[] {
    return this.received.map(({ text }) => text)
  }

  says(text: string, details: TextDetails = {}): InboundMessage {
    return this.sends({ ...details, type: 'text', text })
  }

  sends(message: CustomerMessage): InboundMessage {
    const { clock, arrivals, nextInboundId } = this.#provider
    const base = { id: nextInboundId(), chat: this.#id, from: this.#contact(), sentAtMs: clock.now() }
    const complete = parseInboundMessage({ ...base, ...message })
    void arrivals.add(complete)
    return complete
  }

  burst(messages: readonly (string | CustomerMessage)[]): InboundMessage[] {
    return messages.map((message) => (typeof message === 'string' ? this.says(message) : this.sends(message)))
  }

  sendsFile({ type, bytes, mimeType, fileName, caption, sizeBytes = bytes.byteLength }: CustomerFile): InboundMessage {
    const reference = this.#provider.media.put(bytes)
    return this.sends({ type, media: { reference, mimeType, fileName, sizeBytes }, caption } as CustomerMessage)
  }

  reacts(emoji: string, to: { readonly id: string }): InboundMessage {
    return this.sends({ type: 'reaction', emoji, to: to.id })
  }

  chooses(idOrTitle: string): InboundMessage {
    for (const { id, message } of this.received.toReversed()) {
      const offered = offeredBy(message)
      const chosen = offered.choices.find((choice) => choice.id === idOrTitle || choice.title === idOrTitle)
      if (!chosen) continue
      const selection = { id: chosen.id, title: chosen.title }
      return this.sends({ type: 'selection', selection, source: offered.source, replyTo: { id } })
    }
    throw new Error(`The customer was never offered "${idOrTitle}", so it cannot choose it.`)
  }

  writesAs(id: string): void {
    if (!this.#ids.has(id)) throw new Error(`"${id}" is none of this customer's ids; name it in \`aliases\`.`)
    this.#id = id
  }

  async next(): Promise<ChatMessage> {
    const index = this.#taken
    this.#taken += 1
    return this.#provider.chats.at(this.#chats, index)
  }

  #contact(): InboundMessageInput['from'] {
    const others = [...this.#ids].filter(([value]) => value !== this.#id)
    return { id: this.#id, name: this.#name, aliases: others.map(([value, kind]) => ({ kind, value })) }
  }
}

type Offered = {
  readonly source: 'button' | 'list'
  readonly choices: readonly { readonly id: string; readonly title: string }[]
}

function offeredBy(message: ChatMessage['message']): Offered {
  if (message.type === 'buttons') return { source: 'button', choices: message.buttons }
  if (message.type === 'list') return { source: 'list', choices: message.sections.flatMap((section) => section.rows) }
  return { source: 'button', choices: [] }
}
