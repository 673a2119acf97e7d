import {
  type BackoffOptions,
  type ConsumeOptions,
  checkNames,
  type Logger,
  type NamesOf,
  type PublishOptions,
  silentLogger,
  WaAgentError,
} from '@wa-agent/core'
import { checkConnection, type RedisConnection } from './connection.ts'
import type { ConsumerSettings } from './consumer.ts'
import { priorities } from './priority.ts'
import { type KeepOptions, keepJobs } from './retention.ts'

/** How a queue on BullMQ is made. */
export interface BullmqQueueOptions {
  /**
   * Where Redis is: a URL (`redis://` or `rediss://`), options of ioredis, or a client of ioredis, whose settings are
   * used: it is neither used itself nor closed.
   */
  readonly connection: RedisConnection
  /** Queues of one name on one Redis are one queue. Default `wa-agent`. */
  readonly name?: string
  /** What Redis' keys begin with. Default `bull`, as with BullMQ. */
  readonly prefix?: string
  /**
   * How often (default 5 attempts in all) and how soon (2 s, 4 s, 8 s, ...) a failed job is tried again. The process that
   * consumes decides.
   */
  readonly retry?: BackoffOptions & { readonly maxAttempts?: number }
  /**
   * How long Redis keeps jobs that are over. Default: what is done is forgotten at once, dead letters stay until somebody
   * decides on them. The process that consumes decides.
   */
  readonly retention?: { readonly completed?: KeepOptions; readonly dead?: KeepOptions }
  /**
   * How long a job stays with a process that says nothing, 100 at least. A process that dies is noticed after at most two thirds
   * of it more. One that is blocked for so long shares its jobs with others. Default 15,000.
   */
  readonly lockMs?: number
  /** How long Redis may take for an answer before `queue_unavailable`. Default 5,000. */
  readonly timeoutMs?: number
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number
  /** Default: silent. */
  readonly logger?: Logger
}

const keepNames: NamesOf<KeepOptions> = { maxCount: true, maxAgeMs: true }

const optionNames: NamesOf<BullmqQueueOptions> = {
  connection: true,
  name: true,
  prefix: true,
  retry: { maxAttempts: true, baseMs: true, maxMs: true, jitter: true },
  retention: { completed: keepNames, dead: keepNames },
  lockMs: true,
  timeoutMs: true,
  random: 'function',
  logger: 'object',
}

/** Below it a process that is only busy would look like one that died. */
const leastLockMs = 100
const dayMs = 86_400_000
/** BullMQ keeps the time of a job in a number that ends in 2039. */
const yearMs = 365 * dayMs

/** Checks the options and fills in the defaults. Throws `invalid_options`. */
export function settingsOf(options: BullmqQueueOptions): ConsumerSettings {
  checkNames('bullmqQueue', options, optionNames)
  checkConnection(options.connection)
  const { name = 'wa-agent', prefix = 'bull', retry = {}, lockMs = 15_000, timeoutMs = 5000 } = options
  if (!isText(name) || name.includes(':')) throw wrong('name', 'a name without a colon', name)
  if (!isText(prefix)) throw wrong('prefix', 'a text', prefix)
  const { maxAttempts = 5, ...backoff } = retry
  checkBackoff(backoff)
  const retention = checkedRetention(options.retention)
  return {
    connection: options.connection,
    name,
    prefix,
    queue: name,
    maxAttempts: whole('retry.maxAttempts', maxAttempts, [1]),
    backoff,
    random: options.random ?? Math.random,
    lockMs: whole('lockMs', lockMs, [leastLockMs, dayMs]),
    timeoutMs: whole('timeoutMs', timeoutMs, [1, dayMs]),
    keepCompleted: keepJobs(retention.completed) ?? { count: 0 },
    keepDead: keepJobs(retention.dead) ?? { count: -1 },
    logger: options.logger ?? silentLogger,
  }
}

/** How jobs are published, in BullMQ's words. Throws `invalid_options`. */
export function publishingOf({ delayMs = 0, priority = 'normal' }: PublishOptions): {
  readonly priority: number
  readonly delay?: number
} {
  if (!Object.hasOwn(priorities, priority)) throw wrong('priority', 'high, normal or low', priority)
  milliseconds('delayMs', delayMs)
  return { priority: priorities[priority], ...(delayMs > 0 && { delay: Math.ceil(delayMs) }) }
}

/** Throws `invalid_options` before anything is made that would have to be closed. */
export function checkConsuming({ concurrency = 1 }: ConsumeOptions): void {
  whole('concurrency', concurrency, [1])
}

function checkBackoff({ baseMs = 0, maxMs = 0, jitter = 0 }: BackoffOptions): void {
  milliseconds('retry.baseMs', baseMs)
  milliseconds('retry.maxMs', maxMs)
  if (!isNumber(jitter) || jitter < 0 || jitter > 1) throw wrong('retry.jitter', 'a number from 0 to 1', jitter)
}

function checkedRetention(retention: BullmqQueueOptions['retention'] = {}) {
  for (const kind of ['completed', 'dead'] as const) {
    const { maxCount = 0, maxAgeMs = 0 } = retention[kind] ?? {}
    whole(`retention.${kind}.maxCount`, maxCount, [0])
    if (!isNumber(maxAgeMs) || maxAgeMs < 0) {
      throw wrong(`retention.${kind}.maxAgeMs`, 'a number of milliseconds from 0', maxAgeMs)
    }
  }
  return retention
}

function milliseconds(option: string, value: unknown): void {
  if (isNumber(value) && value >= 0 && value <= yearMs) return
  throw wrong(option, `a number of milliseconds from 0 to ${yearMs}, a year`, value)
}

function whole(option: string, value: number, [least, most]: readonly [number, number?]): number {
  if (Number.isSafeInteger(value) && value >= least && (most === undefined || value <= most)) return value
  throw wrong(option, `a whole number from ${least}${most === undefined ? '' : ` to ${most}`}`, value)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function wrong(option: string, expected: string, got: unknown): WaAgentError {
  const shown = typeof got === 'number' ? String(got) : typeof got === 'string' ? JSON.stringify(got) : typeof got
  return new WaAgentError('invalid_options', `[bullmqQueue] Expected \`${option}\` to be ${expected}, got ${shown}.`)
}
