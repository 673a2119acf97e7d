export {
  webjsTransport,
  type WebjsStatus,
  type WebjsTransport,
} from './webjs-transport.ts'
export type { CatchUpLimits, PairWithPhone, Typing, WebjsTransportOptions } from './options.ts'
export type { WebjsEvents } from './events.ts'
export type { WebjsState } from './states.ts'
export type { QrCode } from './qr.ts'
export { webjsLimits } from './limits.ts'
export { findChromium } from './chromium.ts'
