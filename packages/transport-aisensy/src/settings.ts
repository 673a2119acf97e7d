import {
  type Clock,
  type CustomerWindow,
  checkNames,
  type SendLimits,
  systemClock,
  WaAgentError,
  type WindowTemplate,
} from '@wa-agent/core'
import { isAllowedHost } from '@wa-agent/transport-kit'
import { aisensyLimits, maxMediaBytes, maxWebhookBytes, mediaHosts, windowMs } from './limits.ts'
import { aisensyOptionNames } from './option-names.ts'
import type { AisensyCampaignOptions, AisensyDirectApi, AisensyProjectApi, AisensyTransportOptions } from './options.ts'

/** Options with every default filled in. */
export interface Settings {
  readonly tenant: string
  readonly channel: string
  readonly api: ProjectSettings | DirectSettings
  readonly webhook: WebhookSettings
  readonly campaign: CampaignSettings | undefined
  readonly window: CustomerWindow
  readonly limits: SendLimits
  readonly media: { readonly allowedHosts: readonly string[]; readonly maxBytes: number }
  readonly timeoutMs: number
  readonly fetch: typeof fetch | undefined
  readonly clock: Clock
}
export type ProjectSettings = AisensyProjectApi & { readonly authHeader: string; readonly baseUrl: string }
export type DirectSettings = AisensyDirectApi & { readonly authHeader: string; readonly baseUrl: string }
export type CampaignSettings = AisensyCampaignOptions & { readonly url: string }

/** How a request is known to be AiSensy's, and what is taken of it. */
export interface WebhookSettings {
  readonly secret: string | undefined
  readonly token: string | undefined
  readonly signatureHeader: string
  readonly projectId: string | undefined
  readonly phoneNumberId: string | undefined
  readonly maxBytes: number
}

const minTokenLength = 16

/** Checks the options and fills in the defaults. Throws `invalid_options`. */
export function settingsOf(options: AisensyTransportOptions): Settings {
  checkNames('transport-aisensy', options, aisensyOptionNames(options?.api?.type === 'direct' ? 'direct' : 'project'))
  const { tenant = 'default', channel = 'main', timeoutMs = 30_000 } = options
  const limits = { ...aisensyLimits, ...options.limits }
  const { allowedMediaHosts = mediaHosts, clock = systemClock } = options
  const mediaBytes = options.maxMediaBytes ?? maxMediaBytes
  for (const [name, value] of Object.entries({ tenant, channel })) expectText(name, value)
  for (const [name, value] of Object.entries({ timeoutMs, maxMediaBytes: mediaBytes })) expectCount(name, value)
  if (!Array.isArray(allowedMediaHosts) || !allowedMediaHosts.every(isAllowedHost)) {
    throw wrong('allowedMediaHosts', "a list of hosts such as 'cdn.example.com' or '.example.com'", allowedMediaHosts)
  }
  if (options.fetch !== undefined && typeof options.fetch !== 'function')
    throw wrong('fetch', 'a function', options.fetch)
  const api = apiOf(options.api)
  return {
    tenant,
    channel,
    api,
    webhook: webhookOf(options, api),
    campaign: campaignOf(options.campaign),
    window: windowOf(options.windowTemplate),
    limits,
    media: { allowedHosts: [...allowedMediaHosts], maxBytes: mediaBytes },
    timeoutMs,
    fetch: options.fetch,
    clock,
  }
}

function apiOf(api: AisensyTransportOptions['api'] | undefined): ProjectSettings | DirectSettings {
  switch (api?.type) {
    case 'project':
      expectText('api.projectId', api.projectId)
      expectText('api.password', api.password)
      return {
        ...api,
        authHeader: headerName('api.authHeader', api.authHeader ?? 'X-AiSensy-Project-API-Pwd'),
        baseUrl: httpUrl('api.baseUrl', api.baseUrl ?? 'https://apis.aisensy.com/project-apis/v1'),
      }
    case 'direct':
      expectAccess(api)
      if (api.projectId !== undefined) expectText('api.projectId', api.projectId)
      return {
        ...api,
        authHeader: headerName('api.authHeader', api.authHeader ?? 'Authorization'),
        baseUrl: httpUrl('api.baseUrl', api.baseUrl ?? 'https://backend.aisensy.com/direct-apis/t1'),
      }
    default:
      throw wrong('api', "{ type: 'project', projectId, password } or { type: 'direct', ... }", api)
  }
}

function expectAccess({ token, credentials }: AisensyDirectApi): void {
  if (token === undefined && credentials === undefined) {
    throw invalid(
      'Expected `api.token` or `api.credentials`, got neither. Pass one of them in aisensyTransport({ api }).',
    )
  }
  if (token !== undefined && typeof token !== 'function') expectText('api.token', token)
  if (credentials === undefined) return
  for (const name of ['email', 'password', 'projectId'] as const) {
    expectText(`api.credentials.${name}`, credentials[name])
  }
}

function webhookOf(options: AisensyTransportOptions, api: Settings['api']): WebhookSettings {
  const { webhookSecret: secret, webhookToken: token, phoneNumberId } = options
  const maxBytes = options.maxWebhookBytes ?? maxWebhookBytes
  if (secret === undefined && token === undefined) {
    throw invalid(
      'Expected `webhookSecret` or `webhookToken`, got neither: anybody could speak for your customers. Pass the shared secret of the webhook, or append `?token=...` to its address and pass the token.',
    )
  }
  if (secret !== undefined) expectText('webhookSecret', secret)
  if (token !== undefined && (typeof token !== 'string' || token.length < minTokenLength)) {
    throw wrong('webhookToken', `at least ${minTokenLength} unguessable characters`, token)
  }
  if (phoneNumberId !== undefined) expectText('phoneNumberId', phoneNumberId)
  expectCount('maxWebhookBytes', maxBytes)
  const signatureHeader = headerName('signatureHeader', options.signatureHeader ?? 'X-AiSensy-Signature')
  const projectId = api.projectId ?? (api.type === 'direct' ? api.credentials?.projectId : undefined)
  return { secret, token, signatureHeader, projectId, phoneNumberId, maxBytes }
}

function campaignOf(campaign: AisensyCampaignOptions | undefined): CampaignSettings | undefined {
  if (campaign === undefined) return undefined
  expectText('campaign.apiKey', campaign.apiKey)
  const names =
    typeof campaign.name === 'object' && campaign.name !== null ? Object.values(campaign.name) : [campaign.name]
  for (const name of names) expectText('campaign.name', name)
  if (campaign.userName !== undefined) expectText('campaign.userName', campaign.userName)
  const url = httpUrl('campaign.url', campaign.url ?? 'https://backend.aisensy.com/campaign/t1/api/v2')
  return { ...campaign, url }
}

function windowOf(template: WindowTemplate | undefined): CustomerWindow {
  if (template === undefined) return { durationMs: windowMs }
  expectText('windowTemplate.name', template.name)
  expectText('windowTemplate.language', template.language)
  return { durationMs: windowMs, template: { ...template } }
}

function expectText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '') throw wrong(name, 'a text that is not empty', value)
}

function expectCount(name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1) throw wrong(name, 'a whole number above 0', value)
}

function headerName(name: string, value: string): string {
  if (typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)) return value
  throw wrong(name, 'the name of an HTTP header', value)
}

function httpUrl(name: string, value: string): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '')
  throw wrong(name, 'an http(s) URL', value)
}

/** Only numbers are shown as they are: a text in the wrong place may be a secret. */
function wrong(name: string, expected: string, got: unknown): WaAgentError {
  const shown = typeof got === 'number' || got === null ? String(got) : got === '' ? 'an empty one' : typeof got
  return invalid(`Expected \`${name}\` to be ${expected}, got ${shown}. Correct it in aisensyTransport({ ... }).`)
}

function invalid(message: string): WaAgentError {
  return new WaAgentError('invalid_options', `[transport-aisensy] ${message}`)
}
