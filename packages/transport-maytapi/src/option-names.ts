import type { NamesOf } from '@wa-agent/core'
import { sendLimitNames } from '@wa-agent/transport-kit'
import type { MaytapiTransportOptions } from './options.ts'

/** The options of `maytapiTransport` by name. */
export const maytapiOptionNames: NamesOf<MaytapiTransportOptions> = {
  productId: true,
  phoneId: true,
  apiKey: true,
  webhookSecret: true,
  tenant: true,
  channel: true,
  baseUrl: true,
  apiKeyHeader: true,
  fetch: true,
  timeoutMs: true,
  limits: sendLimitNames,
  buttons: true,
  skipFilter: true,
  handoff: true,
  maxMediaBytes: true,
  allowedMediaHosts: true,
  maxWebhookBytes: true,
  logger: true,
}
