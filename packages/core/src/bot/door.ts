import type { ChannelKey, ConversationKey, Handoff } from '../conversation.ts'
import { describeError } from '../errors.ts'
import { type InboundMessage, type InboundMessageInput, parseInboundMessage } from '../message.ts'
import type { AppendResult, Control, NewMessage } from '../storage.ts'
import type { Engine } from './engine.ts'
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
    await this.#append(channel, inputs.map(parseInboundMessage))
  }

  /** For transports: what is no message is told and left out, since refusing the others would only bring all of them again. */
  async receiveFromProvider(channel: ChannelKey, inputs: readonly InboundMessageInput[]): Promise<void> {
    const messages: InboundMessage[] = []
    for (const input of inputs) {
      try {
        messages.push(parseInboundMessage(input))
      } catch (error) {
        this.#engine.settings.logger.error(
          { ...channel, error: describeError(error) },
          'a transport handed over no valid message',
        )
        this.#engine.emit('message-refused', { ...channel, error })
      }
    }
    await this.#append(channel, messages)
  }

  /** The connection of a channel has changed: where it is back, what waited for that goes on. */
  resume(channel: ChannelKey): void {
    const { governors, parked, settings } = this.#engine
    if (governors.of(channel).isAway) return
    for (const conversation of parked.release(channel)) this.#scheduler.ring(conversation, settings.clock.now())
  }

  async #append(channel: ChannelKey, messages: readonly InboundMessage[]): Promise<void> {
    if (messages.length === 0) return
    const { settings, storage, emit, late } = this.#engine
    const nowMs = settings.clock.now()
    const news = messages.map((message): NewMessage => {
      const control = this.#controlOf(message, nowMs)
      return {
        tenant: channel.tenant,
        channel: channel.channel,
        message,
        receivedAtMs: nowMs,
        settleAtMs: nowMs + settings.settleMs,
        dueByMs: nowMs + settings.maxWaitMs,
        ...(control ? { control } : {}),
      }
    })
    const results = await storage.append(news)
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

  /** What must hold from now on, also for replies that are on their way: STOP, and the owner's own hand. */
  #controlOf(message: InboundMessage, nowMs: number): Control | undefined {
    const { optOut, ownerHandoffMs } = this.#engine.settings
    if (message.automated) return undefined
    if (message.fromMe) {
      const until = ownerHandoffMs === false ? {} : { untilMs: nowMs + ownerHandoffMs }
      const handoff: Handoff = { by: 'owner', reason: 'the owner answered by hand', sinceMs: nowMs, ...until }
      return { handoff }
    }
    const order = optOut.orderOf(message)
    return order && { optOut: order === 'stop' }
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
