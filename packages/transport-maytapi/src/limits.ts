import type { Capabilities, SendLimits } from '@wa-agent/core'

/**
 * What goes over Maytapi (its OpenAPI description, examples of `POST /sendMessage`). Templates do not exist there, lists are
 * not documented. Buttons are a beta, and many clients of WhatsApp do not show them: `buttons: true` turns them on, otherwise
 * choices become a numbered text.
 */
export function capabilitiesOf({ buttons }: { readonly buttons: boolean }): Capabilities {
  return {
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
      ...(buttons ? (['buttons'] as const) : []),
    ],
    // Maytapi names no limits of length: these are the ones that WhatsApp's own API has.
    maxTextLength: 4096,
    maxCaptionLength: 1024,
    maxButtons: buttons ? 3 : 0,
    maxListRows: 0,
    quotes: true,
  }
}

/**
 * Maytapi publishes no rate. 30 requests a second is where Glific, which runs on it in production, stays
 * (https://github.com/glific/glific, lib/glific/providers/maytapi).
 */
export const maytapiLimits: SendLimits = { messagesPerSecond: 30 }
