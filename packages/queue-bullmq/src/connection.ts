import type { Logger } from '@wa-agent/core'
import { WaAgentError } from '@wa-agent/core'
import { type RedisOptions as AllRedisOptions, Redis } from 'ioredis'
import { codeOf, unavailable } from './unavailable.ts'

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
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    socketTimeout: timeoutMs * 2,
  })
}

/** The other client tells of outages; an error that nobody listens to would go to the console. */
const ignored = () => undefined

/** A client that waits until Redis is back, for workers, with the copies that BullMQ makes of it. */
export class PatientClient {
  readonly redis: Redis
  readonly #copies: Redis[] = []

  constructor({ connection, timeoutMs }: ClientSettings) {
    this.redis = clientOf(connection, {
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      connectTimeout: timeoutMs,
      // A dead connection is found out also where nobody says so. BullMQ waits for at most 10 s for a job.
      socketTimeout: timeoutMs + 15_000,
    })
    this.redis.on('error', ignored)
    const duplicate = this.redis.duplicate.bind(this.redis)
    this.redis.duplicate = (override) => {
      const copy = duplicate(override)
      copy.on('error', ignored)
      this.#copies.push(copy)
      return copy
    }
  }

  /** Lets go of all connections at once, whatever is under way. */
  disconnect(): void {
    for (const client of [this.redis, ...this.#copies]) client.disconnect()
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
    let lastError: unknown = new ConnectionLost()
    const settle = (done: () => void) => () => {
      clearTimeout(timer)
      client.off('ready', onReady).off('close', onFailure).off('end', onFailure).off('error', onError)
      done()
    }
    const onError = (error: unknown) => {
      lastError = error
    }
    const onReady = settle(resolve)
    const onFailure = settle(() => reject(unavailable(lastError)))
    const timer = setTimeout(onFailure, timeoutMs)
    client.on('error', onError).on('ready', onReady).on('close', onFailure).on('end', onFailure)
  })
}

class ConnectionLost extends Error {
  readonly code = 'ETIMEDOUT'
}

/** Says once that Redis went away and once that it is back, however often the clients try. */
export function logOutages(client: Redis, { logger, queue }: ClientSettings): void {
  let away = false
  client.on('error', (error: unknown) => {
    if (away) return
    away = true
    logger.warn({ queue, error: codeOf(error) }, 'Redis is away')
  })
  client.on('ready', () => {
    if (away) logger.info({ queue }, 'Redis is back')
    away = false
  })
}

function clientOf(connection: RedisConnection, options: RedisOptions): Redis {
  const ours = { ...options, lazyConnect: false }
  if (typeof connection === 'string') return new Redis(connection, ours)
  if (isClient(connection)) return connection.duplicate(ours)
  return new Redis({ ...connection, ...ours })
}

/** Refuses what cannot work, without showing it: it may hold a password. */
export function checkConnection(connection: unknown): asserts connection is RedisConnection {
  if (typeof connection === 'string') {
    if (/^rediss?:\/\/./.test(connection) && URL.canParse(connection)) return
    throw wrong('a URL that begins with redis:// or rediss://', 'another string')
  }
  if (typeof connection !== 'object' || connection === null) {
    throw wrong('a URL, options of ioredis or a Redis of ioredis', connection === null ? 'null' : typeof connection)
  }
  if ('isCluster' in connection && connection.isCluster) throw wrong('a single Redis', 'a cluster')
  const options = isClient(connection) ? connection.options : connection
  if ('keyPrefix' in options && options.keyPrefix) {
    throw wrong('a client without `keyPrefix`', 'one with it; use the option `prefix` of bullmqQueue')
  }
}

function isClient(connection: object): connection is Redis {
  return 'duplicate' in connection && typeof connection.duplicate === 'function'
}

function wrong(expected: string, got: string): WaAgentError {
  return new WaAgentError('invalid_options', `[bullmqQueue] Expected \`connection\` to be ${expected}, got ${got}.`)
}
