import type { OfferedChoice } from '../conversation.ts'
import type { OutboundMedia, OutboundMessage } from '../message.ts'
import type { Capabilities } from '../transport.ts'
import { splitText } from './split-text.ts'

/** What a message becomes on a transport, and the choices that it offers. */
export interface AdaptedMessage {
  /** Empty where the transport has nothing like it and nothing is lost by silence (a reaction). */
  readonly messages: readonly OutboundMessage[]
  /** Set where the message offers choices, also as real buttons: customers type "2" anyway. */
  readonly choices?: readonly OfferedChoice[]
}

/**
 * Turns a message into what `capabilities` can carry: choices become a numbered text, a long text several, a file that
 * cannot be sent a link. What cannot be turned into anything stays as it is, and the sender makes a dead letter of it.
 */
export function adaptMessage(message: OutboundMessage, capabilities: Capabilities): AdaptedMessage {
  const quoted = capabilities.quotes ? message : withoutQuote(message)
  const able = capabilities.types.includes(quoted.type)
  switch (quoted.type) {
    case 'text':
      return { messages: texts(quoted.text, capabilities, quoted) }
    case 'buttons': {
      const choices = quoted.buttons.map(({ id, title }) => ({ id, title }))
      const fits =
        able && quoted.buttons.length <= capabilities.maxButtons && quoted.text.length <= capabilities.maxTextLength
      return { messages: fits ? [quoted] : numbered(quoted, quoted.buttons, capabilities), choices }
    }
    case 'list': {
      const rows = quoted.sections.flatMap((section) => section.rows)
      const fits = able && rows.length <= capabilities.maxListRows && quoted.text.length <= capabilities.maxTextLength
      const choices = rows.map(({ id, title }) => ({ id, title }))
      return { messages: fits ? [quoted] : numbered(quoted, rows, capabilities), choices }
    }
    case 'image':
    case 'video':
    case 'document':
      return { messages: able ? captioned(quoted, capabilities) : linked(quoted, capabilities) }
    case 'location': {
      const { latitude, longitude, name, address } = quoted
      const lines = [name, address, `https://maps.google.com/?q=${latitude},${longitude}`]
      return { messages: able ? [quoted] : texts(lines.filter(Boolean).join('\n'), capabilities, quoted) }
    }
    case 'contacts': {
      const lines = quoted.contacts.map(({ name, phones, emails }) => [name, ...phones, ...emails].join(', '))
      return { messages: able ? [quoted] : texts(lines.join('\n'), capabilities, quoted) }
    }
    case 'reaction':
    case 'sticker':
      return { messages: able ? [quoted] : [] }
    case 'audio':
    case 'template':
      return { messages: [quoted] }
  }
}

function withoutQuote(message: OutboundMessage): OutboundMessage {
  if (message.replyTo === undefined) return message
  const { replyTo: _, ...rest } = message
  return rest
}

type Quote = Pick<OutboundMessage, 'replyTo'>

function texts(text: string, capabilities: Capabilities, { replyTo }: Quote): OutboundMessage[] {
  const parts = text.length <= capabilities.maxTextLength ? [text] : splitText(text, capabilities.maxTextLength)
  // Only the first part quotes: a quotation on each would read as several answers.
  return parts.map((part, index) => ({ type: 'text', text: part, ...(index === 0 && replyTo ? { replyTo } : {}) }))
}

type Choosable = Extract<OutboundMessage, { type: 'buttons' | 'list' }>
type Row = OfferedChoice & { readonly description?: string | undefined }

function numbered(message: Choosable, rows: readonly Row[], capabilities: Capabilities): OutboundMessage[] {
  const lines = rows.map(
    ({ title, description }, index) => `${index + 1}. ${title}${description ? ` - ${description}` : ''}`,
  )
  const text = [message.text, lines.join('\n'), message.footer].filter(Boolean).join('\n\n')
  return texts(text, capabilities, message)
}

type Captioned = Extract<OutboundMessage, { type: 'image' | 'video' | 'document' }>

/** A caption that is too long follows as a text of its own. */
function captioned(message: Captioned, capabilities: Capabilities): OutboundMessage[] {
  if (message.caption === undefined || message.caption.length <= capabilities.maxCaptionLength) return [message]
  const { caption, ...bare } = message
  return [bare, ...texts(caption, capabilities, {})]
}

function linked(message: Captioned, capabilities: Capabilities): OutboundMessage[] {
  const url = urlOf(message.media)
  if (url === undefined) return [message]
  return texts([message.caption, url].filter(Boolean).join('\n'), capabilities, message)
}

function urlOf(media: OutboundMedia): string | undefined {
  return 'url' in media ? media.url : undefined
}
