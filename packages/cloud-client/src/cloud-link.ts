import { type Bot, backoffMs, type Capabilities, type ChannelKey, type ConnectionState, waitFor } from '@wa-agent/core'
import { checkLinkOptions } from './check-options.ts'
import type { CloudPipeline } from './cloud-pipeline.ts'
import { EventHandler } from './event-handler.ts'
import { Listener } from './listener.ts'
import { heartbeatAnswerSchema, registeredSchema } from './wire.ts'

/** How a desktop is linked to its cloud. Only the first three are needed. */
export interface CloudLinkOptions {
  /** What `cloudPipeline` made: the link has its address, its key and its events. */
  readonly pipeline: CloudPipeline
  /**
   * The bot of this desktop, or what does the same in its place. Make the link before you start the bot, start it after, and
   * stop it before.
   */
  readonly bot: Pick<Bot, 'send' | 'handoff' | 'release' | 'stats' | 'on'>
  /** Its channel: what the cloud says goes out there. */
  readonly transport: ChannelKey & { readonly capabilities?: Capabilities }
  /** For people who look at the status. A function is asked again with each heartbeat: a number may be known late. */
  readonly phone?: string | (() => string | undefined)
  readonly device?: string
  readonly version?: string
  /** What the transport can carry. Default: as the transport says. */
  readonly capabilities?: Capabilities
  /** How its connection is. Default: as the bot's events told since the link was made. */
  readonly whatsApp?: () => ConnectionState | undefined
  readonly battery?: () => { readonly percent: number; readonly charging?: boolean } | undefined
  /** `never`: only long polls. Default `auto`: a stream, and long polls where streams do not come through. */
  readonly stream?: 'auto' | 'never'
  /** After so long without a sign of life a stream counts as dead. Default 45,000. */
  readonly streamSilenceMs?: number
  /** How long registering, a heartbeat or an acknowledgement may take. Default 15,000. */
  readonly requestTimeoutMs?: number
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number
}

/** What keeps a desktop and its cloud together. */
export interface CloudLink {
  /** Begins; resolves at once. What cannot be reached is tried until it can. */
  start(): void
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>
}

/**
 * Links a desktop to its cloud: registers it, shows that it lives, and does what the cloud says by itself, each thing once. The
 * desktop calls, so no port is opened. Events are told to `onEvent` of the pipeline. Throws `invalid_options`.
 */
export function cloudLink(options: CloudLinkOptions): CloudLink {
  checkLinkOptions(options)
  const { bot, transport } = options
  options.pipeline.connection.setLinked(true)
  let link: Link | undefined
  let whatsApp: ConnectionState | undefined
  bot.on('connection-changed', ({ tenant, channel, state }) => {
    if (tenant !== transport.tenant || channel !== transport.channel) return
    whatsApp = state
    link?.changed()
  })
  return {
    start() {
      link ??= new Link(options, options.whatsApp ?? (() => whatsApp))
    },
    async stop() {
      const stopping = link
      link = undefined
      await stopping?.stop()
    },
  }
}

const afterMistakeMs = 30_000

class Link {
  readonly #options: CloudLinkOptions
  readonly #stopping = new AbortController()
  readonly #listener: Listener
  readonly #running: Promise<void>
  readonly #whatsApp: () => ConnectionState | undefined
  #heartbeatEveryMs = 30_000
  #resting = new AbortController()

  constructor(options: CloudLinkOptions, whatsApp: () => ConnectionState | undefined) {
    this.#whatsApp = whatsApp
    const { pipeline, bot, transport, random = Math.random } = options
    const { connection } = pipeline
    this.#options = options
    const handler = new EventHandler(connection, { bot, channel: transport }, random)
    const { stream = 'auto', streamSilenceMs = 45_000 } = options
    this.#listener = new Listener(connection, handler, {
      ...{ stream, streamSilenceMs, random },
      requestTimeoutMs: this.#timeoutMs,
    })
    this.#running = this.#run()
  }

  /** Something has changed that the cloud shall know at once. */
  changed(): void {
    this.#resting.abort()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (await this.#register()) {
      // Until the cloud forgets the session or gives the channel to another.
      const over = new AbortController()
      const signal = AbortSignal.any([over.signal, this.#stopping.signal])
      const end = () => over.abort()
      try {
        await Promise.all([this.#listener.listen(signal).finally(end), this.#beat(signal).finally(end)])
      } catch (error) {
        // A mistake, e.g. of `battery`. The link must not end with it.
        const { connection } = this.#options.pipeline
        connection.failed(error, 'keeping the link')
        await waitFor(connection.clock, afterMistakeMs, this.#stopping.signal)
      }
    }
  }

  /** Tries until the cloud takes this desktop on. False where it is over. */
  async #register(): Promise<boolean> {
    const { connection } = this.#options.pipeline
    const { device, version, transport, random = Math.random } = this.#options
    const { capabilities = transport.capabilities } = this.#options
    const { signal } = this.#stopping
    for (let attempt = 1; !this.#isOver; attempt += 1) {
      connection.forgotten()
      const json = { ...connection.about, protocol: 1, phone: this.#phone, device, version, capabilities }
      const call = { method: 'POST', path: 'register', json, timeoutMs: this.#timeoutMs, signal } as const
      const outcome = await connection.ask(call, registeredSchema).catch(() => undefined)
      if (outcome?.kind === 'done') {
        this.#heartbeatEveryMs = outcome.body.heartbeatEveryMs
        connection.registered(outcome.body)
        return true
      }
      if (outcome?.kind === 'rejected') {
        connection.failed(new Error(outcome.reason), 'registering')
        connection.setLinked(false)
      }
      const askedMs = outcome?.retryAfterMs ?? 0
      const pauseMs = Math.max(askedMs, backoffMs(attempt, { baseMs: 1000, maxMs: 60_000 }, random))
      await waitFor(connection.clock, pauseMs, signal)
    }
    return false
  }

  /** Shows that the desktop lives. Resolves when `signal` ends or the session is over. */
  async #beat(signal: AbortSignal): Promise<void> {
    const { connection } = this.#options.pipeline
    while (!signal.aborted && connection.hasSession && !this.#isOver) {
      this.#resting = new AbortController()
      const json = { ...connection.about, ...(await this.#vitals()) }
      const call = { method: 'POST', path: 'heartbeat', json, timeoutMs: this.#timeoutMs, signal } as const
      const outcome = await connection.ask(call, heartbeatAnswerSchema).catch(() => undefined)
      if (outcome?.kind === 'done') {
        this.#heartbeatEveryMs = outcome.body.heartbeatEveryMs
        connection.setMediaWanted(outcome.body.media)
        connection.setPaused(outcome.body.paused)
      }
      if (!connection.hasSession || this.#isOver) return
      await waitFor(connection.clock, this.#heartbeatEveryMs, AbortSignal.any([signal, this.#resting.signal]))
    }
  }

  async #vitals(): Promise<object> {
    const { bot, battery } = this.#options
    const stats = await bot.stats().catch(() => undefined)
    return {
      whatsApp: this.#whatsApp(),
      phone: this.#phone,
      queueDepth: stats && stats.pendingMessages + stats.pendingReplies,
      battery: battery?.(),
    }
  }

  get #phone(): string | undefined {
    const { phone } = this.#options
    return typeof phone === 'function' ? phone() : phone
  }

  get #isOver(): boolean {
    return this.#stopping.signal.aborted || this.#options.pipeline.state === 'superseded'
  }

  get #timeoutMs(): number {
    return this.#options.requestTimeoutMs ?? 15_000
  }
}
