import {
  type Delivery,
  type InboundMessage,
  type InboundMessageInput,
  type OutboundMessage,
  textOf,
} from '@wa-agent/core'

/** A message as it was given to Maytapi. */
export interface SentMessage {
  readonly delivery: Delivery
  readonly body: Readonly<Record<string, unknown>>
}

interface OwnMessage {
  readonly replyId: string
  readonly chat: string
  /** How its echo may look. */
  readonly looks: readonly string[]
  readonly atMs: number
  echoed: boolean
}

/** An echo comes within seconds; the queue of a phone that was away for a moment takes longer. */
const rememberedMs = 15 * 60_000
const mostRemembered = 5000

/**
 * What this process sent lately. Maytapi names a message by an id of its own and its echo (`fromMe`) by WhatsApp's. To tell
 * our own reply from the owner's hand, an echo gets the id that `send` resolved with: by the pair that an acknowledgement
 * tells, else by its words.
 */
export class OwnMessages {
  readonly #sending = new Set<OwnMessage>()
  readonly #sent = new Map<string, OwnMessage>()
  readonly #byEcho = new Map<string, string>()

  /** A send begins; call what it returns with what Maytapi answered, if anything. */
  begin({ delivery, body }: SentMessage, nowMs: number): (providerId: string | undefined) => void {
    const { id: replyId, chat, message } = delivery
    const own = { replyId, chat, looks: looksOf(message, body), atMs: nowMs, echoed: false }
    this.#sending.add(own)
    return (providerId) => {
      this.#sending.delete(own)
      if (providerId !== undefined) this.#remember(providerId, own)
    }
  }

  /** Learns from an acknowledgement that the two are one message. */
  pair({ rxid, msgId }: { readonly rxid: string; readonly msgId: string }): void {
    // Already known by this id.
    if (this.#byEcho.get(rxid) === rxid) return
    forgetOldest(this.#byEcho, mostRemembered)
    this.#byEcho.set(rxid, msgId)
  }

  /** Our id of the reply that Maytapi knows by this one. */
  replyOf(providerId: string | undefined): string | undefined {
    return providerId === undefined ? undefined : this.#sent.get(providerId)?.replyId
  }

  /** The message itself, or with the id of the one of ours that it is the echo of. */
  recognise(message: InboundMessageInput, nowMs: number): InboundMessageInput {
    if (!message.fromMe) return message
    const id = this.#byEcho.get(message.id) ?? this.#byLook(message, nowMs)
    const own = id === undefined ? undefined : this.#sent.get(id)
    if (own) own.echoed = true
    return id === undefined ? message : { ...message, id }
  }

  /** The oldest first: echoes come in the order of sending. */
  #byLook(message: InboundMessageInput, nowMs: number): string | undefined {
    const look = lookOf(message as InboundMessage)
    const isEcho = (own: OwnMessage) =>
      !own.echoed && own.looks.includes(look) && isSameChat(own.chat, message.chat) && nowMs - own.atMs < rememberedMs
    for (const [id, own] of this.#sent) {
      if (!isEcho(own)) continue
      // Delivered again, it is the same echo.
      this.pair({ rxid: message.id, msgId: id })
      return id
    }
    // While the answer to the send is on its way the engine knows it by its words, and from then on by the id of the echo.
    for (const own of this.#sending) {
      if (!isEcho(own)) continue
      own.echoed = true
      this.pair({ rxid: message.id, msgId: message.id })
      return message.id
    }
    return undefined
  }

  #remember(providerId: string, own: OwnMessage): void {
    forgetOldest(this.#sent, mostRemembered)
    for (const [id, { atMs }] of this.#sent) {
      if (own.atMs - atMs < rememberedMs) break
      this.#sent.delete(id)
    }
    this.#sent.set(providerId, own)
  }
}

function isSameChat(ours: string, theirs: string): boolean {
  return bare(ours) === bare(theirs) || theirs.endsWith('@lid')
}

/** A number may be written to with or without the suffix. */
function bare(chat: string): string {
  return chat.replace(/@c\.us$/, '').replace(/^\+/, '')
}

function looksOf(message: OutboundMessage, body: Readonly<Record<string, unknown>>): readonly string[] {
  const looks = [lookOf(message)]
  // Some things are written out as a text, and for buttons there is no type that is documented.
  if (body['type'] === 'text') looks.push(`text ${String(body['message']).trim()}`)
  if (message.type === 'buttons') looks.push(`text ${message.text.trim()}`, 'unsupported')
  return looks
}

/** The type, with the words that come back as they were sent. */
function lookOf(message: InboundMessage | OutboundMessage): string {
  switch (message.type) {
    case 'text':
    case 'image':
    case 'video':
    case 'document':
    case 'reaction':
      return `${message.type} ${textOf(message).trim()}`
    default:
      return message.type
  }
}

function forgetOldest<Value>(map: Map<string, Value>, most: number): void {
  if (map.size < most) return
  for (const key of map.keys()) return void map.delete(key)
}
