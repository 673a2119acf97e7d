import type { BotEvents } from '../bot/events.ts'
import type { CircuitState } from '../circuit-breaker.ts'
import { type ChannelKey, channelId } from '../conversation.ts'
import { isWaAgentError } from '../errors.ts'
import type { ConnectionState } from '../transport.ts'
import type { Measuring } from './measuring.ts'

type Event<Name extends keyof BotEvents> = Parameters<BotEvents[Name]>[0]
type Handlers = { readonly [Name in keyof BotEvents]?: (event: Event<Name>) => void }

const connectionStates: readonly ConnectionState[] = [
  'connecting',
  'connected',
  'disconnected',
  'needs-login',
  'stopped',
]
const circuitStates: readonly CircuitState[] = ['closed', 'open', 'half-open']

/** Metrics of what a bot tells anyway. */
export class EventMetrics {
  readonly #to: Measuring
  readonly #handlers: Handlers
  readonly #connections = new Map<string, { readonly key: ChannelKey; readonly state: string }>()
  readonly #circuits = new Map<string, { readonly key: ChannelKey; readonly state: string }>()
  readonly #lastMessages = new Map<string, { readonly key: ChannelKey; readonly atMs: number }>()

  /** `now` is the bot's clock, in milliseconds since 1970. */
  constructor(to: Measuring, now: () => number) {
    this.#to = to
    this.#handlers = {
      ...this.#inbound(now),
      ...this.#outbound(),
      ...this.#rest(),
    }
    to.watch(['wa_agent_connection_state', 'wa_agent_circuit_state'], (observe) => {
      // All states, those that are over with 0: an exporter may repeat what it is told no more.
      for (const { key, state: now } of this.#connections.values()) {
        for (const state of connectionStates)
          observe('wa_agent_connection_state', state === now ? 1 : 0, to.with(key, { state }))
      }
      for (const { key, state: now } of this.#circuits.values()) {
        for (const state of circuitStates)
          observe('wa_agent_circuit_state', state === now ? 1 : 0, to.with(key, { state }))
      }
    })
    to.watch(['wa_agent_last_message_timestamp_seconds'], (observe) => {
      for (const { key, atMs } of this.#lastMessages.values())
        observe('wa_agent_last_message_timestamp_seconds', atMs / 1000, to.with(key))
    })
  }

  tell<Name extends keyof BotEvents>(name: Name, event: Event<Name>): void {
    this.#handlers[name]?.(event)
  }

  #inbound(now: () => number): Handlers {
    const to = this.#to
    return {
      'message-received': ({ conversation, status }) => {
        to.count('wa_agent_messages_received_total', conversation, { status })
        if (status === 'stored') this.#noteMessage(conversation, now())
      },
      'message-refused': (channel) => to.count('wa_agent_messages_received_total', channel, { status: 'refused' }),
      'turn-committed': ({ conversation, trace }) => {
        if (!trace) return
        to.count('wa_agent_classifications_total', conversation, { step: trace.classification.decidedBy })
      },
      'turn-failed': ({ conversation }) => to.count('wa_agent_retries_total', conversation, { kind: 'turn' }),
      'turn-dead': ({ conversation }) => to.count('wa_agent_dead_letters_added_total', conversation, { kind: 'turn' }),
      'lease-lost': ({ conversation }) => to.count('wa_agent_leases_lost_total', conversation),
    }
  }

  /** The newest at the end: of channels that share a label the last one counts. */
  #noteMessage({ tenant, channel }: ChannelKey, atMs: number): void {
    const key = { tenant, channel }
    this.#lastMessages.delete(channelId(key))
    this.#lastMessages.set(channelId(key), { key, atMs })
  }

  #outbound(): Handlers {
    const to = this.#to
    const ended = (result: string) => (event: Event<'reply-sent'>) =>
      to.count('wa_agent_sends_total', event.conversation, { result })
    const lost = (result: string) => (event: Event<'reply-held'>) => {
      to.count('wa_agent_sends_total', event.conversation, { result })
      to.count('wa_agent_dead_letters_added_total', event.conversation, { kind: 'reply' })
    }
    const told = (status: string) => (event: Event<'reply-accepted'>) =>
      to.count('wa_agent_deliveries_total', event.conversation, { status })
    return {
      'reply-sent': ended('sent'),
      'reply-suppressed': ended('suppressed'),
      'reply-postponed': ({ conversation }) => to.count('wa_agent_sends_total', conversation, { result: 'postponed' }),
      'reply-retried': (event) => {
        to.count('wa_agent_sends_total', event.conversation, { result: 'retried' })
        to.count('wa_agent_retries_total', event.conversation, { kind: 'send' })
      },
      'reply-held': lost('held'),
      'reply-dead': lost('dead'),
      'reply-failed': ({ conversation }) => {
        to.count('wa_agent_deliveries_total', conversation, { status: 'failed' })
        to.count('wa_agent_sends_total', conversation, { result: 'failed' })
        to.count('wa_agent_dead_letters_added_total', conversation, { kind: 'reply' })
      },
      'reply-accepted': told('accepted'),
      'reply-delivered': told('delivered'),
      'reply-read': told('read'),
    }
  }

  #rest(): Handlers {
    const to = this.#to
    return {
      'circuit-changed': ({ tenant, channel, state }) => {
        const key = { tenant, channel }
        this.#circuits.set(channelId(key), { key, state })
      },
      'connection-changed': ({ tenant, channel, state }) => {
        const key = { tenant, channel }
        this.#connections.set(channelId(key), { key, state })
      },
      'handoff-started': ({ conversation, handoff }) =>
        to.count('wa_agent_handoffs_total', conversation, { change: 'started', by: handoff.by }),
      'handoff-released': ({ conversation, by }) =>
        to.count('wa_agent_handoffs_total', conversation, { change: 'released', by }),
      'opted-out': ({ conversation }) => to.count('wa_agent_opt_outs_total', conversation, { change: 'out' }),
      'opted-in': ({ conversation }) => to.count('wa_agent_opt_outs_total', conversation, { change: 'in' }),
      error: ({ error }) =>
        to.count('wa_agent_errors_total', undefined, { code: isWaAgentError(error) ? error.code : 'other' }),
    }
  }
}
