import { randomUUID } from 'node:crypto'
import {
  type Bot,
  type Clock,
  checkNames,
  type Logger,
  silentLogger,
  systemClock,
  type Transport,
} from '@wa-agent/core'
import type { ApiKeys } from './api-keys.ts'
import { type DesktopOptions, type DesktopSettings, readDesktopSettings } from './desktop-link/desktop-options.ts'
import type { TransportFactories } from './load-transports.ts'
import { wrongOption } from './option-error.ts'
import { serverOptionNames } from './option-names.ts'
import { checkSecret } from './secrets.ts'
import { combinedKeys, staticKeys } from './static-keys.ts'
import type { TenantDirectory } from './tenants.ts'

/** So many requests in so many milliseconds. Counted in this process. */
export interface RateLimit {
  readonly requests: number
  readonly perMs: number
}

/** How much is taken from whom; `false` switches a limit off. */
export interface ServerLimits {
  /** Of one API key. Default 600 a minute; a tenant's `requestsPerMinute` comes first. */
  readonly key?: RateLimit | false
  /** Of one channel's webhooks, those that were refused not counted. Default 60,000 a minute. */
  readonly channel?: RateLimit | false
  /**
   * Of one address (of IPv6 the first 64 bits): requests with a key or a wrong one, and webhooks that were refused. Default
   * 600 a minute. Webhooks that were accepted do not count and are never refused for it: a provider sends all of them from a
   * few addresses.
   */
  readonly address?: RateLimit | false
}

/** How a server is made. */
export interface ServerOptions {
  /** You start and stop it: start it first, and stop it after the server. */
  readonly bot: Bot
  /** Those of the bot. Which have `webhook` are reached by it; a `chatTransport` by `POST /chat`, a `desktopTransport` by its desktop. */
  readonly transports: readonly Transport[]
  /**
   * A key that may do everything, at least 16 characters. `false` with no `keys`: there is no `/chat` and no `/api`.
   */
  readonly adminKey?: string | false
  /** More keys: `staticKeys(...)`, or those of a `sqliteDirectory`. */
  readonly keys?: ApiKeys
  /** Enables `/api/tenants`. */
  readonly tenants?: TenantDirectory
  /** Those of `loadTransports`: what they cannot make is refused when it is put, not left to the next start. */
  readonly factories?: TransportFactories
  /** For `desktopTransport` channels: how long they are waited for, and where files go. */
  readonly desktop?: DesktopOptions
  readonly limits?: ServerLimits
  /**
   * How many proxies stand before this server, each of which appends to `X-Forwarded-For`. Default 0: the header is what the
   * client says of itself, and is not believed.
   */
  readonly trustedProxies?: number
  /** The largest body of a webhook. Default 4 MiB. */
  readonly maxWebhookBytes?: number
  /** The largest body of every other request. Default 256 KiB. */
  readonly maxBodyBytes?: number
  /** How much of bodies is held in memory at once; more are refused with 503. Default 64 MiB. */
  readonly maxBufferedBytes?: number
  /** How long `POST /chat` waits for the answer. Default 60,000. */
  readonly chatTimeoutMs?: number
  /** How long the storage may take to show that it is there. Default 2,000. */
  readonly readyTimeoutMs?: number
  /** How long a client of `start` may take for its headers. Default 10,000. */
  readonly headersTimeoutMs?: number
  /** How long a client of `start` may take for a whole request. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** How long an idle connection is kept. Default 65,000: longer than load balancers do. */
  readonly keepAliveTimeoutMs?: number
  /** How long `stop` waits for requests in work before it cuts them off. Default 30,000. */
  readonly stopTimeoutMs?: number
  readonly clock?: Clock
  /** Makes ids of messages to `/chat` and to `/api/messages`. Default: random UUIDs. */
  readonly createId?: () => string
  readonly logger?: Logger
}

/** The options with their defaults, checked. */
export interface Settings {
  readonly bot: Bot
  /** Grows with the channels of desktops that are added while the server runs. */
  readonly transports: Transport[]
  readonly keys: ApiKeys | undefined
  readonly tenants: TenantDirectory | undefined
  readonly factories: TransportFactories | undefined
  readonly desktop: DesktopSettings
  readonly limits: Required<ServerLimits>
  readonly trustedProxies: number
  readonly maxWebhookBytes: number
  readonly maxBodyBytes: number
  readonly maxBufferedBytes: number
  readonly chatTimeoutMs: number
  readonly readyTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly stopTimeoutMs: number
  readonly clock: Clock
  readonly createId: () => string
  readonly logger: Logger
}

/** Completes and checks the options of `createServer`. Throws `invalid_options` for the first that cannot be. */
export function readSettings(options: ServerOptions): Settings {
  checkNames('server', options, serverOptionNames)
  const { bot, transports, tenants, factories, limits = {}, trustedProxies = 0 } = options
  if (typeof bot?.on !== 'function') throw wrongOption('bot', 'a bot from createBot()', bot)
  if (!Array.isArray(transports)) throw wrongOption('transports', 'the list of the transports of the bot', transports)
  if (tenants !== undefined && typeof tenants.tenants !== 'function')
    throw wrongOption('tenants', 'a directory such as staticTenants()', tenants)
  if (factories !== undefined && (typeof factories !== 'object' || factories === null))
    throw wrongOption('factories', 'those of loadTransports()', factories)
  if (!Number.isSafeInteger(trustedProxies) || trustedProxies < 0)
    throw wrongOption('trustedProxies', 'the number of proxies before this server', trustedProxies)
  return {
    bot,
    transports: [...transports],
    keys: readKeys(options),
    tenants,
    factories,
    desktop: readDesktopSettings(options.desktop),
    limits: {
      key: rate('key', limits.key, 600),
      channel: rate('channel', limits.channel, 60_000),
      address: rate('address', limits.address, 600),
    },
    trustedProxies,
    maxWebhookBytes: count('maxWebhookBytes', options.maxWebhookBytes, 4 * 2 ** 20),
    maxBodyBytes: count('maxBodyBytes', options.maxBodyBytes, 2 ** 18),
    maxBufferedBytes: count('maxBufferedBytes', options.maxBufferedBytes, 64 * 2 ** 20),
    chatTimeoutMs: count('chatTimeoutMs', options.chatTimeoutMs, 60_000),
    readyTimeoutMs: count('readyTimeoutMs', options.readyTimeoutMs, 2000),
    headersTimeoutMs: count('headersTimeoutMs', options.headersTimeoutMs, 10_000),
    requestTimeoutMs: count('requestTimeoutMs', options.requestTimeoutMs, 30_000),
    keepAliveTimeoutMs: count('keepAliveTimeoutMs', options.keepAliveTimeoutMs, 65_000),
    stopTimeoutMs: count('stopTimeoutMs', options.stopTimeoutMs, 30_000),
    clock: options.clock ?? systemClock,
    createId: options.createId ?? randomUUID,
    logger: options.logger ?? silentLogger,
  }
}

function readKeys({ adminKey, keys }: ServerOptions): ApiKeys | undefined {
  if (keys !== undefined && typeof keys.verify !== 'function')
    throw wrongOption('keys', 'keys such as staticKeys()', keys)
  if (adminKey === false) return keys
  if (adminKey === undefined && keys) return keys
  checkSecret('adminKey', adminKey)
  const admin = staticKeys([{ id: 'admin', key: adminKey, scope: { type: 'admin' } }])
  return keys ? combinedKeys([admin, keys]) : admin
}

function rate(name: keyof ServerLimits, value: RateLimit | false | undefined, perMinute: number): RateLimit | false {
  if (value === undefined) return { requests: perMinute, perMs: 60_000 }
  if (value === false) return false
  const { requests, perMs } = value
  if (Number.isSafeInteger(requests) && requests > 0 && Number.isFinite(perMs) && perMs > 0) return value
  throw wrongOption(`limits.${name}`, '{ requests, perMs } with numbers above 0, or false', value)
}

function count(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (Number.isSafeInteger(value) && value > 0) return value
  throw wrongOption(name, 'a whole number above 0', value)
}
