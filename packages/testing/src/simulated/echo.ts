import { type InboundMessage, type OutboundMessage, parseInboundMessage, textOf } from '@wa-agent/core'

/** Where and when a message of the business's own number was written. */
export interface EchoPlace {
  readonly id: string
  readonly chat: string
  /** The business's own id. */
  readonly business: string
  readonly sentAtMs: number
}

/** What comes back to us of a message that we sent: providers echo everything that leaves the number. */
export function echoOf(message: OutboundMessage, { id, chat, business, sentAtMs }: EchoPlace): InboundMessage {
  const base = { id, chat, from: { id: business }, fromMe: true, sentAtMs, replyTo: message.replyTo }
  return parseInboundMessage({ ...contentOf(message, id), ...base })
}

function contentOf(message: OutboundMessage, id: string): object {
  switch (message.type) {
    case 'image':
    case 'video':
    case 'audio':
    case 'document':
    case 'sticker':
      return { ...message, media: { reference: `echo-${id}`, mimeType: message.media.mimeType } }
    case 'buttons':
    case 'list':
    case 'template':
      return { type: 'text', text: textOf(message) }
    case 'contacts':
    case 'location':
    case 'reaction':
    case 'text':
      return message
  }
}
