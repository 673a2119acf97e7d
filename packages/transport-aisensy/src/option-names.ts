import type { NamesOf } from '@wa-agent/core'
import { sendLimitNames, windowTemplateNames } from '@wa-agent/transport-kit'
import type {
  AisensyCampaignOptions,
  AisensyCredentials,
  AisensyDirectApi,
  AisensyProjectApi,
  AisensyTransportOptions,
} from './options.ts'

const project: NamesOf<AisensyProjectApi> = {
  type: true,
  projectId: true,
  password: true,
  authHeader: true,
  baseUrl: true,
}

const credentials: NamesOf<AisensyCredentials> = { email: true, password: true, projectId: true }

const direct: NamesOf<AisensyDirectApi> = {
  type: true,
  token: true,
  credentials,
  projectId: true,
  authHeader: true,
  baseUrl: true,
}

const campaign: NamesOf<AisensyCampaignOptions> = {
  apiKey: true,
  name: true,
  userName: true,
  source: true,
  media: { url: true, filename: true },
  url: true,
}

/** The options of `aisensyTransport` by name. */
export function aisensyOptionNames(api: 'project' | 'direct'): NamesOf<AisensyTransportOptions> {
  return {
    tenant: true,
    channel: true,
    api: api === 'project' ? project : direct,
    webhookSecret: true,
    webhookToken: true,
    signatureHeader: true,
    phoneNumberId: true,
    campaign,
    windowTemplate: windowTemplateNames,
    limits: sendLimitNames,
    allowedMediaHosts: true,
    maxMediaBytes: true,
    maxWebhookBytes: true,
    timeoutMs: true,
    fetch: true,
    clock: true,
  }
}
