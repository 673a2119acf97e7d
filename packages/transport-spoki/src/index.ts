export { spokiTransport } from './spoki-transport.ts'
export type { SpokiTemplate, SpokiTransportOptions } from './options.ts'
export { spokiLimits } from './limits.ts'

// Beside the transport

export { startSpokiAutomation } from './automation.ts'
export type { SpokiAutomationContact, SpokiAutomationOptions } from './automation.ts'
