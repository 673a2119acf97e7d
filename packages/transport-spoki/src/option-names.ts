import type { NamesOf } from '@wa-agent/core'
import { sendLimitNames, windowTemplateNames } from '@wa-agent/transport-kit'
import type { SpokiTemplate, SpokiTransportOptions } from './options.ts'

const template: NamesOf<SpokiTemplate> = { id: true, fields: true }

/** The options of `spokiTransport` by name; `templates` are the names that the caller gave to templates. */
export function spokiOptionNames(templates: readonly string[]): NamesOf<SpokiTransportOptions> {
  return {
    apiKey: true,
    webhookSecret: true,
    tenant: true,
    channel: true,
    templates: Object.fromEntries(templates.map((name) => [name, template])),
    windowTemplate: windowTemplateNames,
    handoff: true,
    accountId: true,
    baseUrl: true,
    apiKeyHeader: true,
    signatureHeader: true,
    fetch: true,
    timeoutMs: true,
    limits: sendLimitNames,
    maxMediaBytes: true,
    allowedMediaHosts: true,
    maxWebhookBytes: true,
    logger: true,
  }
}
