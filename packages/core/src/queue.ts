import type { TraceHeaders } from './trace-headers.ts'

/** What is carried, as JSON. The same job may come more than once: `id` is how the receiver knows it again. */
export interface QueueJob {
  readonly id: string
  readonly tenant: string
  readonly channel: string
  /** Any JSON. */
  readonly data: unknown
  /**
   * Jobs of one tenant, channel and group are handed over one at a time and in the order of publishing, whatever becomes of the
   * consumers, where `capabilities.groups` says so. What a dead letter of the group left undone is passed over.
   */
  readonly group?: string
  /** So that one trace spans both processes. */
  readonly trace?: TraceHeaders
}

/** Whether what came out of a broker, into which others may write, is a job. */
export function isQueueJob(value: unknown): value is QueueJob {
  if (!isPlain(value)) return false
  const { id, tenant, channel, group = '', trace = {} } = value
  return [id, tenant, channel, group].every(isText) && isPlain(trace) && Object.values(trace).every(isText)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a queue can do, as data. What it cannot do is refused by `publish`, never ignored. */
export interface QueueCapabilities {
  /** Jobs that do not fail come in the order of publishing, where one consumer takes one at a time. */
  readonly ordered: boolean
  /** Whether jobs of one `group` keep their order; elsewhere `group` is carried and has no effect. */
  readonly groups: boolean
  /** Whether `delayMs` is possible. */
  readonly delay: boolean
  /** Whether `priority` is possible. */
  readonly priorities: boolean
  /** Whether dead letters are the broker's own, so that its tools show them. */
  readonly nativeDeadLetters: boolean
  /** Whether jobs outlive the process that published them. */
  readonly durable: boolean
}

/** How jobs are published. */
export interface PublishOptions {
  /** Not before this many milliseconds. Default 0. */
  readonly delayMs?: number
  /** Default `normal`. */
  readonly priority?: 'high' | 'normal' | 'low'
}

/** What a handler gets beside the job. */
export interface JobContext {
  /** 1 for the first. A delivery that was lost with its process may or may not count. */
  readonly attempt: number
  /** Aborted with the consumer's own signal: end soon, and throw unless the job is done. */
  readonly signal: AbortSignal
}

/**
 * Takes one job. What it throws brings the job back later. An error that `isStorageAway` tells apart is no attempt: the job is
 * fine, and comes back every few seconds (5 at most) for as long as the storage is away, never as a dead letter.
 */
export type JobHandler = (job: QueueJob, context: JobContext) => Promise<void>

/** How jobs are consumed. */
export interface ConsumeOptions {
  /** How many jobs are handled at once. Default 10. */
  readonly concurrency?: number
  /** Aborted: the consumer takes nothing new, and its handlers' signals are aborted too. */
  readonly signal?: AbortSignal
}

/** Somebody who takes jobs. */
export interface QueueConsumer {
  /** Drains: takes nothing new, and resolves when every handler has ended. Calling it again waits for the same. */
  stop(): Promise<void>
}

/** A job that failed for good. */
export interface DeadJob {
  /** The handle for `retry` and `discard`: not the job's id, which may have failed more than once. */
  readonly id: string
  readonly job: QueueJob
  /** Why its last attempt failed, fit for a log. */
  readonly reason: string
  readonly attempts: number
  /** When it died, in milliseconds since 1970. */
  readonly atMs: number
}

/** Looking at jobs that failed for good and deciding on them. */
export interface DeadJobs {
  /** Newest last. */
  list(query?: { readonly tenant?: string; readonly limit?: number }): Promise<readonly DeadJob[]>
  /** Makes it a job again, with its attempts forgotten. Rejects with `not_found` for an unknown id. */
  retry(id: string): Promise<void>
  /** Ends it for good. Rejects with `not_found` for an unknown id. */
  discard(id: string): Promise<void>
}

/** How much is in the queue. A number that the broker cannot tell is absent. */
export interface QueueStats {
  /** Jobs that wait, delayed ones and those before a retry included. */
  readonly waiting?: number
  /** Jobs in the hands of this object's consumers. */
  readonly working: number
  readonly dead?: number
  /** When the oldest waiting job was published, in milliseconds since 1970; absent also where none waits. */
  readonly oldestAtMs?: number
}

/**
 * Carries jobs durably from a process that ingests to processes that work. It is no judge of order or of what was
 * answered: storage is. So it may repeat and reorder, but it may not lose. After `close` everything rejects with
 * `queue_closed`. Members in the order of a job's life.
 */
export interface Queue {
  readonly capabilities: QueueCapabilities
  /**
   * Takes jobs in. Resolves once all of them are durable, as far as this queue is. Where it rejects with a retryable
   * error some may be in and some not: publish all of them again. Rejects with `invalid_options` for what the
   * capabilities exclude and for a job that is not JSON; nothing is in then.
   */
  publish(jobs: readonly QueueJob[], options?: PublishOptions): Promise<void>
  /**
   * Hands each job to `handler` at least once, to one consumer at a time as long as none dies. A handler that throws gets
   * it again after 2 s, 4 s, 8 s, ... (with jitter); after the last attempt it is a dead letter, unless the storage is away.
   * Other jobs do not wait for one that failed.
   */
  consume(handler: JobHandler, options?: ConsumeOptions): QueueConsumer
  readonly deadLetters: DeadJobs
  /**
   * Nobody gets anything new until `resume`, in no process: those that have it in hand end it, others may take some seconds
   * to notice. It outlasts the process. Jobs can be published meanwhile.
   */
  pause(): Promise<void>
  resume(): Promise<void>
  stats(): Promise<QueueStats>
  /**
   * Resolves if a job could be published now, and rejects with `queue_unavailable` if not: a broker may answer and take nothing
   * in. Cheap, as it is asked for each look at the readiness; where it is missing, `stats` is asked.
   */
  ping?(): Promise<void>
  /** Stops all consumers as their `stop` does and lets go of everything. Calling it again changes nothing. */
  close(): Promise<void>
}
