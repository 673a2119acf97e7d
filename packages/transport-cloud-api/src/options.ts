import {
  type Clock,
  checkNames,
  type Logger,
  type OutboundTemplate,
  outboundMessageSchema,
  type SendLimits,
  systemClock,
  WaAgentError,
  type WindowTemplate,
} from '@wa-agent/core'
import { isAllowedHost, type TokenSource } from '@wa-agent/transport-kit'
import { metaLimits } from '@wa-agent/transport-kit/meta'
import { defaultMaxMediaBytes, mediaHosts } from './limits.ts'
import { cloudApiOptionNames } from './option-names.ts'

/** Options of `cloudApiTransport`. */
export interface CloudApiTransportOptions {
  /** The id of the number, not the number: WhatsApp > API setup in the app's dashboard. */
  readonly phoneNumberId: string
  /** Fixed, or asked of a function: once, and again when Meta rejects it. */
  readonly accessToken: TokenSource
  /** What Meta signs webhooks with: App settings > Basic. */
  readonly appSecret: string
  /** The word of your choice that you give to Meta together with the address of the webhook. */
  readonly verifyToken: string
  /** Whose business it is. Default: `default`. */
  readonly tenant?: string
  /** Default: `main`. */
  readonly channel?: string
  /** Default: `v25.0`. */
  readonly graphVersion?: string
  /** Without the version; an address that ends with one is taken as it is. Default: `https://graph.facebook.com`. */
  readonly baseUrl?: string
  /** Goes out in place of a reply that comes more than 24 hours after the customer's last message. */
  readonly windowTemplate?: WindowTemplate
  /** Default: 80 messages a second, one every 6 seconds to one user with 45 ahead. */
  readonly limits?: SendLimits
  /** The largest file that is opened. Default: 100 MiB, the most that Meta passes on. */
  readonly maxMediaBytes?: number
  /** Where files that came in may be, besides `baseUrl`. Default: Meta's hosts. */
  readonly allowedMediaHosts?: readonly string[]
  /** The largest webhook. Default: 4 MiB; Meta's are at most 3 MB. */
  readonly maxWebhookBytes?: number
  /** The header with the signature. Default: `X-Hub-Signature-256`. */
  readonly signatureHeader?: string
  /** For each call. Default: 30,000. */
  readonly timeoutMs?: number
  /** Takes the place of the transport's own connections. */
  readonly fetch?: typeof fetch
  /** Default: that of the bot, silent before it has started. */
  readonly logger?: Logger
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** Options with every default filled in. */
export interface Settings {
  readonly phoneNumberId: string
  readonly accessToken: TokenSource
  readonly appSecret: string
  readonly verifyToken: string
  readonly tenant: string
  readonly channel: string
  /** With the version. */
  readonly apiUrl: string
  readonly windowTemplate: OutboundTemplate | undefined
  readonly limits: SendLimits
  readonly maxMediaBytes: number
  readonly allowedMediaHosts: readonly string[]
  readonly maxWebhookBytes: number
  readonly signatureHeader: string
  readonly timeoutMs: number
  readonly fetch: typeof fetch | undefined
  readonly logger: Logger | undefined
  readonly clock: Clock
}

/** Checks the options and fills in the defaults. Throws `invalid_options`. */
export function settingsOf(options: CloudApiTransportOptions): Settings {
  checkNames('transport-cloud-api', options, cloudApiOptionNames)
  // A program without types may have left anything out.
  const given: Partial<CloudApiTransportOptions> = options
  const apiUrl = apiUrlOf(given)
  const { windowTemplate } = given
  return {
    phoneNumberId: text(given.phoneNumberId, {
      pattern: /^[\w-]+$/,
      expected: '`phoneNumberId` to be the id that Meta gave the number',
    }),
    accessToken: tokenOf(given.accessToken),
    appSecret: secret(given.appSecret, '`appSecret` to be the secret of the app'),
    verifyToken: secret(given.verifyToken, '`verifyToken` to be a word of your choice'),
    tenant: text(given.tenant ?? 'default', { pattern: keyPattern, expected: '`tenant` to be a name' }),
    channel: text(given.channel ?? 'main', { pattern: keyPattern, expected: '`channel` to be a name' }),
    apiUrl,
    windowTemplate: windowTemplate && templateOf(windowTemplate),
    limits: { ...metaLimits, ...given.limits },
    maxMediaBytes: count(given.maxMediaBytes ?? defaultMaxMediaBytes, 'maxMediaBytes'),
    allowedMediaHosts: [...hostsOf(given.allowedMediaHosts ?? mediaHosts), new URL(apiUrl).origin],
    maxWebhookBytes: count(given.maxWebhookBytes ?? 4 * 2 ** 20, 'maxWebhookBytes'),
    signatureHeader: text(given.signatureHeader ?? 'X-Hub-Signature-256', {
      pattern: /^[\w-]+$/,
      expected: '`signatureHeader` to be the name of a header',
    }),
    timeoutMs: count(given.timeoutMs ?? 30_000, 'timeoutMs'),
    fetch: given.fetch,
    logger: given.logger,
    clock: given.clock ?? systemClock,
  }
}

/** What storages and addresses of webhooks take. */
const keyPattern = /^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}$/

function apiUrlOf(given: Partial<CloudApiTransportOptions>): string {
  const { baseUrl = 'https://graph.facebook.com', graphVersion = 'v25.0' } = given
  text(graphVersion, { pattern: /^v\d+(\.\d+)?$/, expected: '`graphVersion` to be like v25.0' })
  const url = typeof baseUrl === 'string' && URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  const isPlain = url && /^https?:$/.test(url.protocol) && !(url.username || url.password || url.search || url.hash)
  if (!isPlain) throw wrong('`baseUrl` to be an http(s) URL without user and query', typeof baseUrl)
  const base = url.href.replace(/\/+$/, '')
  return /\/v\d+(\.\d+)?$/.test(base) ? base : `${base}/${graphVersion}`
}

function templateOf(template: WindowTemplate): OutboundTemplate {
  const parsed = outboundMessageSchema.safeParse({ ...template, type: 'template' })
  if (parsed.success && parsed.data.type === 'template') return parsed.data
  throw wrong('`windowTemplate` to be an approved template with `name` and `language`', typeof template)
}

function tokenOf(source: unknown): TokenSource {
  const isText = typeof source === 'string' && source.trim() !== ''
  const isObject = typeof source === 'object' && source !== null && 'get' in source && typeof source.get === 'function'
  if (isText || isObject || typeof source === 'function') return source as TokenSource
  throw wrong('`accessToken` to be a token or a function that gives one', describe(source))
}

function hostsOf(hosts: unknown): readonly string[] {
  if (Array.isArray(hosts) && hosts.every(isAllowedHost)) return hosts
  const expected = '`allowedMediaHosts` to be names like cdn.example.com, .example.com or https://example.com'
  throw wrong(expected, Array.isArray(hosts) ? 'another one among them' : typeof hosts)
}

function count(value: unknown, name: string): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  throw wrong(`\`${name}\` to be a whole number from 1`, String(value))
}

function text(value: unknown, rule: { readonly pattern: RegExp; readonly expected: string }): string {
  if (typeof value === 'string' && rule.pattern.test(value)) return value
  throw wrong(rule.expected, typeof value === 'string' ? JSON.stringify(value) : typeof value)
}

/** As `text`, but never shown. */
function secret(value: unknown, expected: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  throw wrong(expected, describe(value))
}

function describe(value: unknown): string {
  return typeof value === 'string' ? 'an empty one' : typeof value
}

function wrong(expected: string, got: string): WaAgentError {
  const message = `[transport-cloud-api] Expected ${expected}, got ${got}. Correct it in cloudApiTransport({ ... }).`
  return new WaAgentError('invalid_options', message)
}
