import type { Capabilities, SendLimits } from '@wa-agent/core'

/**
 * What Meta's format carries. Lengths: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages
 * and the pages on media, reply buttons and lists beside it.
 */
export const metaCapabilities: Capabilities = {
  types: [
    'text',
    'image',
    'video',
    'audio',
    'document',
    'sticker',
    'location',
    'contacts',
    'reaction',
    'template',
    'buttons',
    'list',
  ],
  maxTextLength: 4096,
  maxCaptionLength: 1024,
  maxButtons: 3,
  maxListRows: 10,
  quotes: true,
}

/**
 * 80 messages a second for a number, in both directions and unless Meta raised it; to one user one every 6 seconds, of which
 * up to 45 may be sent ahead: https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
 */
export const metaLimits: SendLimits = { messagesPerSecond: 80, perChat: { everyMs: 6000, burst: 45 } }

/** Of what a customer can choose from: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-list-messages */
export const interactiveLimits = {
  body: 1024,
  footer: 60,
  buttonId: 256,
  buttonTitle: 20,
  listButton: 20,
  sectionTitle: 24,
  rowId: 200,
  rowTitle: 24,
  rowDescription: 72,
} as const
