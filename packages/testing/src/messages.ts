import { type InboundMessage, type InboundMessageInput, type MediaReference, parseInboundMessage } from '@wa-agent/core'

/** Who writes: the id alone, or the contact with its name and its other ids. */
export type Sender = string | InboundMessageInput['from']

/** What every builder lets you choose; the rest is filled in. */
export interface InboundDetails {
  /** Default `m1`, `m2`, ... */
  readonly id?: string
  /** Default: the sender's id. */
  readonly chat?: string
  /** Default: the builder's sender. */
  readonly from?: Sender
  readonly fromMe?: boolean
  readonly isGroup?: boolean
  /** Milliseconds since 1970. Default: a second after the builder's last message. */
  readonly sentAtMs?: number
  /** The id of the message that it quotes. */
  readonly replyTo?: string
}

/** Details of a message with a file; the file's reference is `media-<id>` unless you choose one. */
export interface InboundFileDetails extends InboundDetails, Partial<MediaReference> {}

/** Details of a file that can have a caption. */
export interface InboundCaptionedDetails extends InboundFileDetails {
  readonly caption?: string
}

/** How a set of builders is made. */
export interface InboundBuilderOptions {
  /** What ids begin with. Default `m`. */
  readonly idPrefix?: string
  /** Who writes unless a message says otherwise. Default `customer`. */
  readonly from?: Sender
  /** When the first message is sent, in milliseconds since 1970. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number
}

type Message<Type extends InboundMessage['type']> = Extract<InboundMessage, { type: Type }>
type Order = Extract<InboundMessageInput, { type: 'order' }>
type Card = Extract<InboundMessageInput, { type: 'contacts' }>['contacts'][number]

/** A builder for each type of message that a customer can send. */
export interface InboundBuilder {
  text(text: string, details?: InboundDetails): Message<'text'>
  image(details?: InboundCaptionedDetails): Message<'image'>
  video(details?: InboundCaptionedDetails): Message<'video'>
  audio(details?: InboundFileDetails & { readonly voice?: boolean }): Message<'audio'>
  document(details?: InboundCaptionedDetails): Message<'document'>
  sticker(details?: InboundFileDetails & { readonly animated?: boolean }): Message<'sticker'>
  location(
    place: { readonly latitude: number; readonly longitude: number; readonly name?: string; readonly address?: string },
    details?: InboundDetails,
  ): Message<'location'>
  contacts(contacts: readonly Card[], details?: InboundDetails): Message<'contacts'>
  /** `to` is the id of the message reacted to; an empty emoji takes the reaction back. */
  reaction(reaction: { readonly emoji: string; readonly to: string }, details?: InboundDetails): Message<'reaction'>
  /** A button, or with `source: 'list'` a list row, that the customer chose. */
  selection(
    selection: { readonly id: string; readonly title: string; readonly source?: 'button' | 'list' },
    details?: InboundDetails,
  ): Message<'selection'>
  order(
    order: Pick<Order, 'items'> & { readonly catalogId?: string; readonly text?: string },
    details?: InboundDetails,
  ): Message<'order'>
  unsupported(originalType: string, details?: InboundDetails): Message<'unsupported'>
}

/**
 * Makes a set of builders with its own ids and its own time, so that each test sees the same ones. What they build has
 * gone through core's own parser: a mistake in a test is an error here and not a mystery later.
 */
export function inboundBuilder(options: InboundBuilderOptions = {}): InboundBuilder {
  const { idPrefix = 'm', from: sender = 'customer', startMs = Date.UTC(2026, 0, 1) } = options
  let count = 0

  function base(details: InboundDetails) {
    count += 1
    const from = contact(details.from ?? sender)
    const { id = `${idPrefix}${count}`, chat = from.id, sentAtMs = startMs + (count - 1) * 1000 } = details
    const { fromMe = false, isGroup = false, replyTo } = details
    return { id, chat, from, fromMe, isGroup, sentAtMs, ...(replyTo === undefined ? {} : { replyTo: { id: replyTo } }) }
  }

  function build<Type extends InboundMessage['type']>(type: Type, details: InboundDetails, content: object) {
    return parseInboundMessage({ ...content, ...base(details), type }) as Message<Type>
  }

  function withFile<Type extends InboundMessage['type']>(type: Type, details: InboundFileDetails, content: object) {
    const {
      mimeType,
      fileName,
      sizeBytes,
      sha256,
      reference = `media-${details.id ?? `${idPrefix}${count + 1}`}`,
    } = details
    return build(type, details, { ...content, media: { reference, mimeType, fileName, sizeBytes, sha256 } })
  }

  return {
    text: (text, details = {}) => build('text', details, { text }),
    image: (details = {}) => withFile('image', { mimeType: 'image/jpeg', ...details }, { caption: details.caption }),
    video: (details = {}) => withFile('video', { mimeType: 'video/mp4', ...details }, { caption: details.caption }),
    audio: (details = {}) => withFile('audio', { mimeType: 'audio/ogg', ...details }, { voice: details.voice }),
    document: (details = {}) =>
      withFile('document', { mimeType: 'application/pdf', ...details }, { caption: details.caption }),
    sticker: (details = {}) =>
      withFile('sticker', { mimeType: 'image/webp', ...details }, { animated: details.animated }),
    location: (place, details = {}) => build('location', details, place),
    contacts: (contacts, details = {}) => build('contacts', details, { contacts }),
    reaction: (reaction, details = {}) => build('reaction', details, reaction),
    selection: ({ id, title, source }, details = {}) =>
      build('selection', details, { selection: { id, title }, source }),
    order: (order, details = {}) => build('order', details, order),
    unsupported: (originalType, details = {}) => build('unsupported', details, { originalType }),
  }
}

/** Builders with default settings, for tests that need a message or two. Ids count up within the process. */
export const inbound: InboundBuilder = inboundBuilder()

function contact(sender: Sender): InboundMessageInput['from'] {
  return typeof sender === 'string' ? { id: sender } : sender
}
