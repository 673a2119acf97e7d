import { EngineBot } from '../bot/bot.ts'
import { botOptionNames } from '../bot/option-names.ts'
import type { Bot, BotOptions } from '../bot/options.ts'
import { checkNames, type NamesOf } from '../check-names.ts'
import { channelId } from '../conversation.ts'
import { describeError, WaAgentError } from '../errors.ts'
import type { JobHandler, Queue, QueueConsumer } from '../queue.ts'
import type { Storage } from '../storage.ts'
import { spanAttributesOf } from '../telemetry/attributes.ts'
import type { Transport } from '../transport.ts'
import { Fleet } from './fleet.ts'
import type { ToldConnection } from './fleet-records.ts'
import { type Health, HealthCheck } from './health.ts'
import { takeIn } from './intake.ts'

/** How a worker is made: as a bot, with the storage that all workers share. */
export interface WorkerOptions extends BotOptions {
  /** Where the ingests publish. Without one they have to write into the same storage. */
  readonly queue?: Queue
  /** How many jobs of the queue are taken into the storage at once. Default 100. */
  readonly intake?: number
}

/** A bot that shares its storage with other workers, and takes in what ingests have published. */
export interface Worker extends Bot {
  /** In the order in which they were added. */
  readonly transports: readonly Transport[]
  /** All workers begin nothing new until `resumeAll`; what comes in is kept. It outlasts the process. */
  pauseAll(): Promise<void>
  resumeAll(): Promise<void>
  /** Whether all workers pause, as this one has noticed. */
  readonly isPaused: boolean
  /** Asks the queue and the storage whether they would take something in, each within `timeoutMs`. Never rejects. */
  health(options?: { readonly timeoutMs?: number }): Promise<Health>
  /** The queue that it takes from, if any. */
  readonly queue: Queue | undefined
  /** How many workers there are, as this one has noticed. */
  readonly fleetSize: number
}

const workerOptionNames: NamesOf<WorkerOptions> = { ...botOptionNames, queue: 'object', intake: true }

/**
 * Makes one of several workers on one storage: each conversation is worked on by one of them at a time, a worker that dies is
 * replaced when its leases end, and the limits of a channel hold for all of them together. Throws `invalid_options`.
 */
export function createWorker(options: WorkerOptions): Worker {
  checkNames('createWorker', options, workerOptionNames)
  const { queue, intake = 100, ...ofBot } = options
  if (queue !== undefined && typeof queue.consume !== 'function')
    throw new WaAgentError('invalid_options', '[createWorker] Expected `queue` to be a queue such as bullmqQueue().')
  if (!Number.isInteger(intake) || intake < 1)
    throw new WaAgentError('invalid_options', '[createWorker] Expected `intake` to be a whole number above 0.')
  return new WorkerBot(ofBot, { queue, intake })
}

class WorkerBot extends EngineBot implements Worker {
  readonly queue: Queue | undefined
  readonly #intake: number
  readonly #storage: Storage
  readonly #fleet: Fleet
  readonly #health: HealthCheck
  #consumer: QueueConsumer | undefined
  /** From the call of `start` until everything has ended. */
  #isInUse = false
  #isStarted = false

  constructor(options: BotOptions, { queue, intake }: { readonly queue: Queue | undefined; readonly intake: number }) {
    super(options)
    this.queue = queue
    this.#intake = intake
    this.#storage = options.storage
    const { engine, scheduler } = this.parts
    if (queue) engine.telemetry.observeQueue(queue)
    const { clock, logger, createId } = engine.settings
    this.#health = new HealthCheck({ queue, storage: this.#storage, clock, logger })
    this.#fleet = new Fleet({
      storage: this.#storage,
      id: createId(),
      clock,
      logger,
      onShare: (share) => engine.governors.share(share),
      onPaused: (isPaused) => (isPaused ? scheduler.pause() : scheduler.resume()),
      onConnection: (channel, told) => this.#connectionTold(channel, told),
      onOthers: () => this.#findLateReplies(),
    })
  }

  get isPaused(): boolean {
    return this.#fleet.isPaused
  }

  get fleetSize(): number {
    return this.#fleet.share.workers
  }

  override async start(): Promise<void> {
    if (this.#isInUse) throw startedTwice()
    this.#isInUse = true
    try {
      await this.#storage.open()
      await this.#fleet.join()
      await super.start()
      this.#consumer = this.#consume()
    } catch (error) {
      await this.#end()
      await this.leave()
      // What went wrong first is what is told.
      await this.#storage.close().catch(() => undefined)
      throw error
    }
    this.#isStarted = true
    this.#fleet.tellConnectionsAgain()
  }

  override async stop(): Promise<void> {
    // As with a bot, what is still starting goes on.
    if (!this.#isStarted) return
    this.#isStarted = false
    await this.#end()
  }

  #consume(): QueueConsumer | undefined {
    const { telemetry } = this.parts.engine
    const handle: JobHandler = (job, context) => {
      const attributes = { ...spanAttributesOf(job), 'wa_agent.attempt': context.attempt }
      const process = () => telemetry.span('wa_agent.process', attributes, () => takeIn(this.parts, job, context))
      return telemetry.withTrace(job.trace, process)
    }
    return this.queue?.consume(handle, { concurrency: this.#intake })
  }

  async #end(): Promise<void> {
    try {
      await super.stop()
    } finally {
      this.#isInUse = false
    }
  }

  protected override async drain(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    // What is in the queue stays there for the others.
    await consumer?.stop()
  }

  protected override leave(): Promise<void> {
    return this.#fleet.leave()
  }

  pauseAll(): Promise<void> {
    return this.#fleet.setPaused(true)
  }

  resumeAll(): Promise<void> {
    return this.#fleet.setPaused(false)
  }

  health({ timeoutMs = 2000 }: { readonly timeoutMs?: number } = {}): Promise<Health> {
    return this.#health.look(timeoutMs)
  }

  #connectionTold(id: string, { state, reason }: ToldConnection): void {
    // A transport begins by saying how it is itself.
    if (!this.#isStarted) return
    const transport = this.transports.find((served) => channelId(served) === id)
    if (transport) this.parts.connections.told(transport, state, reason)
  }

  #findLateReplies(): void {
    const { engine } = this.parts
    engine.late
      .lookAgain(engine.settings.clock.now())
      .catch((error: unknown) =>
        engine.settings.logger.warn(
          { error: describeError(error) },
          'replies that wait for a window could not be looked for',
        ),
      )
  }
}

function startedTwice(): WaAgentError {
  return new WaAgentError(
    'not_running',
    'The worker was started already. Call start() once, and again only after stop().',
  )
}
