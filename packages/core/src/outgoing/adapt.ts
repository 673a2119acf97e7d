import type { OfferedChoice } from '../conversation.ts'
import type { OutboundMedia, OutboundMessage } from '../message.ts'
import { isBlank } from '../normalize.ts'
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
    case 'buttons':
      return choosable(quoted, [{ rows: quoted.buttons }], { able, capabilities, maxRows: capabilities.maxButtons })
    case 'list':
      return choosable(quoted, quoted.sections, { able, capabilities, maxRows: capabilities.maxListRows })
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
      const lines = quoted.contacts.map(({ name, phones, emails }) =>
        [name, ...phones, ...emails].filter(Boolean).join(', '),
      )
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
  if (isBlank(text)) return []
  const parts = text.length <= capabilities.maxTextLength ? [text] : splitText(text, capabilities.maxTextLength)
  // Only the first part quotes: a quotation on each would read as several answers.
  return parts.map((part, index) => ({ type: 'text', text: part, ...(index === 0 && replyTo ? { replyTo } : {}) }))
}

type Choosable = Extract<OutboundMessage, { type: 'buttons' | 'list' }>
type Row = OfferedChoice & { readonly description?: string | undefined }
interface Section {
  readonly title?: string | undefined
  readonly rows: readonly Row[]
}

function choosable(
  message: Choosable,
  sections: readonly Section[],
  { able, capabilities, maxRows }: { able: boolean; capabilities: Capabilities; maxRows: number },
): AdaptedMessage {
  const choices = sections.flatMap(({ rows }) => rows.map(({ id, title }) => ({ id, title })))
  const fits = able && choices.length <= maxRows && message.text.length <= capabilities.maxTextLength
  return { messages: fits ? [message] : texts(numbered(message, sections), capabilities, message), choices }
}

/** The rows are counted through all sections: a number means one choice. */
function numbered(message: Choosable, sections: readonly Section[]): string {
  let count = 0
  const blocks = sections.map(({ title, rows }) => {
    const lines = rows.map((row) => `${++count}. ${row.title}${row.description ? ` - ${row.description}` : ''}`)
    return [title, ...lines].filter(Boolean).join('\n')
  })
  return [message.text, ...blocks, message.footer].filter(Boolean).join('\n\n')
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
