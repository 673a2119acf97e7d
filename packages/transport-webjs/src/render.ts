import type { OutboundMedia, OutboundMessage } from '@wa-agent/core'
import { writeCard } from '@wa-agent/transport-kit'
import { Location, MessageMedia, type SendContent, type SendOptions } from './library.ts'
import type { LoadedFile } from './outbound-file.ts'

/** What `sendMessage` of the library takes. */
export interface Rendered {
  readonly content: SendContent
  readonly options: SendOptions
}

type Media = Extract<OutboundMessage, { media: OutboundMedia }>

export function mediaOf(message: OutboundMessage): OutboundMedia | undefined {
  return 'media' in message ? message.media : undefined
}

/**
 * A message as the library takes it; `undefined` for what WhatsApp Web does not have, and for reactions, which are sent in
 * another way. `file` is that of a message with media.
 */
export function renderWebjs(message: OutboundMessage, file: LoadedFile | undefined): Rendered | undefined {
  const options = commonOptions(message)
  switch (message.type) {
    case 'text':
      return { content: message.text, options }
    case 'image':
    case 'video':
    case 'document':
    case 'audio':
    case 'sticker':
      return file && { content: contentOf(file), options: { ...options, ...mediaOptions(message) } }
    case 'location': {
      const { latitude, longitude, name, address } = message
      const place = { ...(name ? { name } : {}), ...(address ? { address } : {}) }
      return { content: new Location(latitude, longitude, place), options }
    }
    case 'contacts':
      return contactsOf(message, options)
    case 'reaction':
    case 'template':
    case 'buttons':
    case 'list':
      return undefined
  }
}

/** Nothing is marked as seen by the way: in some pages that fails after the message has left. */
function commonOptions({ replyTo }: OutboundMessage): SendOptions {
  return { sendSeen: false, parseVCards: false, ...(replyTo ? { quotedMessageId: replyTo.id } : {}) }
}

function contentOf({ mimeType, base64, fileName }: LoadedFile): SendContent {
  return new MessageMedia(mimeType, base64, fileName ?? null)
}

function mediaOptions(message: Media): SendOptions {
  switch (message.type) {
    case 'image':
    case 'video':
      return message.caption ? { caption: message.caption } : {}
    case 'document':
      return { sendMediaAsDocument: true, ...(message.caption ? { caption: message.caption } : {}) }
    case 'audio':
      return { sendAudioAsVoice: message.voice }
    case 'sticker':
      return { sendMediaAsSticker: true }
  }
}

function contactsOf({ contacts }: Extract<OutboundMessage, { type: 'contacts' }>, options: SendOptions): Rendered {
  const cards = contacts.map((contact) => ({ displayName: contact.name, vcard: writeCard(contact) }))
  const [only] = cards
  // The library takes a card for a contact only where it is the text itself.
  if (only && cards.length === 1) return { content: only.vcard, options: { ...options, parseVCards: true } }
  return { content: '', options: { ...options, extra: { type: 'multi_vcard', vcardList: cards } } }
}
