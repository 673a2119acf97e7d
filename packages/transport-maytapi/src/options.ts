import { checkNames, type Logger, type SendLimits, WaAgentError } from '@wa-agent/core'
import { isAllowedHost, type TokenSource } from '@wa-agent/transport-kit'
import { maytapiLimits } from './limits.ts'
import { maytapiOptionNames } from './option-names.ts'

/** How a Maytapi transport is made. */
export interface MaytapiTransportOptions {
  /** The product, a UUID: console.maytapi.com, Settings, Token. */
  readonly productId: string
  /** The phone in that product, a number: `GET /listPhones`. */
  readonly phoneId: string | number
  /** The API token, or where it comes from. */
  readonly apiKey: TokenSource
  /** What `?token=` (or `?key=`) of the webhook's address must be. Long and random: it is all that proves who calls. */
  readonly webhookSecret: string
  /** Default `default`. */
  readonly tenant?: string
  /** Default `main`. */
  readonly channel?: string
  /** Default `https://api.maytapi.com`. */
  readonly baseUrl?: string
  /** The header with the API token. Default `x-maytapi-key`. */
  readonly apiKeyHeader?: string
  /** Takes the place of the transport's own connections, e.g. for a proxy. */
  readonly fetch?: typeof fetch
  /** For how long an answer to a send is waited for. Default 30,000. */
  readonly timeoutMs?: number
  /** How fast is sent. Default: `maytapiLimits`. */
  readonly limits?: SendLimits
  /** Whether choices go out as buttons, which is a beta at Maytapi. Default `false`: they become a numbered text. */
  readonly buttons?: boolean
  /**
   * Maytapi refuses a text that the same chat got three times lately. Which messages pass that filter: answers to customers,
   * who may well ask four times (`replies`, the default), all (`always`), or none (`never`).
   */
  readonly skipFilter?: 'replies' | 'always' | 'never'
  /**
   * Whether what is written from the number, and is no reply of the bot, silences the bot. Default `true`. Maytapi does not tell
   * what another program sent from what a person wrote: turn it off where programs write to the same customers.
   */
  readonly handoff?: boolean
  /** The largest file that is fetched, or sent from this machine. Default 67,108,864 (64 MiB). */
  readonly maxMediaBytes?: number
  /** From where files are fetched. Default: `cdnydm.com`, `.cdnydm.com`, `cdn.maytapi.com`. */
  readonly allowedMediaHosts?: readonly string[]
  /** The largest webhook that is read. Default 4,194,304 (4 MiB). */
  readonly maxWebhookBytes?: number
  /** Default: that of the bot. */
  readonly logger?: Logger
}

export type Settings = ReturnType<typeof settingsOf>

const defaultMediaHosts = ['cdnydm.com', '.cdnydm.com', 'cdn.maytapi.com']

/** Checks the options and fills in the defaults. */
export function settingsOf(options: MaytapiTransportOptions) {
  checkNames('transport-maytapi', options, maytapiOptionNames)
  const { productId, webhookSecret, tenant = 'default', channel = 'main', apiKeyHeader = 'x-maytapi-key' } = options
  const { baseUrl = 'https://api.maytapi.com', skipFilter = 'replies', apiKey, buttons = false } = options
  const { maxMediaBytes = 64 * 2 ** 20, maxWebhookBytes = 4 * 2 ** 20, timeoutMs = 30_000 } = options
  const phoneId = String(options.phoneId ?? '')
  checkText({ productId, phoneId, webhookSecret, tenant, channel, apiKeyHeader, baseUrl })
  if (apiKey === '' || !['string', 'function', 'object'].includes(typeof apiKey) || apiKey === null) {
    throw wrong('apiKey', 'an API token or a function that gives one')
  }
  if (!['replies', 'always', 'never'].includes(skipFilter)) {
    throw wrong('skipFilter', '`replies`, `always` or `never`', skipFilter)
  }
  for (const [name, value] of Object.entries({ maxMediaBytes, maxWebhookBytes, timeoutMs })) {
    if (!Number.isInteger(value) || value < 1) throw wrong(name, 'a whole number above 0', value)
  }
  const { allowedMediaHosts = defaultMediaHosts, handoff = true, fetch, logger } = options
  if (typeof handoff !== 'boolean') throw wrong('handoff', '`true` or `false`')
  const limits = { ...maytapiLimits, ...options.limits }
  if (!Array.isArray(allowedMediaHosts) || !allowedMediaHosts.every(isAllowedHost)) {
    throw wrong('allowedMediaHosts', 'a list of hosts such as `cdn.example.com` or `.example.com`')
  }
  return {
    ...{ productId, phoneId, apiKey, webhookSecret, tenant, channel, baseUrl, apiKeyHeader, fetch, timeoutMs, limits },
    ...{ buttons, skipFilter, handoff, maxMediaBytes, maxWebhookBytes, logger },
    allowedMediaHosts: [...allowedMediaHosts],
  }
}

function checkText(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string' && value.trim() !== '') continue
    throw wrong(name, 'a text that is not empty', typeof value === 'string' ? 'an empty one' : typeof value)
  }
}

function wrong(name: string, expected: string, got?: unknown): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    `[transport-maytapi] Expected \`${name}\` to be ${expected}${got === undefined ? '' : `, got ${String(got)}`}. Pass it to maytapiTransport().`,
  )
}
