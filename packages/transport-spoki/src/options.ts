import { checkNames, type Logger, type SendLimits, WaAgentError, type WindowTemplate } from '@wa-agent/core'
import { isAllowedHost, type TokenSource } from '@wa-agent/transport-kit'
import { spokiLimits } from './limits.ts'
import { spokiOptionNames } from './option-names.ts'

/** A template as Spoki knows it. */
export interface SpokiTemplate {
  /** Its number: `GET /api/1/templates/`. */
  readonly id: number
  /** The names of its custom fields, in the order of the parameters, e.g. `['FIRST_NAME', 'ORDER_ID']`. */
  readonly fields?: readonly string[]
}

/** How a Spoki transport is made. */
export interface SpokiTransportOptions {
  /** The API key, or where it comes from. */
  readonly apiKey: TokenSource
  /** The secret of the webhook, which is neither the API key nor the secret of an automation. */
  readonly webhookSecret: string
  /** Default `default`. */
  readonly tenant?: string
  /** Default `main`. */
  readonly channel?: string
  /** Templates by the names that agents use. A template whose name is a number needs no entry, unless it has parameters. */
  readonly templates?: Readonly<Record<string, SpokiTemplate>>
  /** Goes out in place of a reply that comes later than 24 hours after the customer's last message. */
  readonly windowTemplate?: WindowTemplate
  /**
   * Whether what a person writes in Spoki's inbox silences the bot. Default `true`. What another program sends by the API is known
   * by its `metadata`; without any, and where an automation of Spoki's writes a free text, nothing tells it from a person's: turn
   * it off where such programs write to the same customers.
   */
  readonly handoff?: boolean
  /** The id of the account in `X-SPOKI-ACCOUNT`; webhooks of another one are refused. Default: not looked at. */
  readonly accountId?: string | number
  /** Default `https://api.spoki.com`. */
  readonly baseUrl?: string
  /** The header with the API key. Default `X-Spoki-Api-Key`. */
  readonly apiKeyHeader?: string
  /** The header with the signature. Default `X-Spoki-Signature`. */
  readonly signatureHeader?: string
  /** Takes the place of the transport's own connections, e.g. for a proxy. */
  readonly fetch?: typeof fetch
  /** For how long an answer to a send is waited for. Default 30,000. */
  readonly timeoutMs?: number
  /** How fast is sent. Default: `spokiLimits`. */
  readonly limits?: SendLimits
  /** The largest file that is fetched. Default 67,108,864 (64 MiB). */
  readonly maxMediaBytes?: number
  /** From where files are fetched. Default: `.spoki.com`, `.spoki.it`. */
  readonly allowedMediaHosts?: readonly string[]
  /** The largest webhook that is read. Default 4,194,304 (4 MiB). */
  readonly maxWebhookBytes?: number
  /** Default: that of the bot. */
  readonly logger?: Logger
}

export type Settings = ReturnType<typeof settingsOf>

/** Checks the options and fills in the defaults. */
export function settingsOf(options: SpokiTransportOptions) {
  checkNames('transport-spoki', options, spokiOptionNames(Object.keys(options?.templates ?? {})))
  const { apiKey, webhookSecret, tenant = 'default', channel = 'main', templates = {}, windowTemplate } = options
  const { baseUrl = 'https://api.spoki.com', apiKeyHeader = 'X-Spoki-Api-Key' } = options
  const { signatureHeader = 'X-Spoki-Signature', handoff = true, fetch, logger } = options
  const limits = { ...spokiLimits, ...options.limits }
  const { maxMediaBytes = 64 * 2 ** 20, maxWebhookBytes = 4 * 2 ** 20, timeoutMs = 30_000 } = options
  const { allowedMediaHosts = ['.spoki.com', '.spoki.it'] } = options
  const accountId = options.accountId === undefined ? undefined : String(options.accountId)
  checkText({ webhookSecret, tenant, channel, baseUrl, apiKeyHeader, signatureHeader })
  if (accountId !== undefined) checkText({ accountId })
  if (apiKey === '' || apiKey === null || !['string', 'function', 'object'].includes(typeof apiKey)) {
    throw wrong('apiKey', 'an API key or a function that gives one')
  }
  if (typeof handoff !== 'boolean') throw wrong('handoff', '`true` or `false`')
  for (const [name, value] of Object.entries({ maxMediaBytes, maxWebhookBytes, timeoutMs })) {
    if (!Number.isInteger(value) || value < 1) throw wrong(name, 'a whole number above 0', value)
  }
  if (!Array.isArray(allowedMediaHosts) || !allowedMediaHosts.every(isAllowedHost)) {
    throw wrong('allowedMediaHosts', 'a list of hosts such as `cdn.example.com` or `.example.com`')
  }
  checkTemplates(templates)
  return {
    ...{ apiKey, webhookSecret, tenant, channel, windowTemplate, handoff, accountId, baseUrl, apiKeyHeader, fetch },
    ...{ signatureHeader, limits, timeoutMs, maxMediaBytes, allowedMediaHosts: [...allowedMediaHosts], logger },
    templates: new Map(Object.entries(templates)),
    maxWebhookBytes,
  }
}

function checkTemplates(templates: Readonly<Record<string, SpokiTemplate>>): void {
  for (const [name, template] of Object.entries(templates)) {
    const { id, fields = [] } = template ?? {}
    if (!Number.isSafeInteger(id) || id < 1) throw wrong(`templates.${name}.id`, 'the number of a template')
    if (!Array.isArray(fields) || !fields.every((field) => typeof field === 'string' && field !== '')) {
      throw wrong(`templates.${name}.fields`, 'a list of names of custom fields')
    }
  }
}

function checkText(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string' && value.trim() !== '') continue
    throw wrong(name, 'a text that is not empty', typeof value === 'string' ? 'an empty one' : typeof value)
  }
}

/** Also for what is exported beside the transport. */
export function wrong(name: string, expected: string, got?: unknown): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    `[transport-spoki] Expected \`${name}\` to be ${expected}${got === undefined ? '' : `, got ${String(got)}`}. Correct it.`,
  )
}
