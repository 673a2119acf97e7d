import { transportRecords } from '../bot/connections.ts'
import { acceptedOf, newMessages } from '../bot/new-messages.ts'
import type { DoorSettings } from '../bot/settings.ts'
import type { Clock } from '../clock.ts'
import type { ChannelKey } from '../conversation.ts'
import type { Emitter } from '../emitter.ts'
import { describeError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { recordsIn } from '../memory/memory-records.ts'
import type { InboundMessage, InboundMessageInput } from '../message.ts'
import type { AppendResult, Storage } from '../storage.ts'
import { spanAttributesOf } from '../telemetry/attributes.ts'
import { observeAppend } from '../telemetry/observed-append.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { boundLogger } from '../telemetry/traced-logger.ts'
import type { ConnectionState, DeliveryUpdate, Transport, TransportHost } from '../transport.ts'
import { tellConnection } from './fleet-records.ts'
import type { IngestEvents } from './ingest.ts'
import { type JobData, jobOf } from './job.ts'
import type { Publisher } from './publisher.ts'
import { UpdatesLater } from './updates-later.ts'

/** What the channel of an ingest works with. */
export interface IngestChannelOptions {
  readonly transport: Transport
  readonly publisher: Publisher | undefined
  readonly storage: Storage | undefined
  readonly door: DoorSettings
  readonly clock: Clock
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly emit: Emitter<IngestEvents>['emit']
}

/** One transport of an ingest: what it hands over goes into the storage, or into the queue, before it is acknowledged. */
export class IngestChannel {
  readonly #options: IngestChannelOptions
  readonly #channel: ChannelKey
  readonly #later: UpdatesLater | undefined
  /** What this process alone remembers, where there is no storage. */
  readonly #remembered = { records: recordsIn(new Map(), () => undefined) }
  #count = 0
  #isServing = false

  constructor(options: IngestChannelOptions) {
    this.#options = options
    const { storage, clock, logger } = options
    const { tenant, channel } = options.transport
    this.#channel = { tenant, channel }
    this.#later = storage && new UpdatesLater({ storage, channel: this.#channel, clock, logger })
  }

  async start(): Promise<void> {
    await this.#options.transport.start(this.#host())
    this.#isServing = true
  }

  async stop(): Promise<void> {
    this.#isServing = false
    this.#later?.stop()
    const { transport, emit } = this.#options
    await transport.stop().catch((error: unknown) => emit('error', { error, doing: `stopping ${transport.name}` }))
  }

  #host(): TransportHost {
    const { clock, logger, storage } = this.#options
    const channel = this.#channel
    return {
      receive: (messages) => this.#receive(messages),
      track: (updates) => this.#track(updates),
      release: async (chat) => {
        if (storage) await storage.control({ ...channel, chat }, { handoff: null })
        else await this.#publish({ type: 'release', chat }, { group: chat })
      },
      connection: (state, reason) => this.#connection(state, reason),
      records: transportRecords(storage ?? this.#remembered, channel),
      clock,
      logger: boundLogger(logger, { ...channel }),
    }
  }

  async #receive(inputs: readonly InboundMessageInput[]): Promise<void> {
    const { storage, clock, logger, emit } = this.#options
    const accepted = acceptedOf(this.#channel, inputs, { logger, emit })
    if (accepted.length === 0) return
    const receivedAtMs = clock.now()
    if (!storage) return this.#publishMessages(accepted, receivedAtMs)
    const { door: settings, telemetry } = this.#options
    const about = { channel: this.#channel, count: accepted.length }
    const results = await observeAppend(telemetry, about, (trace) =>
      storage.append(newMessages(this.#channel, accepted, { settings, arrival: { receivedAtMs, trace } })),
    )
    for (const [index, { conversation, status }] of results.entries()) {
      const message = accepted[index]
      if (message) telemetry.tell('message-received', { conversation, message, status })
    }
    this.#ring(results)
  }

  /** Together, so that a refusal is one of all; each chat by itself, so that it keeps its order. */
  async #publishMessages(messages: readonly InboundMessage[], receivedAtMs: number): Promise<void> {
    const byChat = Map.groupBy(messages, ({ chat }) => chat)
    const published = [...byChat].map(([chat, own]) =>
      this.#publish({ type: 'messages', messages: own, receivedAtMs }, { id: own[0]?.id ?? chat, group: chat }),
    )
    await Promise.all(published)
  }

  /** What is stored needs no bell to be found, only to be found at once. */
  #ring(results: readonly AppendResult[]): void {
    if (!this.#options.publisher) return
    for (const { dueAtMs, conversation } of results) {
      if (dueAtMs === undefined) continue
      const { chat } = conversation
      this.#publish({ type: 'bell', chat, dueAtMs }).catch((error: unknown) =>
        this.#options.logger.warn({ ...this.#channel, error: describeError(error) }, 'a worker could not be called'),
      )
    }
  }

  async #track(updates: readonly DeliveryUpdate[]): Promise<void> {
    if (this.#later) await this.#later.track(updates)
    else await this.#publish({ type: 'updates', updates })
  }

  /** The workers know themselves how a transport begins; what the provider tells later only comes here. */
  #connection(state: ConnectionState, reason: string | undefined): void {
    const { emit, clock, storage } = this.#options
    const why = reason === undefined ? {} : { reason }
    emit('connection-changed', { ...this.#channel, state, ...why })
    if (!this.#isServing) return
    const told = { state, ...why, atMs: clock.now() }
    const telling = storage
      ? tellConnection(storage, this.#channel, told)
      : this.#publish({ type: 'connection', ...told }, { group: 'connection' })
    telling.catch((error: unknown) => emit('error', { error, doing: 'telling the workers how a channel is connected' }))
  }

  /** What is no message has no id of its own. What undoes what came before is of one group with it. */
  async #publish(data: JobData, { id, group }: { readonly id?: string; readonly group?: string } = {}): Promise<void> {
    const { publisher, telemetry } = this.#options
    this.#count += 1
    const job = jobOf(this.#channel, { id: id ?? `${data.type}-${this.#count}`, data, ...(group && { group }) })
    const attributes = { ...spanAttributesOf(this.#channel), 'wa_agent.job': data.type }
    await telemetry.span('wa_agent.publish', attributes, async () => {
      const trace = telemetry.injectTrace()
      await publisher?.publish(trace ? { ...job, trace } : job)
    })
  }
}
