import type { Capabilities, SendLimits } from '@wa-agent/core'

/**
 * What goes over Spoki: the examples of `POST /api/1/messages/send/` in its Postman collection
 * (https://documenter.getpostman.com/view/21611004/UzBqnPvF). Lengths are WhatsApp's.
 */
export const capabilities: Capabilities = {
  types: ['text', 'image', 'video', 'audio', 'document', 'template', 'buttons', 'list'],
  maxTextLength: 4096,
  maxCaptionLength: 1024,
  maxButtons: 3,
  maxListRows: 10,
  quotes: false,
}

/**
 * 120 texts a minute for an account, as Spoki's clients keep to (https://github.com/MambuSRL/spoki_whatsapp). Of templates it
 * takes 60: faster ones are answered with 429 and a time to wait, which slows the channel down.
 */
export const spokiLimits: SendLimits = { messagesPerSecond: 2 }

/** WhatsApp lets a business answer for 24 hours after the customer's last message; later only templates are delivered. */
export const windowMs = 24 * 60 * 60 * 1000
