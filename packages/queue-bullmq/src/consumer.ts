import type { ConsumeOptions, JobHandler, QueueConsumer, QueueJob } from '@wa-agent/core'
import {
  type BackoffOptions,
  backoffMs,
  describeError,
  isQueueJob,
  isStorageAway,
  jobFieldsOf,
  type Logger,
  storageAwayMs,
  systemClock,
  waitFor,
} from '@wa-agent/core'
import { DelayedError, type Job, type KeepJobs, WaitingError } from 'bullmq'
import { CalmWorker } from './calm-worker.ts'
import { type ClientSettings, PatientClient } from './connection.ts'
import { GroupOrder } from './group-order.ts'
import { callJob, groupWaitMs, notBeforeMs } from './group-wait.ts'
import { troubleLog } from './trouble.ts'
import { codeOf } from './unavailable.ts'

/** What every consumer of one queue shares. */
export interface ConsumerSettings extends ClientSettings {
  readonly name: string
  readonly prefix: string
  readonly maxAttempts: number
  readonly backoff: BackoffOptions
  readonly random: () => number
  readonly lockMs: number
  readonly keepCompleted: KeepJobs
  readonly keepDead: KeepJobs
  readonly logger: Logger
}

/** A pause between two tries of BullMQ to reach Redis. */
const retryMs = 1000

/** So long a job whose storage is away keeps its place among those in hand: with many that wait, one would follow the other without a pause. */
const awayHoldMs = 500

/** A worker of BullMQ with the manners that the port asks for. */
export class BullmqConsumer implements QueueConsumer {
  readonly #settings: ConsumerSettings
  readonly #handler: JobHandler
  readonly #signal: AbortSignal
  readonly #client: PatientClient
  readonly #worker: CalmWorker
  readonly #groups: GroupOrder
  readonly #running = new Set<Promise<void>>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #end = new AbortController()
  /** Told once, not for each job that waits for it. */
  #isStorageAway = false
  #stopping: Promise<void> | undefined

  constructor(settings: ConsumerSettings, handler: JobHandler, options: ConsumeOptions) {
    const { concurrency = 10, signal = new AbortController().signal } = options
    this.#settings = settings
    this.#handler = handler
    this.#signal = signal
    const trouble = troubleLog(settings)
    this.#client = new PatientClient(settings, trouble)
    this.#worker = new CalmWorker(settings.name, (job, token) => this.#process(job, token), {
      connection: this.#client.redis,
      prefix: settings.prefix,
      concurrency,
      lockDuration: settings.lockMs,
      // Twice this after the lock has ended a job is with another worker at the latest.
      stalledInterval: Math.ceil(settings.lockMs / 3),
      // A job that takes its process down each time is a dead letter in the end, like one that fails each time.
      maxStalledCount: settings.maxAttempts,
      runRetryDelay: retryMs,
      removeOnComplete: settings.keepCompleted,
      removeOnFail: settings.keepDead,
    })
    this.#groups = new GroupOrder(this.#client.redis, (key) => this.#worker.toKey(key))
    this.#log(trouble)
    if (signal.aborted) this.#stopSoon()
    else signal.addEventListener('abort', this.#stopSoon)
  }

  /** How many jobs it has in hand. */
  get working(): number {
    return this.#running.size
  }

  /** Resolves when it has stopped. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(this.#ended.resolve)
    return this.#stopping
  }

  readonly #stopSoon = (): void => void this.stop()

  async #stop(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stopSoon)
    this.#end.abort()
    const closed = this.#worker.close().catch(() => undefined)
    // A handler may take its time; what comes after it is with Redis, which may be away.
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    await within(closed, this.#settings.timeoutMs)
    this.#client.disconnect()
  }

  async #process(job: Job<QueueJob>, token: string | undefined): Promise<void> {
    if (this.#stopping !== undefined) return this.#giveBack(job, token)
    if (!isQueueJob(job.data)) throw this.#foreign(job)
    const id = job.id ?? ''
    const notBefore = notBeforeMs(job.name)
    if (notBefore > Date.now()) return putOff(job, token, notBefore)
    // Who was not put off was the first when it was published, and nobody comes before it since.
    const wasPutOff = job.opts.delay !== undefined || job.attemptsStarted > 1
    if (wasPutOff && !(await this.#groups.isFirst(id, job.data))) return putOff(job, token, Date.now() + groupWaitMs)
    try {
      await this.#handle(job)
    } catch (error) {
      if (this.#signal.aborted) return await this.#giveBack(job, token)
      if (isStorageAway(error)) return await this.#putOffUntilBack(job, token, error)
      const failure = this.#failure(job, error)
      if (job.attemptsMade + 1 >= this.#settings.maxAttempts) await this.#callNext(id, job.data)
      throw failure
    }
    await this.#callNext(id, job.data)
  }

  /** Whose job is over must not hear of it where this fails: the next one looks by itself when its time has come. */
  async #callNext(id: string, job: QueueJob): Promise<void> {
    try {
      const next = await this.#groups.leave(id, job)
      if (next !== undefined) await callJob(this.#worker, next)
    } catch (error) {
      const { logger, queue } = this.#settings
      logger.warn({ queue, error: codeOf(error) }, 'the next job of a group could not be called')
    }
  }

  async #handle(job: Job<QueueJob>): Promise<void> {
    const context = { attempt: job.attemptsMade + 1, signal: this.#signal }
    // A handler that throws at once has thrown like any other.
    const run = (async () => this.#handler(job.data, context))().finally(() => this.#running.delete(run))
    this.#running.add(run)
    await run
    if (!this.#isStorageAway) return
    this.#isStorageAway = false
    const { logger, queue } = this.#settings
    logger.info({ queue }, 'the storage is back: jobs are done again')
  }

  /** It was no attempt: the job comes back with as many as it had, and in its group nobody comes before it. */
  async #putOffUntilBack(job: Job<QueueJob>, token: string | undefined, error: unknown): Promise<void> {
    const { backoff, random, logger, queue } = this.#settings
    if (!this.#isStorageAway) {
      logger.warn({ queue, reason: describeError(error) }, 'the storage is away: jobs wait until it is back')
    }
    this.#isStorageAway = true
    const atMs = Date.now() + storageAwayMs(backoff, random)
    await waitFor(systemClock, Math.min(atMs - Date.now(), awayHoldMs), this.#end.signal)
    await putOff(job, token, atMs)
  }

  /** Puts a job back to the front, as if nobody had had it. */
  async #giveBack(job: Job<QueueJob>, token: string | undefined): Promise<void> {
    await job.moveToWait(token)
    // BullMQ wakes nobody for a job with a priority that comes back.
    await this.#client.redis.zadd(this.#worker.toKey('marker'), 0, '0')
    throw new WaitingError()
  }

  /** Tells BullMQ when to bring the job back, and why it failed in words that are fit for a log. */
  #failure(job: Job<QueueJob>, error: unknown): Error {
    const { maxAttempts, backoff, random, logger, queue } = this.#settings
    const attempt = job.attemptsMade + 1
    const reason = describeError(error)
    job.opts.attempts = maxAttempts
    job.opts.backoff = { type: 'fixed', delay: backoffMs(attempt, backoff, random) }
    job.opts.stackTraceLimit = 0
    const fields = { queue, ...jobFieldsOf(job.data), attempt, reason }
    if (attempt < maxAttempts) logger.info(fields, 'a job failed and comes back')
    else logger.warn(fields, 'a job failed for good')
    return new Error(reason)
  }

  /** What somebody else put into the queue is a dead letter at once. */
  #foreign(job: Job<unknown>): Error {
    const { logger, queue } = this.#settings
    const reason = 'not a job of wa-agent'
    job.opts.attempts = 0
    job.opts.stackTraceLimit = 0
    logger.warn({ queue, handle: job.id, reason }, 'a job failed for good')
    return new Error(reason)
  }

  #log(trouble: (error: unknown) => void): void {
    const { logger, queue } = this.#settings
    this.#worker.on('error', (error) => {
      // The outage itself is told once, by the queue.
      if (this.#client.redis.status === 'ready') trouble(error)
    })
    this.#worker.on('stalled', (id) => {
      logger.warn({ queue, handle: id }, 'a job came back from a worker that no longer answers')
    })
  }
}

async function putOff(job: Job<QueueJob>, token: string | undefined, atMs: number): Promise<never> {
  await job.moveToDelayed(atMs, token)
  throw new DelayedError()
}

/** Waits for `work`, but not longer than `timeoutMs`. */
async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
