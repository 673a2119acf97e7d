export { maytapiTransport } from './maytapi-transport.ts'
export type { MaytapiTransportOptions } from './options.ts'
export { maytapiLimits } from './limits.ts'
