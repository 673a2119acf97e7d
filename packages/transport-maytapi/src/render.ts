import type { Delivery, OutboundMedia, OutboundMessage } from '@wa-agent/core'
import { writeCard } from '@wa-agent/transport-kit'

/** How a message is written. */
export interface RenderOptions {
  /** The file of the message: a URL, or its bytes as a `data:` URL. */
  readonly file?: string | undefined
  /** Whether Maytapi's filter against repetition is passed. */
  readonly skipFilter: boolean
}

/** The body of `POST /{product}/{phone}/sendMessage`; `undefined` for what Maytapi has nothing like. */
export function renderMaytapi(delivery: Delivery, options: RenderOptions): Record<string, unknown> | undefined {
  const { chat, message } = delivery
  const content = contentOf(message, options.file)
  if (!content) return undefined
  const replyTo = message.replyTo === undefined ? {} : { reply_to: message.replyTo.id }
  return { to_number: addressOf(chat), ...replyTo, ...content, ...(options.skipFilter ? { skip_filter: true } : {}) }
}

/** A number is written without symbols, an id of a chat as it is. */
function addressOf(chat: string): string {
  return /^\+?[\d\s().-]+$/.test(chat) ? chat.replace(/\D/g, '') : chat
}

/** The file that a message carries. */
export function mediaOf(message: OutboundMessage): OutboundMedia | undefined {
  return 'media' in message ? message.media : undefined
}

function contentOf(message: OutboundMessage, file: string | undefined): Record<string, unknown> | undefined {
  switch (message.type) {
    case 'text':
      return { type: 'text', message: message.text }
    case 'image':
    case 'video':
    case 'document':
      return {
        type: 'media',
        message: file,
        ...fileName(message),
        ...(message.caption ? { text: message.caption } : {}),
      }
    case 'audio':
      return { type: 'media', message: file, ...fileName(message) }
    case 'sticker':
      return { type: 'sticker', message: file }
    case 'location': {
      const label = [message.name, message.address].filter(Boolean).join(', ')
      // As text, which is how Maytapi's own example writes them.
      return { type: 'location', text: label, latitude: `${message.latitude}`, longitude: `${message.longitude}` }
    }
    case 'contacts':
      return contactsOf(message)
    case 'reaction':
      return { type: 'reaction', message: message.emoji, reply_to: message.to }
    case 'buttons': {
      const buttons = message.buttons.map(({ id, title }) => ({ id, text: title }))
      return { type: 'buttons', message: message.text, ...(message.footer ? { footer: message.footer } : {}), buttons }
    }
    case 'list':
    case 'template':
      return undefined
  }
}

/** One card is one message at Maytapi; more than one is written out, so that a reply stays one message. */
function contactsOf({ contacts }: Extract<OutboundMessage, { type: 'contacts' }>): Record<string, unknown> {
  const [contact] = contacts
  if (contact && contacts.length === 1) {
    return { type: 'vcard', message: { displayName: contact.name, vcard: writeCard(contact) } }
  }
  const lines = contacts.map(({ name, phones, emails }) => [name, ...phones, ...emails].filter(Boolean).join(', '))
  return { type: 'text', message: lines.join('\n') }
}

function fileName(message: OutboundMessage): { readonly filename?: string } {
  const name = mediaOf(message)?.fileName
  return name === undefined ? {} : { filename: name }
}
