import { type Bot, backoffMs, type ChannelKey, describeError, isWaAgentError, waitFor } from '@wa-agent/core'
import type { Connection } from './connection.ts'
import { anyEventSchema, cloudEventSchema, fromWire, type WireEvent } from './wire.ts'

/** What became of an event: it is durable here, it can never be, or this desktop is not the one any more. */
export type Handled =
  | { readonly status: 'taken'; readonly id: string }
  | { readonly status: 'impossible'; readonly id: string; readonly reason: string }
  | { readonly status: 'superseded' }
  | { readonly status: 'ignored' }

/** Does what the cloud says, through the desktop's own bot: what it keeps once, is said once. */
export class EventHandler {
  readonly #connection: Connection
  readonly #bot: Pick<Bot, 'send' | 'handoff' | 'release'>
  readonly #channel: ChannelKey
  readonly #random: () => number

  constructor(
    connection: Connection,
    target: { readonly bot: Pick<Bot, 'send' | 'handoff' | 'release'>; readonly channel: ChannelKey },
    random: () => number,
  ) {
    this.#connection = connection
    this.#bot = target.bot
    this.#channel = { tenant: target.channel.tenant, channel: target.channel.channel }
    this.#random = random
  }

  /** Tries until it is done or can never be, because what comes after it must not overtake it. Rejects when `signal` ends. */
  async handle(input: unknown, signal: AbortSignal): Promise<Handled> {
    const event = cloudEventSchema.safeParse(input)
    if (!event.success) {
      const { id } = anyEventSchema.safeParse(input).data ?? {}
      const reason = 'this version does not understand it'
      return id === undefined ? { status: 'ignored' } : { status: 'impossible', id, reason }
    }
    if (event.data.type === 'superseded') return { status: 'superseded' }
    const { id } = event.data
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#do(event.data)
        return { status: 'taken', id }
      } catch (error) {
        if (!isWaAgentError(error) || !error.retryable)
          return { status: 'impossible', id, reason: describeError(error).slice(0, 500) }
        this.#connection.failed(error, 'doing what the cloud said')
        await waitFor(this.#connection.clock, backoffMs(attempt, { baseMs: 500, maxMs: 30_000 }, this.#random), signal)
        signal.throwIfAborted()
      }
    }
  }

  async #do(event: Exclude<WireEvent, { type: 'superseded' }>): Promise<void> {
    switch (event.type) {
      case 'message':
        // The id makes it once, however often it comes.
        await this.#bot.send({ ...this.#channel, chat: event.chat }, event.message, { id: event.id })
        return
      case 'pause':
      case 'resume':
        this.#connection.setPaused(event.type === 'pause')
        return
      case 'handoff':
        await this.#handOver(event)
        return
      case 'release':
        await this.#bot.release({ ...this.#channel, chat: event.chat })
        return
    }
  }

  async #handOver({ chat, handoff }: Extract<WireEvent, { type: 'handoff' }>): Promise<void> {
    const { reason, untilMs } = fromWire(handoff)
    const forMs = untilMs === undefined ? undefined : untilMs - this.#connection.clock.now()
    if (forMs !== undefined && forMs <= 0) return
    await this.#bot.handoff({ ...this.#channel, chat }, { reason, ...(forMs === undefined ? {} : { forMs }) })
  }
}
