import type { NamesOf } from '@wa-agent/core'
import { sendLimitNames, windowTemplateNames } from '@wa-agent/transport-kit'
import type { CloudApiTransportOptions } from './options.ts'

/** The options of `cloudApiTransport` by name. */
export const cloudApiOptionNames: NamesOf<CloudApiTransportOptions> = {
  phoneNumberId: true,
  accessToken: true,
  appSecret: true,
  verifyToken: true,
  tenant: true,
  channel: true,
  graphVersion: true,
  baseUrl: true,
  windowTemplate: windowTemplateNames,
  limits: sendLimitNames,
  maxMediaBytes: true,
  allowedMediaHosts: true,
  maxWebhookBytes: true,
  signatureHeader: true,
  timeoutMs: true,
  fetch: true,
  logger: true,
  clock: true,
}
