import type { InboundMessageInput } from '@wa-agent/core'
import type { AisensyMessage, MessageContent } from './payloads.ts'

/** What every message has, whatever its type. */
export type MessageBase = Pick<
  Extract<InboundMessageInput, { type: 'text' }>,
  'id' | 'chat' | 'from' | 'fromMe' | 'automated' | 'sentAtMs' | 'replyTo'
>

/** What AiSensy documents or was seen to send, and the names that the same has in Meta's format. */
const kinds = {
  TEXT: textMessage,
  QUICK_REPLY: quickReply,
  BUTTON: quickReply,
  BUTTON_REPLY: selection,
  LIST_REPLY: selection,
  INTERACTIVE: selection,
  IMAGE: captioned('image'),
  VIDEO: captioned('video'),
  FILE: captioned('document'),
  DOCUMENT: captioned('document'),
  AUDIO: audio,
  VOICE: audio,
  STICKER: sticker,
  LOCATION: location,
  CONTACT: contacts,
  CONTACTS: contacts,
  REACTION: reaction,
  ORDER: order,
} as const

type Reader = (base: MessageBase, content: MessageContent, message: AisensyMessage) => InboundMessageInput | undefined

/** The message with its content; `unsupported` where the type is unknown or lacks what makes it one. */
export function withContent(base: MessageBase, message: AisensyMessage): InboundMessageInput {
  const kind = message.message_type?.toUpperCase() ?? ''
  const reader: Reader | undefined = Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds] : undefined
  const originalType = message.message_type?.toLowerCase() ?? 'unknown'
  return reader?.(base, message.message_content, message) ?? { ...base, type: 'unsupported', originalType }
}

function textMessage(base: MessageBase, content: MessageContent): InboundMessageInput | undefined {
  const text = wordsOf(content)
  return text === undefined ? undefined : { ...base, type: 'text', text }
}

/** A button of a template: what it says, and what the template's author put behind it. */
function quickReply(base: MessageBase, content: MessageContent): InboundMessageInput | undefined {
  const title = wordsOf(content) ?? content.title
  const id = content.callbackPayload ?? content.payload ?? content.id ?? title
  if (id === undefined) return undefined
  return { ...base, type: 'selection', selection: { id, title: title ?? id }, source: 'button' }
}

/** Only `title` is certain: where no id is found the title stands for it. */
function selection(
  base: MessageBase,
  content: MessageContent,
  message: AisensyMessage,
): InboundMessageInput | undefined {
  const nested = content.button_reply ?? content.list_reply
  const title = nested?.title ?? content.title ?? wordsOf(content)
  const id = nested?.id || content.id || content.payload || content.callbackPayload || content.postbackText || title
  if (!id) return undefined
  const isList = message.message_type?.toUpperCase() === 'LIST_REPLY' || content.list_reply !== undefined
  return { ...base, type: 'selection', selection: { id, title: title ?? id }, source: isList ? 'list' : 'button' }
}

function captioned(type: 'image' | 'video' | 'document'): Reader {
  return (base, content) => {
    const media = mediaOf(content)
    return media && { ...base, type, media, caption: content.caption ?? wordsOf(content) }
  }
}

function audio(base: MessageBase, content: MessageContent): InboundMessageInput | undefined {
  const media = mediaOf(content)
  // WhatsApp records voice notes with Opus; files keep the codec that they had.
  return media && { ...base, type: 'audio', media, voice: content.voice ?? /opus/i.test(media.mimeType ?? '') }
}

function sticker(base: MessageBase, content: MessageContent): InboundMessageInput | undefined {
  const media = mediaOf(content)
  return media && { ...base, type: 'sticker', media, animated: content.animated ?? false }
}

function location(base: MessageBase, content: MessageContent): InboundMessageInput | undefined {
  const { latitude, longitude, name, address } = content
  if (latitude === undefined || longitude === undefined) return undefined
  return { ...base, type: 'location', latitude, longitude, name, address }
}

function contacts(base: MessageBase, content: MessageContent): InboundMessageInput | undefined {
  return (
    content.contacts && {
      ...base,
      type: 'contacts',
      contacts: content.contacts.map(({ name, phones = [], emails = [] }) => ({
        name: typeof name === 'object' ? (name.formatted_name ?? name.first_name ?? '') : (name ?? ''),
        phones: phones
          .map((phone) => (typeof phone === 'object' ? (phone.phone ?? phone.wa_id) : phone))
          .filter(isSaid),
        emails: emails.map((email) => (typeof email === 'object' ? email.email : email)).filter(isSaid),
      })),
    }
  )
}

function reaction(base: MessageBase, content: MessageContent): InboundMessageInput | undefined {
  const to = content.message_id ?? content.messageId ?? base.replyTo?.id
  return to === undefined ? undefined : { ...base, type: 'reaction', emoji: content.emoji ?? '', to }
}

function order(base: MessageBase, content: MessageContent): InboundMessageInput | undefined {
  if (!content.product_items) return undefined
  const items = content.product_items.flatMap(({ product_retailer_id, quantity, item_price, currency }) =>
    product_retailer_id === undefined
      ? []
      : [{ productId: product_retailer_id, quantity: quantity ?? 1, price: item_price, currency }],
  )
  return { ...base, type: 'order', catalogId: content.catalog_id, text: wordsOf(content), items }
}

function mediaOf(content: MessageContent) {
  const reference = content.url ?? content.id
  if (reference === undefined) return undefined
  return {
    reference,
    mimeType: content.mimeType ?? content.mime_type,
    fileName: content.fileName ?? content.filename,
  }
}

function wordsOf({ text, body }: MessageContent): string | undefined {
  return (typeof text === 'object' ? text.body : text) ?? body
}

function isSaid(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
