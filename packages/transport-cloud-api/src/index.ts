export { type CloudApiTransport, cloudApiTransport } from './cloud-api-transport.ts'
export type { CloudApiTransportOptions } from './options.ts'
