import {
  type BackoffOptions,
  type ConsumeOptions,
  checkNames,
  type DeadJobs,
  type JobHandler,
  type Logger,
  type NamesOf,
  type PublishOptions,
  type Queue,
  type QueueCapabilities,
  type QueueConsumer,
  type QueueJob,
  type QueueStats,
  silentLogger,
  WaAgentError,
} from '@wa-agent/core'
import { Queue as Broker, type JobsOptions } from 'bullmq'
import type { Redis } from 'ioredis'
import { checkConnection, logOutages, promptClient, type RedisConnection, ready } from './connection.ts'
import { BullmqConsumer, type ConsumerSettings } from './consumer.ts'
import { deadLettersOf } from './dead-letters.ts'
import { GroupOrder } from './group-order.ts'
import { callJob, delayedName, groupWaitMs } from './group-wait.ts'
import { priorities } from './priority.ts'
import { type KeepOptions, keepJobs } from './retention.ts'
import { statsOf } from './stats.ts'
import { unavailable } from './unavailable.ts'

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
   * How long a job stays with a process that says nothing. A process that dies is noticed after at most two thirds of it
   * more. One that is blocked for so long shares its jobs with others. Default 15,000.
   */
  readonly lockMs?: number
  /** How long Redis may take for an answer before `queue_unavailable`. Default 5,000. */
  readonly timeoutMs?: number
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number
  /** Default: silent. */
  readonly logger?: Logger
}

/** A queue on BullMQ, with BullMQ's own object for what only BullMQ can. */
export interface BullmqQueue extends Queue {
  /** For tools like Bull Board. It fails at once while Redis is away. Do not close it. */
  readonly broker: Broker<QueueJob>
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

/** A queue on BullMQ and Redis. It connects at once, and goes on trying. */
export function bullmqQueue(options: BullmqQueueOptions): BullmqQueue {
  checkNames('bullmqQueue', options, optionNames)
  checkConnection(options.connection)
  const { name = 'wa-agent', prefix = 'bull', retry = {}, retention = {} } = options
  if (name === '' || name.includes(':')) throw wrong('name', 'a name without a colon', name)
  const { maxAttempts = 5, ...backoff } = retry
  return new QueueOnBullmq({
    connection: options.connection,
    name,
    prefix,
    queue: name,
    maxAttempts: whole('retry.maxAttempts', maxAttempts),
    backoff,
    random: options.random ?? Math.random,
    lockMs: whole('lockMs', options.lockMs ?? 15_000),
    timeoutMs: whole('timeoutMs', options.timeoutMs ?? 5000),
    keepCompleted: keepJobs(retention.completed) ?? { count: 0 },
    keepDead: keepJobs(retention.dead) ?? { count: -1 },
    logger: options.logger ?? silentLogger,
  })
}

class QueueOnBullmq implements BullmqQueue {
  readonly capabilities: QueueCapabilities = {
    ordered: true,
    groups: true,
    delay: true,
    priorities: true,
    nativeDeadLetters: true,
    durable: true,
  }
  readonly broker: Broker<QueueJob>
  readonly deadLetters: DeadJobs
  readonly #settings: ConsumerSettings
  readonly #redis: Redis
  readonly #groups: GroupOrder
  readonly #consumers = new Set<BullmqConsumer>()
  #closing: Promise<void> | undefined

  constructor(settings: ConsumerSettings) {
    const { name, prefix } = settings
    this.#settings = settings
    this.#redis = promptClient(settings)
    logOutages(this.#redis, settings)
    // The version is not asked for: BullMQ asks once, and would never answer again if Redis were away just then.
    const broker = { connection: this.#redis, prefix, skipVersionCheck: true, skipWaitingForReady: true }
    this.broker = new Broker<QueueJob>(name, { ...broker, skipMetasUpdate: true })
    // The client tells of outages; what else fails is told to whoever asked.
    this.broker.on('error', () => undefined)
    this.#groups = new GroupOrder(this.#redis, (key) => this.broker.toKey(key))
    const letters = deadLettersOf(this.broker, this.#redis, this.#groups)
    this.deadLetters = {
      list: (query) => this.#ask(() => letters.list(query)),
      retry: (id) => this.#ask(() => letters.retry(id)),
      discard: (id) => this.#ask(() => letters.discard(id)),
    }
  }

  async publish(jobs: readonly QueueJob[], options: PublishOptions = {}): Promise<void> {
    const { delayMs = 0, priority = 'normal' } = options
    const opts = { priority: priorities[priority], ...(delayMs > 0 ? { delay: delayMs } : {}) }
    await this.#ask(async () => {
      if (jobs.length === 0) return
      try {
        await this.#add(jobs, opts)
      } catch (error) {
        // BullMQ turns all of them into JSON before it sends the first.
        checkJson(jobs)
        throw error
      }
    })
  }

  async #add(jobs: readonly QueueJob[], opts: JobsOptions): Promise<void> {
    const grouped = jobs.flatMap((job) => (job.group === undefined ? [] : [{ id: this.#groups.createId(), job }]))
    const idOf = new Map(grouped.map(({ id, job }) => [job, id]))
    const waiting = await this.#groups.enter(grouped)
    const nameOf = () => (opts.delay === undefined ? 'job' : delayedName(Date.now() + opts.delay))
    const added = jobs.map((data) => {
      const jobId = idOf.get(data)
      if (jobId === undefined) return { name: 'job', data, opts }
      const delay = Math.max(opts.delay ?? 0, waiting.has(jobId) ? groupWaitMs : 0)
      return { name: nameOf(), data, opts: { ...opts, jobId, ...(delay > 0 && { delay }) } }
    })
    await this.broker.addBulk(added)
    // Those before them may have ended meanwhile, and have called somebody who was not there yet.
    const late = grouped.filter(({ id }) => waiting.has(id))
    await Promise.all(
      late.map(async ({ id, job }) => (await this.#groups.isFirst(id, job)) && callJob(this.broker, id)),
    )
  }

  consume(handler: JobHandler, options: ConsumeOptions = {}): QueueConsumer {
    this.#mustBeOpen()
    const consumer = new BullmqConsumer(this.#settings, handler, options)
    this.#consumers.add(consumer)
    void consumer.ended.then(() => this.#consumers.delete(consumer))
    return consumer
  }

  async pause(): Promise<void> {
    await this.#ask(() => this.broker.pause())
  }

  async resume(): Promise<void> {
    await this.#ask(() => this.broker.resume())
  }

  async stats(): Promise<QueueStats> {
    const working = [...this.#consumers].reduce((sum, consumer) => sum + consumer.working, 0)
    return { ...(await this.#ask(() => statsOf(this.broker, this.#redis))), working }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()))
    // Lets what was asked before end; a Redis that is away ends it at once, one that hangs after its time.
    await this.#redis.quit().catch(() => undefined)
    this.#redis.disconnect()
    await this.broker.close()
  }

  /** Asks Redis, if it is there. */
  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    this.#mustBeOpen()
    try {
      await ready(this.#redis, this.#settings.timeoutMs)
      return await question()
    } catch (error) {
      throw unavailable(error)
    }
  }

  #mustBeOpen(): void {
    if (!this.#closing) return
    throw new WaAgentError('queue_closed', 'The queue is closed. Make a new one with bullmqQueue().')
  }
}

function checkJson(jobs: readonly QueueJob[]): void {
  try {
    JSON.stringify(jobs)
  } catch (error) {
    throw notJson(error)
  }
}

function notJson(cause: unknown): WaAgentError {
  return new WaAgentError('invalid_options', 'A job must be JSON; leave out what is not, e.g. bigint and cycles.', {
    cause,
  })
}

function whole(option: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value
  throw wrong(option, 'a whole number above 0', String(value))
}

function wrong(option: string, expected: string, got: string): WaAgentError {
  return new WaAgentError('invalid_options', `[bullmqQueue] Expected \`${option}\` to be ${expected}, got ${got}.`)
}
