import type { Capabilities, SendLimits } from '@wa-agent/core'

/**
 * What goes over WhatsApp Web. Buttons and lists of ordinary numbers are not shown by today's clients, so choices become a
 * numbered text; templates exist only at Meta.
 */
export const webjsCapabilities: Capabilities = {
  types: ['text', 'image', 'video', 'audio', 'document', 'sticker', 'location', 'contacts', 'reaction'],
  // WhatsApp names no limits for linked devices: these are the ones that its own API has.
  maxTextLength: 4096,
  maxCaptionLength: 1024,
  maxButtons: 0,
  maxListRows: 0,
  quotes: true,
}

/**
 * A human pace. WhatsApp publishes no rate for linked devices and blocks numbers that behave like machines, those that write
 * to strangers first of all.
 */
export const webjsLimits: SendLimits = {
  messagesPerSecond: 2,
  perChat: { everyMs: 1000, burst: 3 },
  cold: { perDay: 100, warmUp: { firstDay: 20, factor: 1.5 }, pauseMs: { least: 5000, most: 20_000 } },
}
