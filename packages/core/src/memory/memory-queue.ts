import { type BackoffOptions, backoffMs, storageAwayMs } from '../backoff.ts'
import { type Clock, systemClock } from '../clock.ts'
import { describeError, isStorageAway, WaAgentError } from '../errors.ts'
import type {
  ConsumeOptions,
  DeadJob,
  DeadJobs,
  JobHandler,
  PublishOptions,
  Queue,
  QueueCapabilities,
  QueueConsumer,
  QueueJob,
  QueueStats,
} from '../queue.ts'
import { GroupLines } from './group-lines.ts'

/** How a queue in memory is made. Everything has a default. */
export interface MemoryQueueOptions {
  /** Default: the real time. */
  readonly clock?: Clock
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number
  /** How often (default 5 attempts in all) and how soon (2 s, 4 s, 8 s, ...) a failed job is tried again. */
  readonly retry?: BackoffOptions & { readonly maxAttempts?: number }
}

/**
 * A queue in memory, for tests and for a single process: it promises all that a queue promises, except that jobs end with
 * the process.
 */
export function memoryQueue(options: MemoryQueueOptions = {}): Queue {
  const { maxAttempts = 5 } = options.retry ?? {}
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new WaAgentError(
      'invalid_options',
      `[memoryQueue] Expected \`retry.maxAttempts\` to be a whole number above 0, got ${maxAttempts}.`,
    )
  }
  return new MemoryQueue(options)
}

interface Entry {
  readonly job: QueueJob
  readonly rank: number
  readonly publishedAtMs: number
  readonly notBeforeMs: number
  attempts: number
}

interface Consumer extends QueueConsumer {
  readonly handler: JobHandler
  readonly concurrency: number
  readonly signal: AbortSignal
  readonly running: Set<Promise<void>>
  stopped: boolean
}

const ranks = { high: 0, normal: 1, low: 2 } as const

class MemoryQueue implements Queue {
  readonly capabilities: QueueCapabilities = {
    ordered: true,
    groups: true,
    delay: true,
    priorities: true,
    nativeDeadLetters: true,
    durable: false,
  }
  readonly deadLetters: DeadJobs
  readonly #clock: Clock
  readonly #random: () => number
  readonly #retry: NonNullable<MemoryQueueOptions['retry']>
  /** One for each rank. */
  readonly #ready: readonly Line[] = [new Line(), new Line(), new Line()]
  /** What waits for its time, with how to cancel that. */
  readonly #later = new Map<Entry, () => void>()
  readonly #groups = new GroupLines<Entry>()
  readonly #consumers = new Set<Consumer>()
  readonly #dead = new Map<string, DeadJob & { readonly rank: number }>()
  #deadCount = 0
  #paused = false
  #closed = false

  constructor(options: MemoryQueueOptions) {
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#retry = options.retry ?? {}
    this.deadLetters = {
      list: async (query) => this.#listDead(query),
      retry: async (id) => {
        const { job, rank } = this.#takeDead(id)
        const nowMs = this.#clock.now()
        this.#enter({ job, rank, publishedAtMs: nowMs, notBeforeMs: nowMs, attempts: 0 })
      },
      discard: async (id) => {
        this.#takeDead(id)
      },
    }
  }

  async publish(jobs: readonly QueueJob[], options: PublishOptions = {}): Promise<void> {
    this.#mustBeOpen()
    const { delayMs = 0, priority = 'normal' } = options
    const publishedAtMs = this.#clock.now()
    // All are copied before the first is taken, so that a job that is not JSON leaves nothing behind.
    for (const job of jobs.map(copyJson)) {
      const notBeforeMs = publishedAtMs + delayMs
      this.#enter({ job, rank: ranks[priority], publishedAtMs, notBeforeMs, attempts: 0 })
    }
  }

  consume(handler: JobHandler, options: ConsumeOptions = {}): QueueConsumer {
    this.#mustBeOpen()
    const { concurrency = 10, signal = new AbortController().signal } = options
    const running = new Set<Promise<void>>()
    const consumer: Consumer = {
      handler,
      concurrency,
      signal,
      running,
      stopped: signal.aborted,
      stop: async () => {
        consumer.stopped = true
        signal.removeEventListener('abort', consumer.stop)
        await Promise.all(running)
        this.#consumers.delete(consumer)
      },
    }
    this.#consumers.add(consumer)
    signal.addEventListener('abort', consumer.stop)
    this.#pump()
    return consumer
  }

  async pause(): Promise<void> {
    this.#mustBeOpen()
    this.#paused = true
  }

  async resume(): Promise<void> {
    this.#mustBeOpen()
    this.#paused = false
    this.#pump()
  }

  async stats(): Promise<QueueStats> {
    this.#mustBeOpen()
    const waiting = [...this.#ready.flatMap((line) => line.entries), ...this.#later.keys(), ...this.#groups.waiting]
    const working = [...this.#consumers].reduce((sum, { running }) => sum + running.size, 0)
    const oldestAtMs = waiting.reduce((least, entry) => Math.min(least, entry.publishedAtMs), Number.POSITIVE_INFINITY)
    return {
      waiting: waiting.length,
      working,
      dead: this.#dead.size,
      ...(waiting.length === 0 ? {} : { oldestAtMs }),
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()))
    for (const cancel of this.#later.values()) cancel()
    this.#later.clear()
  }

  #enter(entry: Entry): void {
    if (this.#groups.enter(entry)) this.#begin(entry)
  }

  #begin(entry: Entry): void {
    this.#add(entry, entry.notBeforeMs - this.#clock.now())
  }

  /** It is done, or a dead letter. */
  #over(entry: Entry): void {
    const next = this.#groups.leave(entry)
    if (next) this.#begin(next)
  }

  #add(entry: Entry, delayMs = 0): void {
    if (delayMs > 0) {
      const cancel = this.#clock.after(delayMs, () => {
        this.#later.delete(entry)
        this.#add(entry)
      })
      this.#later.set(entry, cancel)
      return
    }
    this.#ready[entry.rank]?.push(entry)
    this.#pump()
  }

  /** Gives jobs to whoever has a hand free. */
  #pump(): void {
    if (this.#paused || this.#closed) return
    for (const consumer of this.#consumers) {
      while (!consumer.stopped && consumer.running.size < consumer.concurrency) {
        const entry = this.#next()
        if (!entry) return
        const run = this.#run(entry, consumer).finally(() => {
          consumer.running.delete(run)
          this.#pump()
        })
        consumer.running.add(run)
      }
    }
  }

  #next(): Entry | undefined {
    for (const line of this.#ready) {
      const entry = line.shift()
      if (entry) return entry
    }
    return undefined
  }

  async #run(entry: Entry, { handler, signal }: Consumer): Promise<void> {
    entry.attempts += 1
    // A handler never sees the call stack of `publish`, and gets a copy that it may change.
    await Promise.resolve()
    try {
      await handler(copyJson(entry.job), { attempt: entry.attempts, signal })
      this.#over(entry)
    } catch (error) {
      this.#failed(entry, error)
    }
  }

  #failed(entry: Entry, error: unknown): void {
    const { maxAttempts = 5, ...backoff } = this.#retry
    if (isStorageAway(error)) {
      entry.attempts -= 1
      this.#add(entry, storageAwayMs(backoff, this.#random))
      return
    }
    if (entry.attempts < maxAttempts) {
      this.#add(entry, backoffMs(entry.attempts, backoff, this.#random))
      return
    }
    this.#deadCount += 1
    const id = String(this.#deadCount)
    const { job, attempts, rank } = entry
    this.#dead.set(id, { id, job, rank, attempts, reason: describeError(error), atMs: this.#clock.now() })
    this.#over(entry)
  }

  #listDead({
    tenant,
    limit = Number.POSITIVE_INFINITY,
  }: {
    readonly tenant?: string
    readonly limit?: number
  } = {}): DeadJob[] {
    this.#mustBeOpen()
    const wanted = [...this.#dead.values()].filter(({ job }) => tenant === undefined || job.tenant === tenant)
    return wanted
      .slice(Math.max(0, wanted.length - limit))
      .map(({ rank: _, job, ...dead }) => ({ ...dead, job: copyJson(job) }))
  }

  #takeDead(id: string): DeadJob & { readonly rank: number } {
    this.#mustBeOpen()
    const dead = this.#dead.get(id)
    if (!dead)
      throw new WaAgentError('not_found', 'There is no dead letter with this id; list them to see which there are.')
    this.#dead.delete(id)
    return dead
  }

  #mustBeOpen(): void {
    if (!this.#closed) return
    throw new WaAgentError('queue_closed', 'The queue is closed. Make a new one with memoryQueue().')
  }
}

/** First in, first out. Neither an Array nor a Set gives up its first element cheaply once it holds many. */
class Line {
  #entries: Entry[] = []
  #first = 0

  get entries(): readonly Entry[] {
    return this.#entries.slice(this.#first)
  }

  push(entry: Entry): void {
    this.#entries.push(entry)
  }

  shift(): Entry | undefined {
    const entry = this.#entries[this.#first]
    if (!entry) return undefined
    this.#first += 1
    // What was given up is let go when it is the larger half, so that each entry is moved about once.
    if (this.#first * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
    return entry
  }
}

function copyJson(job: QueueJob): QueueJob {
  try {
    return JSON.parse(JSON.stringify(job)) as QueueJob
  } catch (error) {
    throw notJson(error)
  }
}

function notJson(cause: unknown): WaAgentError {
  return new WaAgentError('invalid_options', 'A job must be JSON; leave out what is not, e.g. bigint and cycles.', {
    cause,
  })
}
