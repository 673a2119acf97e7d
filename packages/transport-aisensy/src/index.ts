export { aisensyTransport } from './aisensy-transport.ts'
export type {
  AisensyCampaignOptions,
  AisensyCredentials,
  AisensyDirectApi,
  AisensyProjectApi,
  AisensyTransportOptions,
} from './options.ts'
export { aisensyLimits } from './limits.ts'
