import { randomUUID } from 'node:crypto'
import {
  type Bot,
  type Clock,
  checkNames,
  type Ingest,
  type Logger,
  systemClock,
  Telemetry,
  type TelemetryOptions,
  type Transport,
  tracedLogger,
} from '@wa-agent/core'
import type { ApiKeys } from './api-keys.ts'
import { type DesktopOptions, type DesktopSettings, readDesktopSettings } from './desktop-link/desktop-options.ts'
import type { TransportFactories } from './load-transports.ts'
import type { ServerMetrics } from './metrics/server-metrics.ts'
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
  /** A bot or a worker. You start and stop it: start it first, and stop it after the server. */
  readonly bot?: Bot
  /** In place of a bot: then there are webhooks and probes, and nothing else. You start and stop it as you would a bot. */
  readonly ingest?: Ingest
  /** Those of the bot or the ingest. Which have `webhook` are reached by it; a `chatTransport` by `POST /chat`, a `desktopTransport` by its desktop. */
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
  /**
   * A page for people to look at the queue with, such as `bullBoard(queue)`. Browsers ask for a name and a password: the
   * password is an admin key.
   */
  readonly board?: Board
  /** Where a broker pushes jobs to by itself: `POST /pubsub`. It proves them, e.g. `queue.pushHandler()` of `pubsubQueue`. */
  readonly push?: (request: Request) => Promise<Response>
  /** Shows metrics at `GET /metrics`, the server's own and those of all who have its `meterProvider`: `prometheusMetrics()`. */
  readonly metrics?: ServerMetrics
  /** Where traces of webhooks and metrics of requests go: that of the bot. Default: as for a bot, and to `metrics`. */
  readonly telemetry?: Pick<TelemetryOptions, 'tracerProvider' | 'meterProvider'>
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

/** A page that is mounted as it is. */
export interface Board {
  /** Where it is, e.g. `/queues`. */
  readonly path: string
  fetch(request: Request): Response | Promise<Response>
}

/** The settings of a server that has a bot. */
export interface Settings extends HttpSettings {
  readonly bot: Bot
}

/** The options with their defaults, checked. */
export interface HttpSettings {
  readonly bot: Bot | undefined
  readonly ingest: Ingest | undefined
  /** Grows with the channels of desktops that are added while the server runs. */
  readonly transports: Transport[]
  readonly keys: ApiKeys | undefined
  readonly tenants: TenantDirectory | undefined
  readonly factories: TransportFactories | undefined
  readonly desktop: DesktopSettings
  readonly board: Board | undefined
  readonly push: ((request: Request) => Promise<Response>) | undefined
  readonly metrics: ServerMetrics | undefined
  readonly telemetry: Telemetry
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
export function readSettings(options: ServerOptions): HttpSettings {
  checkNames('server', options, serverOptionNames)
  const { bot, ingest, transports, tenants, factories, limits = {}, trustedProxies = 0 } = options
  checkRole(options)
  if (!Array.isArray(transports)) throw wrongOption('transports', 'the list of the transports of the bot', transports)
  if (tenants !== undefined && typeof tenants.tenants !== 'function')
    throw wrongOption('tenants', 'a directory such as staticTenants()', tenants)
  if (factories !== undefined && (typeof factories !== 'object' || factories === null))
    throw wrongOption('factories', 'those of loadTransports()', factories)
  if (!Number.isSafeInteger(trustedProxies) || trustedProxies < 0)
    throw wrongOption('trustedProxies', 'the number of proxies before this server', trustedProxies)
  return {
    bot,
    ingest,
    transports: [...transports],
    keys: readKeys(options),
    tenants,
    factories,
    desktop: readDesktopSettings(options.desktop),
    board: readBoard(options),
    push: readPush(options),
    metrics: readMetrics(options),
    telemetry: new Telemetry({ ...meterOf(options), ...options.telemetry }),
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
    logger: tracedLogger(options.logger),
  }
}

/** Whether the server has a bot. */
export function hasBot(settings: HttpSettings): settings is Settings {
  return settings.bot !== undefined
}

function checkRole({ bot, ingest }: ServerOptions): void {
  if (ingest === undefined) {
    if (typeof bot?.on !== 'function') throw wrongOption('bot', 'a bot from createBot() or createWorker()', bot)
  } else if (bot !== undefined || typeof ingest.health !== 'function')
    throw wrongOption('ingest', 'an ingest from createIngest(), and no bot beside it', bot ?? ingest)
}

function readBoard({ board, adminKey, keys }: ServerOptions): Board | undefined {
  if (board === undefined) return undefined
  if (!/^\/[\w-]+(\/[\w-]+)*$/.test(board.path) || typeof board.fetch !== 'function')
    throw wrongOption('board', 'a page such as bullBoard(queue), with a path like /queues', board)
  if (adminKey === false && !keys)
    throw wrongOption('adminKey', 'a key, because the board is not for everybody', adminKey)
  return board
}

function readMetrics({ metrics, adminKey, keys }: ServerOptions): ServerMetrics | undefined {
  if (metrics === undefined) return undefined
  if (typeof metrics?.read !== 'function') throw wrongOption('metrics', 'metrics such as prometheusMetrics()', metrics)
  if (!metrics.public && adminKey === false && !keys)
    throw wrongOption('adminKey', 'a key, because the metrics are not public', adminKey)
  return metrics
}

function meterOf({ metrics }: ServerOptions): TelemetryOptions {
  return metrics ? { meterProvider: metrics.meterProvider } : {}
}

function readPush({ push }: ServerOptions): HttpSettings['push'] {
  if (push === undefined || typeof push === 'function') return push
  throw wrongOption('push', 'a handler of requests such as queue.pushHandler()', push)
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
