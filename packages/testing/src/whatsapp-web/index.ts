// The simulated web.whatsapp.com

export {
  type SimulatedPage,
  startWhatsAppWeb,
  type WhatsAppWeb,
  type WhatsAppWebOptions,
} from './whatsapp-web.ts'
export type { WhatsAppWebSwitches } from './switches.ts'

// What people say there, and what programs say

export type { WebFile, WebMessage } from './customer-message.ts'
export type { SentMessage } from './sent-message.ts'
export type { PageActivity } from './simulation.ts'
export type { Talking, WebContact, WebGroup } from './talking.ts'

// Linking and trouble

export type { Connecting } from './connecting.ts'
export type { WaitOptions } from './waiting.ts'

// The browser

export {
  type ChromiumForTestsOptions,
  chromiumForTests,
  type FindChromiumOptions,
  findChromium,
} from './browser.ts'
