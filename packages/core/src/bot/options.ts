import type { BackoffOptions } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import type { ChannelKey, ConversationKey } from '../conversation.ts'
import type { SendLimits } from '../governor/limits.ts'
import type { Logger } from '../logger.ts'
import type { InboundMessageInput, OutboundMessageInput } from '../message.ts'
import type { OptOutOptions } from '../opt-out.ts'
import type { Answers, DeadLetter, DeadLetterQuery, Storage, StorageStats } from '../storage.ts'
import type { TelemetryOptions } from '../telemetry/options.ts'
import type { Transport } from '../transport.ts'
import type { Pipeline } from '../turn.ts'
import type { BotEvents } from './events.ts'

/** How a burst of messages becomes one turn. What arrives while a turn is in work always waits and becomes the next turn. */
export interface CoalesceOptions {
  /** A turn begins when nothing has come for so long. Default 0: at once. */
  readonly settleMs?: number
  /** It begins after this even if messages keep coming. Default 10,000. */
  readonly maxWaitMs?: number
  /** How many messages one turn may answer; 1 makes each a turn of its own. Default 50. */
  readonly maxMessages?: number
}

/** How often and how soon something is tried again before it becomes a dead letter. */
export interface RetryOptions extends BackoffOptions {
  /** How many attempts in all. Default 5 for turns, 8 for sends. */
  readonly maxAttempts?: number
}

/** How a bot is made. Only the first three are needed. */
export interface BotOptions {
  /** One for each channel. */
  readonly transports: readonly Transport[]
  /** Where the truth is. Opened by `start` and closed by `stop`. */
  readonly storage: Storage
  readonly pipeline: Pipeline
  /** How many conversations are worked on at once. Default 100. */
  readonly concurrency?: number
  readonly coalesce?: CoalesceOptions
  /** For turns that fail. */
  readonly retry?: RetryOptions
  /** For sends that fail. */
  readonly sendRetry?: RetryOptions
  /** How long a transport may take for one message. Default 30,000. */
  readonly sendTimeoutMs?: number
  /**
   * What happens to a reply that perhaps went out, where the transport cannot tell. `hold` (default): it is kept as a dead
   * letter for a person, so nothing is said twice. `resend`: it is sent again, so nothing is left unsaid.
   */
  readonly uncertain?: 'hold' | 'resend'
  /** What a customer gets whose turn failed for good, and in place of a text that must not leave. `false`: nothing. */
  readonly fallbackText?: string | false
  readonly optOut?: OptOutOptions
  /** How long the bot is silent after the owner wrote by hand. Default 3,600,000; `false`: until it is released. */
  readonly ownerHandoffMs?: number | false
  /**
   * How fast each channel may send, in place of what its transport says of the provider's limits. What has to wait is
   * postponed, answers before what nobody asked for.
   */
  readonly limits?: SendLimits
  /**
   * What `send` was given when the customer's window was closed is a dead letter; it goes out after all when the customer
   * writes within so long. Default 86,400,000; `false`: only when a person retries it.
   */
  readonly windowReleaseMs?: number | false
  /** How old messages may be that are asked for after a reconnection. Default 86,400,000. */
  readonly catchUpMaxAgeMs?: number
  /** How long a worker may be silent before another may take its conversation. Default 60,000. */
  readonly leaseMs?: number
  /** How often mail is looked for whose bell was lost. Default 1,000. */
  readonly sweepMs?: number
  /** How long `stop` waits for what is in work; 5 seconds later it waits for nothing. Default 30,000. */
  readonly stopTimeoutMs?: number
  readonly clock?: Clock
  /** Makes ids of replies. Default: time-ordered UUIDs (version 7). */
  readonly createId?: () => string
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number
  readonly logger?: Logger
  /** Where traces and metrics go. Default: to what the application has registered with `@opentelemetry/api`, if anything. */
  readonly telemetry?: TelemetryOptions
}

/** A bot at work. */
export interface Bot {
  /** Opens the storage, sets up the plugins, starts the transports and takes up what was left unfinished. */
  start(): Promise<void>
  /** Drains: nothing new is begun, what is in work is finished or stays pending; then all is closed. */
  stop(): Promise<void>
  /**
   * Serves one more channel, also while it runs; then it resolves when the transport has begun. Rejects with
   * `invalid_options` for a channel that is served already, with `not_running` in the middle of starting or stopping, and as
   * the transport does.
   */
  addTransport(transport: Transport): Promise<void>
  /**
   * Takes messages in as a transport would, for `channel` (default: the only one). Resolves once they are durable.
   * Rejects with `invalid_message` (nothing is stored then), or as the storage does.
   */
  receive(messages: readonly InboundMessageInput[], channel?: ChannelKey): Promise<void>
  /**
   * Says something that nobody asked for, through the same outbox: the id is yours, said twice with one id it goes out
   * once. Resolves with the id once it is durable.
   */
  send(
    conversation: ConversationKey,
    message: OutboundMessageInput,
    options?: { readonly id?: string },
  ): Promise<string>
  /** Gives the conversation to a person: the bot is silent until `release`, or for `forMs`. */
  handoff(conversation: ConversationKey, options?: { readonly reason?: string; readonly forMs?: number }): Promise<void>
  release(conversation: ConversationKey): Promise<void>
  readonly deadLetters: {
    /** Newest last. */
    list(query?: DeadLetterQuery): Promise<readonly DeadLetter[]>
    /** Tries it again from the first attempt. */
    retry(id: string): Promise<void>
    discard(id: string): Promise<void>
  }
  /** Tells what became of messages of a conversation, by the provider's ids, and whether a person has it now. */
  answers(conversation: ConversationKey, messageIds: readonly string[]): Promise<Answers>
  /** `working`: conversations in work. `parked`: those whose replies wait until their channel is connected. */
  stats(): Promise<StorageStats & { readonly working: number; readonly parked: number }>
  /** Resolves when nothing is in work and nothing is due. */
  idle(): Promise<void>
  on<Name extends keyof BotEvents>(name: Name, listener: BotEvents[Name]): void
  off<Name extends keyof BotEvents>(name: Name, listener: BotEvents[Name]): void
}
