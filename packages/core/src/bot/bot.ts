import { type ChannelKey, type ConversationKey, type Handoff, isKeyName } from '../conversation.ts'
import { Emitter } from '../emitter.ts'
import { WaAgentError } from '../errors.ts'
import { Governors } from '../governor/governors.ts'
import { type InboundMessageInput, type OutboundMessageInput, parseOutboundMessage } from '../message.ts'
import { prepareMessages } from '../outgoing/prepare.ts'
import { Telemetry } from '../telemetry/telemetry.ts'
import type { Transport } from '../transport.ts'
import { Connections } from './connections.ts'
import { Door } from './door.ts'
import { EarlyUpdates } from './early-updates.ts'
import type { Engine } from './engine.ts'
import type { BotEvents, Emit } from './events.ts'
import { InFlight } from './in-flight.ts'
import { LateReplies } from './late-replies.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import type { Bot, BotOptions } from './options.ts'
import { Parked } from './parked.ts'
import { Scheduler } from './scheduler.ts'
import { readSettings } from './settings.ts'
import { StopLimit } from './stop-limit.ts'
import { stopped } from './take-turn.ts'
import { TransportList } from './transport-list.ts'
import { Worker } from './worker.ts'

/**
 * Makes a bot: transports bring messages in, the storage keeps them, the pipeline answers them, each once and in order.
 * Throws `invalid_options` with what was expected, what came and what to do.
 */
export function createBot(options: BotOptions): Bot {
  return new EngineBot(options)
}

/** What makes a bot a worker among others. */
export interface BotParts {
  readonly engine: Engine
  readonly scheduler: Scheduler
  readonly door: Door
  readonly connections: Connections
}

/** The bot with its parts, for the roles that are made of it. */
export class EngineBot implements Bot {
  readonly #events: Emitter<BotEvents>
  readonly #engine: Engine
  readonly #keeper: LeaseKeeper
  readonly #worker: Worker
  readonly #scheduler: Scheduler
  readonly #door: Door
  readonly #connections: Connections
  readonly #transports: TransportList
  readonly deadLetters: Bot['deadLetters']
  /** What the last stop did not wait for. */
  #left: Promise<void> = Promise.resolve()
  #state: 'stopped' | 'starting' | 'running' | 'stopping' = 'stopped'

  constructor(options: BotOptions) {
    const settings = readSettings(options)
    this.#events = new Emitter(settings.logger)
    const { storage, pipeline } = options
    this.#transports = new TransportList(options.transports)
    const transports = this.#transports.all
    const governors = new Governors({
      ...settings,
      transports,
      storage,
      onCircuit: (channel, state) => this.#emit('circuit-changed', { ...channel, state }),
      onEnd: (channel) => this.#scheduler.callOn(channel),
    })
    this.#engine = {
      storage,
      pipeline,
      settings,
      emit: this.#emit,
      governors,
      parked: new Parked(settings.concurrency),
      late: new LateReplies(storage, settings.windowReleaseMs),
      sends: new InFlight(),
      early: new EarlyUpdates(),
      telemetry: new Telemetry(settings.telemetry, () => settings.clock.now()),
      served: this.#transports.served,
      transportOf: (channel) => this.#transports.of(channel),
    }
    this.#engine.telemetry.observeBot(() => this.stats())
    this.#keeper = new LeaseKeeper(this.#engine)
    this.#worker = new Worker(this.#engine, this.#keeper)
    this.#scheduler = new Scheduler(this.#engine, this.#worker)
    this.#door = new Door(this.#engine, this.#scheduler)
    this.#connections = new Connections(this.#engine, transports, this.#door)
    this.deadLetters = {
      list: (query) => storage.deadLetters.list(query),
      retry: async (id) => {
        const nowMs = settings.clock.now()
        this.#scheduler.ring(await storage.deadLetters.retry(id, nowMs), nowMs)
      },
      discard: (id) => storage.deadLetters.discard(id),
    }
  }

  get transports(): readonly Transport[] {
    return this.#transports.all
  }

  get parts(): BotParts {
    return { engine: this.#engine, scheduler: this.#scheduler, door: this.#door, connections: this.#connections }
  }

  async start(): Promise<void> {
    if (this.#state !== 'stopped') {
      throw new WaAgentError(
        'not_running',
        `The bot is ${this.#state} already. Call start() once, and again only after stop().`,
      )
    }
    this.#state = 'starting'
    await this.#left
    try {
      await this.#engine.telemetry.start()
      await this.#engine.storage.open()
      await this.#engine.governors.start()
      await this.#engine.late.start(this.#engine.settings.clock.now())
      await this.#engine.pipeline.start?.()
      this.#state = 'running'
      // What was left unfinished may need a transport that can be asked.
      await this.#connections.start()
      this.#scheduler.start()
    } catch (error) {
      await this.#end()
      throw error
    }
  }

  async stop(): Promise<void> {
    if (this.#state !== 'running') return
    this.#state = 'stopping'
    await this.#end()
  }

  async receive(messages: readonly InboundMessageInput[], channel: ChannelKey = this.#onlyChannel()): Promise<void> {
    this.#mustRun()
    await this.#door.receive(this.#engine.transportOf(channel), messages)
  }

  async addTransport(transport: Transport): Promise<void> {
    if (this.#state === 'starting' || this.#state === 'stopping') throw inBetween(this.#state)
    this.#transports.add(transport)
    try {
      this.#engine.governors.add(transport)
      if (this.#state !== 'stopped') {
        await this.#engine.governors.restore(transport)
        await this.#connections.add(transport)
      }
    } catch (error) {
      this.#transports.remove(transport)
      throw error
    }
    this.#transports.serve(transport)
  }

  async send(
    conversation: ConversationKey,
    message: OutboundMessageInput,
    options: { readonly id?: string } = {},
  ): Promise<string> {
    this.#mustRun()
    const { settings, storage, transportOf } = this.#engine
    const { capabilities } = transportOf(checkKey(conversation))
    const { messages, warnings } = prepareMessages([parseOutboundMessage(message)], {
      capabilities,
      fallbackText: false,
    })
    if (messages.length === 0) {
      throw new WaAgentError(
        'invalid_output',
        `This message cannot be sent: ${warnings[0] ?? 'the transport has nothing like it'}.`,
      )
    }
    const id = options.id ?? settings.createId()
    const nowMs = settings.clock.now()
    const replies = messages.map((part, index) => ({
      // A text that had to be split has several parts under one id.
      id: index === 0 ? id : `${id}#${index + 1}`,
      kind: 'proactive' as const,
      message: part,
      inReplyTo: [],
      notBeforeMs: nowMs,
    }))
    this.#scheduler.ring(await storage.enqueue(conversation, replies), nowMs, 'after answers')
    return id
  }

  async handoff(
    conversation: ConversationKey,
    options: { readonly reason?: string; readonly forMs?: number } = {},
  ): Promise<void> {
    const { reason = 'a person took over', forMs } = options
    const sinceMs = this.#engine.settings.clock.now()
    const handoff: Handoff = {
      by: 'person',
      reason,
      sinceMs,
      ...(forMs === undefined ? {} : { untilMs: sinceMs + forMs }),
    }
    this.#mustRun()
    await this.#engine.storage.control(checkKey(conversation), { handoff })
    this.#emit('handoff-started', { conversation, handoff })
  }

  async release(conversation: ConversationKey): Promise<void> {
    this.#mustRun()
    await this.#engine.storage.control(checkKey(conversation), { handoff: null })
    this.#emit('handoff-released', { conversation, by: 'person' })
  }

  answers(conversation: ConversationKey, messageIds: readonly string[]) {
    return this.#engine.storage.answers(checkKey(conversation), messageIds)
  }

  async stats() {
    const waiting = await this.#engine.storage.stats()
    return { ...waiting, working: this.#scheduler.working, parked: this.#engine.parked.ids.size }
  }

  idle(): Promise<void> {
    return this.#scheduler.idle()
  }

  on<Name extends keyof BotEvents>(name: Name, listener: BotEvents[Name]): void {
    this.#events.on(name, listener)
  }

  off<Name extends keyof BotEvents>(name: Name, listener: BotEvents[Name]): void {
    this.#events.off(name, listener)
  }

  /** Takes nothing new in, beside the transports. */
  protected async drain(): Promise<void> {}

  /** Nothing is worked on any more; the storage is still open. Must not reject. */
  protected async leave(): Promise<void> {}

  async #end(): Promise<void> {
    const { clock, stopTimeoutMs } = this.#engine.settings
    // What takes too long is cut off before it commits; its messages stay pending.
    const limit = new StopLimit(clock, stopTimeoutMs, () => this.#keeper.abortAll(stopped()))
    try {
      await limit.draining(Promise.all([this.drain(), this.#scheduler.stop()]))
      await limit.closing(this.#connections.stop())
    } finally {
      await this.#close(limit).finally(() => {
        this.#left = limit.end()
      })
    }
  }

  async #close(limit: StopLimit): Promise<void> {
    const { pipeline, governors, storage, telemetry } = this.#engine
    try {
      await limit.closing(Promise.resolve(pipeline.stop?.()))
      await limit.closing(governors.stop())
    } finally {
      await limit.closing(this.leave())
      await limit.closing(storage.close())
      telemetry.stop()
      this.#state = 'stopped'
    }
  }

  #mustRun(): void {
    if (this.#state === 'running' || this.#state === 'stopping') return
    throw new WaAgentError('not_running', 'The bot is not running. Call start() first.', { retryable: true })
  }

  #onlyChannel(): ChannelKey {
    const { all } = this.#transports
    const [first, second] = all
    if (first && !second) return first
    throw new WaAgentError(
      'invalid_options',
      `Expected a channel, since this bot has ${all.length} of them. Pass { tenant, channel } to receive().`,
    )
  }

  readonly #emit: Emit = (name, event) => {
    this.#engine.telemetry.tell(name, event)
    this.#events.emit(name, event)
  }
}

function inBetween(state: string): WaAgentError {
  return new WaAgentError('not_running', `The bot is ${state}. Add the transport before start() or after it.`, {
    retryable: true,
  })
}

function checkKey(conversation: ConversationKey): ConversationKey {
  const { tenant, channel, chat } = conversation
  if (isKeyName(tenant) && isKeyName(channel) && typeof chat === 'string' && chat !== '') return conversation
  throw new WaAgentError(
    'invalid_options',
    'Expected a conversation as { tenant, channel, chat }, with a chat id of the provider.',
  )
}
