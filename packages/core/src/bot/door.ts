import type { ChannelKey, ConversationKey } from '../conversation.ts'
import { type InboundMessage, type InboundMessageInput, parseInboundMessage } from '../message.ts'
import type { AppendResult, Control } from '../storage.ts'
import { observeAppend } from '../telemetry/observed-append.ts'
import type { Engine } from './engine.ts'
import { type Arrival, acceptedOf, newMessages } from './new-messages.ts'
import type { Scheduler } from './scheduler.ts'

/** The one way in: messages are checked, made durable once, and the bell is rung. */
export class Door {
  readonly #engine: Engine
  readonly #scheduler: Scheduler

  constructor(engine: Engine, scheduler: Scheduler) {
    this.#engine = engine
    this.#scheduler = scheduler
  }

  /** For programs: rejects with `invalid_message` before anything is stored. */
  async receive(channel: ChannelKey, inputs: readonly InboundMessageInput[]): Promise<void> {
    await this.#append(channel, inputs.map(parseInboundMessage), this.#now())
  }

  /** For transports, also those of another process: `arrival` tells what that one knows. */
  async receiveFromProvider(
    channel: ChannelKey,
    inputs: readonly InboundMessageInput[],
    arrival: Arrival = this.#now(),
  ): Promise<void> {
    const { settings, emit } = this.#engine
    await this.#append(channel, acceptedOf(channel, inputs, { logger: settings.logger, emit }), arrival)
  }

  /** The connection of a channel has changed: where it is back, what waited for that goes on. */
  resume(channel: ChannelKey): void {
    const { governors, parked, settings } = this.#engine
    if (governors.of(channel).isAway) return
    for (const conversation of parked.release(channel)) this.#scheduler.ring(conversation, settings.clock.now())
  }

  #now(): Arrival {
    return { receivedAtMs: this.#engine.settings.clock.now() }
  }

  async #append(channel: ChannelKey, messages: readonly InboundMessage[], arrival: Arrival): Promise<void> {
    if (messages.length === 0) return
    const { settings, storage, emit, late, telemetry } = this.#engine
    const about = { channel, count: messages.length }
    const { news, results } = await observeAppend(telemetry, about, async (trace = arrival.trace) => {
      const news = newMessages(channel, messages, { settings, arrival: { ...arrival, trace } })
      return { news, results: await storage.append(news) }
    })
    for (const [index, result] of results.entries()) {
      const added = news[index]
      if (!added) continue
      emit('message-received', { conversation: result.conversation, message: added.message, status: result.status })
      this.#tellHandoff(result, added.control)
      late.join(result.conversation, added.message)
      if (isWritten(result, added.message) && late.has(result.conversation)) await this.#release(result.conversation)
      if (result.dueAtMs !== undefined) this.#scheduler.ring(result.conversation, result.dueAtMs)
    }
  }

  /** What waited for the customer to write goes out before the answer. */
  async #release(conversation: ConversationKey): Promise<void> {
    const { late, settings, emit } = this.#engine
    try {
      await late.release(conversation, settings.clock.now())
      this.#scheduler.ring(conversation, settings.clock.now())
    } catch (error) {
      // The message itself is taken in. The next one releases them.
      emit('error', { error, doing: 'releasing what came too late for its window' })
    }
  }

  #tellHandoff({ status, conversation }: AppendResult, control: Control | undefined): void {
    if (status === 'stored' && control?.handoff)
      this.#engine.emit('handoff-started', { conversation, handoff: control.handoff })
  }
}

/** Whether the customer has written something new. */
function isWritten({ status }: AppendResult, { fromMe, automated }: InboundMessage): boolean {
  return status === 'stored' && !fromMe && !automated
}
