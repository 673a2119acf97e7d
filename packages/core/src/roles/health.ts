import type { Clock } from '../clock.ts'
import { describeError, isWaAgentError, WaAgentError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Queue } from '../queue.ts'
import type { Storage } from '../storage.ts'
import { withinTime } from '../within-time.ts'
import { fleetKey, probeRecord } from './fleet-records.ts'

/** What a process needs and whether it answers and takes in. What it does not need is absent. */
export interface Health {
  readonly queue?: Answer
  readonly storage?: Answer
}

type Answer = 'ok' | 'away' | 'closed'

/** What is asked, and who is told when it turns away. */
export interface HealthOptions {
  readonly queue: Queue | undefined
  readonly storage: Storage | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Asks whether something could be taken in now. Reading proves nothing: a Redis without memory, a standby and a topic that may
 * only be looked at answer as ever.
 */
export class HealthCheck {
  readonly #queue: Probe | undefined
  readonly #storage: Probe | undefined

  constructor({ queue, storage, clock, logger }: HealthOptions) {
    this.#queue =
      queue &&
      new Probe({ what: 'queue', ask: () => (queue.ping ? queue.ping() : queue.stats().then(ignored)), clock, logger })
    const write = storage && oneAtATime(() => storage.records.set(fleetKey, probeRecord, String(clock.now())))
    this.#storage = write && new Probe({ what: 'storage', ask: write, clock, logger })
  }

  /** Asks both at once, each for at most `timeoutMs`. Never rejects. */
  async look(timeoutMs: number): Promise<Health> {
    const [queue, storage] = await Promise.all([this.#queue?.look(timeoutMs), this.#storage?.look(timeoutMs)])
    return { ...(queue && { queue }), ...(storage && { storage }) }
  }
}

interface ProbeOptions {
  readonly what: 'queue' | 'storage'
  readonly ask: () => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}

class Probe {
  readonly #options: ProbeOptions
  #isAway = false

  constructor(options: ProbeOptions) {
    this.#options = options
  }

  async look(timeoutMs: number): Promise<Answer> {
    const { what, ask, clock } = this.#options
    const timeoutError = () =>
      new WaAgentError(`${what}_unavailable`, `No answer within ${timeoutMs} ms.`, { retryable: true })
    try {
      await withinTime(ask, { clock, timeoutMs, signal: undefined, timeoutError })
      this.#tell(undefined)
      return 'ok'
    } catch (error) {
      if (isWaAgentError(error) && error.code === `${what}_closed`) return 'closed'
      this.#tell(error)
      return 'away'
    }
  }

  /** Said once, however often somebody looks. */
  #tell(error: unknown): void {
    const { what, logger } = this.#options
    const isAway = error !== undefined
    if (isAway === this.#isAway) return
    this.#isAway = isAway
    if (isAway) logger.warn({ error: describeError(error) }, `the ${what} takes nothing in`)
    else logger.info({}, `the ${what} takes everything in again`)
  }
}

/** What is written again and again must not pile up before a storage that is away. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let pending: Promise<void> | undefined
  return () => {
    pending ??= work().finally(() => {
      pending = undefined
    })
    return pending
  }
}

function ignored(): void {}
