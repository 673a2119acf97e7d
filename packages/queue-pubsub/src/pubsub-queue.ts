import {
  type ConsumeOptions,
  type DeadJobs,
  describeError,
  type JobHandler,
  type PublishOptions,
  type Queue,
  type QueueCapabilities,
  type QueueConsumer,
  type QueueJob,
  type QueueStats,
  WaAgentError,
  waitFor,
} from '@wa-agent/core'
import { type Api, createApi, explained, PubsubRefusal } from './api.ts'
import { JobConsumer } from './consumer.ts'
import { createDeadLetterBox, type DeadLetterBox } from './dead-letters.ts'
import { createFailures, type Failures } from './failures.ts'
import { createInHand, type InHand } from './in-hand.ts'
import { messageOf } from './message.ts'
import { type PubsubQueueOptions, type PushOptions, type Settings, settingsOf } from './options.ts'
import { type PausedMark, pausedMark } from './paused.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { createClient, createPuller, type PubsubClient, type Puller } from './pull.ts'
import { createPushHandler, type PushHandler, withoutPush } from './push.ts'
import { createResources, warnOfSettings } from './resources.ts'
import { createWork, type Work } from './work.ts'

/** A queue on Google Cloud Pub/Sub. */
export interface PubsubQueue extends Queue {
  /**
   * Answers the requests by which Pub/Sub pushes jobs, and gives them to this queue's consumers: 204 when a job is done,
   * 429 and 503 where it has to come again, 401 and 403 for a bad token, 400 for what Pub/Sub does not send. `options`
   * takes the place of the queue's own `push`. Throws `invalid_options` where neither is given.
   */
  pushHandler(options?: PushOptions): PushHandler
}

/**
 * Carries jobs on Google Cloud Pub/Sub. Nothing is opened before the first call. Throws `invalid_options`.
 */
export function pubsubQueue(options: PubsubQueueOptions): PubsubQueue {
  return new PubsubJobs(settingsOf(options))
}

/** The right that whoever publishes needs. */
const publishing = 'pubsub.topics.publish'

/** Those of the rights that were asked for which the caller has; none is left out. */
interface Rights {
  readonly permissions?: readonly string[]
}

/** Until it is known whether the queue is paused, nobody works: it is asked more often then. */
const longestUnknownMs = 1000
/** Google's client goes on for up to an hour to acknowledge to a Pub/Sub that is away; what it cannot is delivered again. */
const longestFlushMs = 10_000

class PubsubJobs implements PubsubQueue {
  readonly capabilities: QueueCapabilities = {
    ordered: false,
    groups: true,
    delay: false,
    priorities: false,
    nativeDeadLetters: true,
    durable: true,
  }
  readonly deadLetters: DeadJobs
  readonly #settings: Settings
  readonly #api: Api
  readonly #client: PubsubClient
  readonly #publisher: Publisher
  readonly #mark: PausedMark
  readonly #failures: Failures
  readonly #inHand: InHand = createInHand()
  readonly #dead: DeadLetterBox
  readonly #work: Work
  /** With what feeds it; one that is pushed to has nothing. */
  readonly #consumers = new Map<JobConsumer, Puller | undefined>()
  #created: Promise<void> | undefined
  /** `undefined` until Pub/Sub was asked. */
  #paused: boolean | undefined
  /** Rises when this object pauses, resumes or stops asking: an answer to an older question is stale. */
  #turns = 0
  #cancelPoll: (() => void) | undefined
  #asking: Promise<void> | undefined
  #looked: Promise<void> | undefined
  #unseen = false
  #hasPublished = false
  #closing: Promise<void> | undefined

  constructor(settings: Settings) {
    this.#settings = settings
    this.#api = createApi(settings)
    this.#client = createClient(settings)
    this.#publisher = createPublisher(this.#api, settings.topic, settings)
    this.#mark = pausedMark(this.#api, settings)
    this.#failures = createFailures(settings)
    this.#dead = createDeadLetterBox({
      api: this.#api,
      settings,
      alive: this.#publisher,
      dead: createPublisher(this.#api, settings.deadLetterTopic, settings),
      ready: () => this.#ready(),
    })
    this.deadLetters = this.#dead.jobs
    this.#work = createWork(settings, this.#failures, this.#dead)
  }

  async publish(jobs: readonly QueueJob[], { delayMs = 0, priority = 'normal' }: PublishOptions = {}): Promise<void> {
    this.#mustBeOpen()
    this.#hasPublished = true
    if (delayMs > 0) throw impossible('`delayMs`', 'hold a job back')
    if (priority !== 'normal') throw impossible('`priority`', 'prefer a job')
    const messages = jobs.map((job) => messageOf(job))
    await this.#ready()
    // Whoever only publishes may lack the role for it; whoever consumes says more.
    if (messages.some(({ orderingKey }) => orderingKey !== undefined)) void this.#look().catch(() => undefined)
    await this.#publisher.publish(messages)
  }

  consume(handler: JobHandler, options: ConsumeOptions = {}): QueueConsumer {
    this.#mustBeOpen()
    const { concurrency = 10 } = options
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw invalid(`Expected \`concurrency\` to be a whole number above 0, got ${concurrency}.`)
    }
    let closed: Promise<void> | undefined
    const consumer: JobConsumer = new JobConsumer(handler, options, {
      settings: this.#settings,
      failures: this.#failures,
      inHand: this.#inHand,
      work: this.#work,
      onStop: () => {
        closed = this.#consumers.get(consumer)?.close()
        closed?.catch(() => undefined)
      },
      onDrained: async () => {
        const left = new AbortController()
        await Promise.race([closed, waitFor(this.#settings.clock, longestFlushMs, left.signal)])
        left.abort()
        this.#consumers.delete(consumer)
        if (this.#consumers.size === 0) this.#forgetPause()
      },
    })
    const puller = this.#settings.push ? undefined : createPuller(consumer, this.#client, this.#settings)
    this.#consumers.set(consumer, puller)
    if (this.#paused === false) puller?.open()
    if (!this.#cancelPoll) this.#poll()
    return consumer
  }

  pushHandler(options: PushOptions | undefined = this.#settings.push): PushHandler {
    if (!options) throw withoutPush()
    return createPushHandler(options, {
      settings: this.#settings,
      failures: this.#failures,
      inHand: this.#inHand,
      consumers: async () => {
        if (this.#paused === undefined) await this.#asking
        if (this.#paused !== false) return []
        return [...this.#consumers.keys()].filter(({ stopped }) => !stopped)
      },
    })
  }

  pause(): Promise<void> {
    return this.#setPaused(true)
  }

  resume(): Promise<void> {
    return this.#setPaused(false)
  }

  async stats(): Promise<QueueStats> {
    await this.#ready()
    await this.#reach()
    return { working: [...this.#consumers.keys()].reduce((sum, { working }) => sum + working, 0) }
  }

  /** Who only consumes need not be allowed to publish. The emulator knows nothing of rights. */
  async ping(): Promise<void> {
    const { topic, emulator } = this.#settings
    await this.#ready()
    if (emulator || (this.#consumers.size > 0 && !this.#hasPublished)) return this.#reach()
    const path = `${topic}:testIamPermissions`
    const request = { method: 'POST', path, body: { permissions: [publishing] } } as const
    const rights = await this.#api.call<Rights>(request).catch((error: unknown) => {
      if (!(error instanceof PubsubRefusal)) throw error
    })
    // Where nobody says which rights there are, to see the topic has to do.
    if (!rights) return this.#reach()
    if (!rights.permissions?.includes(publishing)) throw explained(new PubsubRefusal(403, `POST ${path}`), 'publish')
  }

  /** Nothing of the answer is used: it tells that Pub/Sub is there. Who may not ask for it is answered, too. */
  async #reach(): Promise<void> {
    try {
      await this.#api.call({ method: 'GET', path: this.#settings.topic })
    } catch (error) {
      if (!(error instanceof PubsubRefusal && error.status === 403)) throw explained(error, 'look at the topic')
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#stopPolling()
    await Promise.all([...this.#consumers.keys()].map((consumer) => consumer.stop()))
    this.#stopPolling()
    await this.#client.close()
  }

  async #setPaused(paused: boolean): Promise<void> {
    await this.#ready()
    await this.#mark.write(paused)
    this.#turns += 1
    this.#apply(paused)
  }

  /** Rejects where the queue is closed or what it needs cannot be made. */
  async #ready(): Promise<void> {
    this.#mustBeOpen()
    if (!this.#settings.create) return
    this.#created ??= createResources(this.#api, this.#settings).catch((error: unknown) => {
      this.#created = undefined
      throw error
    })
    await this.#created
  }

  #apply(paused: boolean): void {
    if (this.#paused === paused) return
    this.#paused = paused
    for (const [consumer, puller] of this.#consumers) {
      if (consumer.stopped) continue
      if (!paused) {
        consumer.goOn()
        puller?.open()
        continue
      }
      consumer.rest()
      // What is in work ends; nobody waits for that here.
      puller?.close().catch(() => undefined)
    }
  }

  /** Asks whether the queue is paused, now and every `pollMs`. */
  #poll(): void {
    const { clock, pollMs } = this.#settings
    let cancelled = false
    this.#cancelPoll = () => {
      cancelled = true
    }
    this.#asking = this.#ask().then(() => {
      const pauseMs = this.#paused === undefined ? Math.min(pollMs, longestUnknownMs) : pollMs
      if (!cancelled) this.#cancelPoll = clock.after(pauseMs, () => this.#poll())
    })
  }

  #stopPolling(): void {
    this.#cancelPoll?.()
    this.#cancelPoll = undefined
  }

  /** Nobody asks any more, so whoever consumes next has to ask first. */
  #forgetPause(): void {
    this.#stopPolling()
    this.#turns += 1
    this.#paused = undefined
  }

  /** Never rejects. */
  async #ask(): Promise<void> {
    const turns = this.#turns
    try {
      await this.#ready()
      await this.#look()
      const paused = await this.#mark.read()
      this.#unseen = false
      if (turns === this.#turns) this.#apply(paused)
    } catch (error) {
      if (this.#closing !== undefined) return
      if (!this.#unseen) {
        const fields = {
          error: describeError(error),
          ...(error instanceof PubsubRefusal ? { status: error.status } : {}),
        }
        this.#settings.logger.warn(fields, 'whether the queue is paused cannot be seen')
      }
      this.#unseen = true
      // Without the role for the question it is never answered, and jobs would wait for ever.
      const forbidden = error instanceof PubsubRefusal && error.status === 403
      if (forbidden && this.#paused === undefined && turns === this.#turns) this.#apply(false)
    }
  }

  /** What is set otherwise than this queue needs is said once: it still works, but promises less. */
  #look(): Promise<void> {
    this.#looked ??= warnOfSettings(this.#api, this.#settings).catch((error: unknown) => {
      this.#looked = undefined
      throw error
    })
    return this.#looked
  }

  #mustBeOpen(): void {
    if (!this.#closing) return
    throw new WaAgentError('queue_closed', 'The queue is closed. Make a new one with pubsubQueue().')
  }
}

function impossible(option: string, what: string): WaAgentError {
  return invalid(`Pub/Sub cannot ${what}: leave out ${option}, or take another queue. See \`capabilities\`.`)
}

function invalid(why: string): WaAgentError {
  return new WaAgentError('invalid_options', `[queue-pubsub] ${why}`)
}
