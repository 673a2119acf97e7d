import {
  type ConsumeOptions,
  type DeadJobs,
  type JobHandler,
  type PublishOptions,
  type Queue,
  type QueueCapabilities,
  type QueueConsumer,
  type QueueJob,
  type QueueStats,
  WaAgentError,
} from '@wa-agent/core'
import { Queue as Broker, type JobsOptions } from 'bullmq'
import type { Redis } from 'ioredis'
import { logOutages, promptClient, ready } from './connection.ts'
import { BullmqConsumer, type ConsumerSettings } from './consumer.ts'
import { deadLettersOf } from './dead-letters.ts'
import { warnOfEviction } from './eviction.ts'
import { GroupOrder } from './group-order.ts'
import { callJob, delayedName, groupWaitMs } from './group-wait.ts'
import { type BullmqQueueOptions, checkConsuming, publishingOf, settingsOf } from './options.ts'
import { statsOf } from './stats.ts'
import { unavailable } from './unavailable.ts'

/** A queue on BullMQ, with BullMQ's own object for what only BullMQ can. */
export interface BullmqQueue extends Queue {
  /** For tools like Bull Board. It fails at once while Redis is away. Do not close it. */
  readonly broker: Broker<QueueJob>
}

/** A queue on BullMQ and Redis. It connects at once, and goes on trying. */
export function bullmqQueue(options: BullmqQueueOptions): BullmqQueue {
  return new QueueOnBullmq(settingsOf(options))
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
  readonly #silence: () => void
  #closing: Promise<void> | undefined

  constructor(settings: ConsumerSettings) {
    const { name, prefix } = settings
    this.#settings = settings
    this.#redis = promptClient(settings)
    this.#silence = logOutages(this.#redis, settings)
    warnOfEviction(this.#redis, settings)
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
    this.#mustBeOpen()
    const publishing = publishingOf(options)
    // One that is refused must not have a place in its group: the next one would wait for it.
    checkJson(jobs)
    await this.#ask(async () => {
      if (jobs.length > 0) await this.#add(jobs, publishing)
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
    checkConsuming(options)
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

  /** A Redis without memory or without its primary answers, and takes nothing in. */
  async ping(): Promise<void> {
    await this.#ask(() => this.#redis.set(this.broker.toKey('ping'), '1', 'EX', 60))
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
    this.#silence()
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
