import type { ChannelKey, ConversationKey, Handoff } from '../conversation.ts'
import type { InboundMessage } from '../message.ts'
import type { NewReply } from '../storage.ts'
import type { ConnectionState } from '../transport.ts'
import type { TurnTrace } from '../turn.ts'

interface InConversation {
  readonly conversation: ConversationKey
}

interface OfTurn extends InConversation {
  readonly turnId: string
  /** The provider's ids of the customer's messages. */
  readonly messageIds: readonly string[]
}

interface OfReply extends InConversation {
  readonly replyId: string
  readonly inReplyTo: readonly string[]
  /** How many attempts have begun. */
  readonly attempts: number
}

interface OfDelivery extends InConversation {
  readonly replyId: string
  readonly inReplyTo: readonly string[]
  readonly providerId?: string
  /** When it happened, as the provider says. */
  readonly atMs: number
}

/** What a bot tells, by name of the event. Times are in milliseconds since 1970. */
export interface BotEvents {
  /** A message is durable, or was known already. */
  'message-received': (
    event: InConversation & { readonly message: InboundMessage; readonly status: 'stored' | 'duplicate' | 'echo' },
  ) => void
  /** A transport handed over something that is no message. */
  'message-refused': (event: ChannelKey & { readonly error: unknown }) => void
  'turn-started': (event: OfTurn & { readonly attempt: number }) => void
  /** The turn is answered for good; its replies are in the outbox. No trace where no agent was asked (STOP, opted out). */
  'turn-committed': (
    event: OfTurn & { readonly replies: readonly NewReply[]; readonly trace?: TurnTrace; readonly durationMs: number },
  ) => void
  /** The turn failed and will be tried again at `retryAtMs`. */
  'turn-failed': (
    event: OfTurn & { readonly attempt: number; readonly error: unknown; readonly retryAtMs: number },
  ) => void
  /** The turn failed for good: its messages are dead letters, the customer got the fallback answer. */
  'turn-dead': (event: OfTurn & { readonly attempt: number; readonly error: unknown }) => void
  /** Somebody else has the conversation; its messages are still pending. */
  'lease-lost': (event: InConversation) => void
  'reply-sent': (event: OfReply & { readonly providerId?: string }) => void
  'reply-retried': (event: OfReply & { readonly reason: string; readonly retryAtMs: number }) => void
  /** Perhaps it went out: a dead letter for a person to decide. */
  'reply-held': (event: OfReply & { readonly reason: string }) => void
  'reply-dead': (event: OfReply & { readonly reason: string }) => void
  /** It was not sent, because the customer opted out or a person took over. */
  'reply-suppressed': (event: OfReply & { readonly reason: string }) => void
  /**
   * It has to wait for its turn: the limits of the channel, the pace of the chat, quiet hours; without `untilMs` until the
   * channel is connected. No attempt was made.
   */
  'reply-postponed': (event: Omit<OfReply, 'attempts'> & { readonly reason: string; readonly untilMs?: number }) => void
  /** The provider told that it has the message, perhaps one whose sending was uncertain. */
  'reply-accepted': (event: OfDelivery) => void
  'reply-delivered': (event: OfDelivery) => void
  'reply-read': (event: OfDelivery) => void
  /** The provider took the message and could not deliver it: it is a dead letter now. */
  'reply-failed': (event: OfDelivery & { readonly reason: string }) => void
  /** Too many sends in a row failed (`open`: nothing is sent for a while), or the channel is back (`closed`). */
  'circuit-changed': (event: ChannelKey & { readonly state: 'closed' | 'open' | 'half-open' }) => void
  'handoff-started': (event: InConversation & { readonly handoff: Handoff }) => void
  /** `turn`: an agent took it back, or its time was over. `person`: `release` was called. `owner`: the provider told it. */
  'handoff-released': (event: InConversation & { readonly by: 'turn' | 'person' | 'owner' }) => void
  'opted-out': (event: InConversation) => void
  'opted-in': (event: InConversation) => void
  'connection-changed': (event: ChannelKey & { readonly state: ConnectionState; readonly reason?: string }) => void
  /** Something went wrong that no other event tells; the bot goes on. */
  error: (event: { readonly error: unknown; readonly doing: string }) => void
}

/** Tells an event. A listener that throws is reported as `error` and harms nothing. */
export type Emit = <Name extends keyof BotEvents>(name: Name, event: Parameters<BotEvents[Name]>[0]) => void
