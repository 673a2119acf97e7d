import type { Transport } from '@wa-agent/core'

/** What a transport can that takes texts alone. */
export const textOnly: Transport['capabilities'] = {
  types: ['text'],
  maxTextLength: 4096,
  maxCaptionLength: 1024,
  maxButtons: 0,
  maxListRows: 0,
  quotes: false,
}
