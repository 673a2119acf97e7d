import type { Logger } from '@wa-agent/core'
import { WaAgentError } from '@wa-agent/core'
import { type RedisOptions as AllRedisOptions, Redis } from 'ioredis'
import { leavingReplicas } from './failover.ts'
import { codeOf, isRefusedSelect, stateOf, unavailable } from './unavailable.ts'

/** BullMQ reads answers in the shape that Redis always had. */
type RedisOptions = Omit<AllRedisOptions, 'replyMapping'>

/** Where Redis is: `redis://` or `rediss://`, options of ioredis, or a client whose settings are to be used. */
export type RedisConnection = string | RedisOptions | Redis

/** What all clients of one queue share. */
export interface ClientSettings {
  readonly connection: RedisConnection
  /** How long an answer may take. */
  readonly timeoutMs: number
  readonly logger: Logger
  /** The queue's name, for the log. */
  readonly queue: string
}

/**
 * A client that answers soon or not at all: it keeps nothing for later, and sends nothing twice. For publishing and for
 * looking.
 */
export function promptClient({ connection, timeoutMs }: ClientSettings): Redis {
  return clientOf(connection, {
    ...leavingReplicas(givenOptions(connection), false),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    socketTimeout: timeoutMs * 2,
  })
}

const ignored = () => undefined

/** A client that waits until Redis is back, for workers, with the copies that BullMQ makes of it. */
export class PatientClient {
  readonly redis: Redis
  readonly #copies: Redis[] = []

  /** `tell` hears of each question that a replica refuses: it is sent again, so nobody else does. */
  constructor({ connection, timeoutMs }: ClientSettings, tell: (error: Error) => void) {
    this.redis = clientOf(connection, {
      ...leavingReplicas(givenOptions(connection), true, tell),
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      connectTimeout: timeoutMs,
      // A dead connection is found out also where nobody says so. BullMQ waits for at most 10 s for a job.
      socketTimeout: timeoutMs + 15_000,
    })
    const duplicate = this.redis.duplicate.bind(this.redis)
    this.redis.duplicate = (override) => {
      const copy = guarded(duplicate(override))
      this.#copies.push(copy)
      return copy
    }
  }

  /** Lets go of all connections at once, whatever is under way. */
  disconnect(): void {
    for (const client of [this.redis, ...this.#copies]) {
      // Between two attempts ioredis ends nothing, and BullMQ waits for the end without an end: an attempt can be cut off.
      if (client.status === 'reconnecting') client.connect().catch(ignored)
      client.disconnect()
    }
  }
}

const waits = new WeakMap<Redis, Promise<void>>()

/** Resolves when `client` can be used, and rejects when an attempt to connect failed or took longer than `timeoutMs`. */
export async function ready(client: Redis, timeoutMs: number): Promise<void> {
  if (client.status === 'ready') return
  // However many ask, one listens.
  const wait = waits.get(client) ?? nextAttempt(client, timeoutMs).finally(() => waits.delete(client))
  waits.set(client, wait)
  await wait
}

function nextAttempt(client: Redis, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => () => {
      clearTimeout(timer)
      client.off('ready', onReady).off('close', onFailure).off('end', onFailure)
      done()
    }
    const onReady = settle(resolve)
    const onFailure = settle(() => reject(unavailable(troubles.get(client) ?? new ConnectionLost())))
    const timer = setTimeout(onFailure, timeoutMs)
    client.on('ready', onReady).on('close', onFailure).on('end', onFailure)
  })
}

class ConnectionLost extends Error {
  readonly code = 'ETIMEDOUT'
}

/**
 * Says once that Redis went away, or refuses, and once that it is back, however often the clients try. Whoever calls the result
 * hears no more: what breaks while it is closed is no outage.
 */
export function logOutages(client: Redis, { logger, queue }: ClientSettings): () => void {
  let told: string | undefined
  let isOver = false
  client.on('error', (error: unknown) => {
    const code = codeOf(troubles.get(client) ?? error)
    const line = `Redis ${stateOf(code)}`
    if (isOver || line === told) return
    told = line
    logger.warn({ queue, error: code }, line)
  })
  client.on('ready', () => {
    if (told !== undefined && !isOver) logger.info({ queue }, 'Redis is back')
    told = undefined
  })
  return () => {
    isOver = true
  }
}

/** What went wrong last, of clients that are not ready. */
const troubles = new WeakMap<Redis, unknown>()

/** Is never ready with another database than the one that was asked for: ioredis goes on with the first where that is refused. */
function guarded(client: Redis): Redis {
  let isCut = false
  // An error that nobody listens to would go to the console.
  client.on('error', (error: unknown) => {
    // What follows on the connection that was cut off tells nothing.
    if (isCut) return
    troubles.set(client, error)
    isCut = isRefusedSelect(error)
    if (isCut) client.disconnect(true)
  })
  client.on('close', () => {
    isCut = false
  })
  client.on('ready', () => troubles.delete(client))
  return client
}

function clientOf(connection: RedisConnection, options: RedisOptions): Redis {
  const ours = { ...options, lazyConnect: false }
  if (typeof connection === 'string') return guarded(new Redis(connection, ours))
  if (isClient(connection)) return guarded(connection.duplicate(ours))
  return guarded(new Redis({ ...connection, ...ours }))
}

function givenOptions(connection: RedisConnection): RedisOptions {
  if (typeof connection === 'string') return {}
  return isClient(connection) ? connection.options : connection
}

/** Refuses what cannot work, without showing it: it may hold a password. */
export function checkConnection(connection: unknown): asserts connection is RedisConnection {
  if (typeof connection === 'string') {
    if (/^rediss?:\/\/./.test(connection) && URL.canParse(connection)) return
    throw wrong('a URL that begins with redis:// or rediss://', 'another string')
  }
  if (typeof connection !== 'object' || connection === null || Array.isArray(connection)) {
    throw wrong(
      'a URL, options of ioredis or a Redis of ioredis',
      Array.isArray(connection) ? 'a list' : connection === null ? 'null' : typeof connection,
    )
  }
  if ('isCluster' in connection && connection.isCluster) throw wrong('a single Redis', 'a cluster')
  const options: object = isClient(connection) ? connection.options : connection
  if ('keyPrefix' in options && options.keyPrefix) {
    throw wrong('a client without `keyPrefix`', 'one with it; use the option `prefix` of bullmqQueue')
  }
  checkAddress(options)
}

/** ioredis would go on with another address, or try without a pause and without an end. */
function checkAddress(options: object): void {
  // A `URL` has this too, and nothing that ioredis would read.
  if ('url' in options || 'hostname' in options) {
    throw wrong('options of ioredis (`host`, `port`, ...), or the URL itself as a text', 'an object with a URL')
  }
  const { port, sentinels, name } = options as { readonly [option: string]: unknown }
  if (port !== undefined && port !== null && !isPort(port)) {
    throw wrong('options with a `port` from 1 to 65535', typeof port === 'number' ? `${port}` : `a ${typeof port}`)
  }
  if (sentinels !== undefined && sentinels !== null && (typeof name !== 'string' || name === '')) {
    throw wrong('options whose `sentinels` come with the `name` of their master', 'sentinels alone')
  }
}

function isPort(port: unknown): boolean {
  const number = typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port
  return typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= 65_535
}

function isClient(connection: object): connection is Redis {
  return 'duplicate' in connection && typeof connection.duplicate === 'function'
}

function wrong(expected: string, got: string): WaAgentError {
  return new WaAgentError('invalid_options', `[bullmqQueue] Expected \`connection\` to be ${expected}, got ${got}.`)
}
