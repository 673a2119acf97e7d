import type { OutboundTemplate, Transport } from '@wa-agent/core'
import { aisensyTransport } from '@wa-agent/transport-aisensy'
import { cloudApiTransport } from '@wa-agent/transport-cloud-api'
import { maytapiTransport } from '@wa-agent/transport-maytapi'
import { spokiTransport } from '@wa-agent/transport-spoki'
import { type Settings, settingOf, type TransportName } from './settings.ts'

/** The providers that are switched on, each with a channel of its name: all of them are numbers of one business. */
export function createTransports(settings: Settings): Transport[] {
  return settings.TRANSPORTS.flatMap((name) => (name === 'desktop' ? [] : factories[name](settings)))
}

const factories: Readonly<Record<Exclude<TransportName, 'desktop'>, (settings: Settings) => Transport>> = {
  'cloud-api': (settings) =>
    cloudApiTransport({
      channel: 'cloud-api',
      phoneNumberId: settingOf(settings, 'META_PHONE_NUMBER_ID'),
      accessToken: settingOf(settings, 'META_ACCESS_TOKEN'),
      appSecret: settingOf(settings, 'META_APP_SECRET'),
      verifyToken: settingOf(settings, 'META_VERIFY_TOKEN'),
      ...baseUrl(settings.META_BASE_URL),
      ...windowTemplate(settings.WINDOW_TEMPLATE, settings),
    }),
  maytapi: (settings) =>
    maytapiTransport({
      channel: 'maytapi',
      productId: settingOf(settings, 'MAYTAPI_PRODUCT_ID'),
      phoneId: settingOf(settings, 'MAYTAPI_PHONE_ID'),
      apiKey: settingOf(settings, 'MAYTAPI_API_KEY'),
      webhookSecret: settingOf(settings, 'MAYTAPI_WEBHOOK_SECRET'),
      handoff: settings.MAYTAPI_HANDOFF,
      ...baseUrl(settings.MAYTAPI_BASE_URL),
    }),
  aisensy: (settings) =>
    aisensyTransport({
      channel: 'aisensy',
      ...aisensyProof(settingOf(settings, 'AISENSY_WEBHOOK_SECRET')),
      api: aisensyApi(settings),
      ...windowTemplate(settings.WINDOW_TEMPLATE, settings),
    }),
  spoki: (settings) =>
    spokiTransport({
      channel: 'spoki',
      apiKey: settingOf(settings, 'SPOKI_API_KEY'),
      webhookSecret: settingOf(settings, 'SPOKI_WEBHOOK_SECRET'),
      handoff: settings.SPOKI_HANDOFF,
      ...baseUrl(settings.SPOKI_BASE_URL),
      // Spoki knows templates by number.
      ...windowTemplate(settings.SPOKI_WINDOW_TEMPLATE, settings),
    }),
}

/** Accounts that sign nothing append it to the address of the webhook, as `?token=`; for that it has to be long. */
function aisensyProof(webhookSecret: string) {
  return { webhookSecret, ...(webhookSecret.length >= 16 ? { webhookToken: webhookSecret } : {}) }
}

function aisensyApi(settings: Settings) {
  const projectId = settingOf(settings, 'AISENSY_PROJECT_ID')
  const { AISENSY_PROJECT_PASSWORD: password, AISENSY_ACCESS_TOKEN: token } = settings
  const where = baseUrl(settings.AISENSY_BASE_URL)
  if (password) return { type: 'project', projectId, password, ...where } as const
  return { type: 'direct', projectId, token: token ?? settingOf(settings, 'AISENSY_ACCESS_TOKEN'), ...where } as const
}

function baseUrl(url: string | undefined) {
  return url === undefined ? {} : { baseUrl: url }
}

function windowTemplate(name: string | undefined, { WINDOW_TEMPLATE_LANGUAGE: language }: Settings) {
  const template = (known: string): OutboundTemplate => ({ type: 'template', name: known, language, parameters: [] })
  return name === undefined ? {} : { windowTemplate: template(name) }
}
