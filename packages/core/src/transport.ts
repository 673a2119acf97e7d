import type { Clock } from './clock.ts'
import type { ChannelKey } from './conversation.ts'
import type { SendLimits } from './governor/limits.ts'
import type { Logger } from './logger.ts'
import type { InboundMessageInput, MediaReference, OutboundMessage, OutboundType } from './message.ts'

/** What a transport can carry, as data: the engine turns everything else into something that it can. */
export interface Capabilities {
  readonly types: readonly OutboundType[]
  /** The longest text in UTF-16 units; a longer one is split into several messages. */
  readonly maxTextLength: number
  readonly maxCaptionLength: number
  /** 0 where there are no buttons; more choices than this become a numbered text. */
  readonly maxButtons: number
  /** 0 where there are no lists. */
  readonly maxListRows: number
  /** Whether `replyTo` is shown as a quotation; elsewhere it is left out. */
  readonly quotes: boolean
}

/** For how long after a customer's last message anything may be said to them; after it only templates are delivered. */
export interface CustomerWindow {
  readonly durationMs: number
  /** Goes out in place of a reply that comes too late. Without one such a reply becomes a dead letter. */
  readonly template?: WindowTemplate
}

/** A template that the provider has approved, by its name there. */
export interface WindowTemplate {
  readonly name: string
  /** As the provider writes it, e.g. `en` or `pt_BR`. */
  readonly language: string
  readonly parameters?: readonly string[]
}

/** A message that goes out at any time, because the provider has approved it. */
export type OutboundTemplate = Extract<OutboundMessage, { type: 'template' }>

/** One reply on its way out. */
export interface Delivery {
  /** Our id of the reply, the same at every attempt: hand it to providers that know idempotency keys. */
  readonly id: string
  readonly chat: string
  readonly message: OutboundMessage
  /** Ids of the customer's messages that it answers; empty for what nobody asked for. */
  readonly inReplyTo: readonly string[]
  /** 1 for the first attempt. */
  readonly attempt: number
}

/**
 * What became of a send.
 * - `sent`: the provider accepted it; `providerId` is its id of the message, where it tells.
 * - `failed`: it certainly did not go out. `retryable` says whether trying again can help, `slowDown` that it was too much
 *   for the whole channel or only for this chat.
 * - `uncertain`: the request left and no answer came. The engine asks `find`, else applies the user's policy.
 */
export type SendResult =
  | { readonly status: 'sent'; readonly providerId?: string }
  | {
      readonly status: 'failed'
      readonly retryable: boolean
      readonly reason: string
      readonly retryAfterMs?: number
      readonly slowDown?: 'channel' | 'chat'
    }
  | { readonly status: 'uncertain'; readonly reason: string }

/** What a transport knows of a delivery whose outcome we missed. `unknown`: it cannot tell. */
export type FindResult =
  | { readonly status: 'sent'; readonly providerId?: string }
  | { readonly status: 'absent' }
  | { readonly status: 'unknown' }

/** How far a message of ours came. Providers tell it in any order; it only moves forward. */
export type DeliveryStatus = 'sent' | 'delivered' | 'read' | 'failed'

/** What a provider tells, later, about a message that it accepted. */
export interface DeliveryUpdate {
  /** The provider's id of the message, as `send` resolved with it; absent where it only tells ours. */
  readonly providerId?: string
  /** Our id of the reply, where the provider hands it back. */
  readonly replyId?: string
  readonly status: DeliveryStatus
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** For `failed`: the provider's code and words, e.g. `131047 Re-engagement message`. */
  readonly reason?: string
}

/** A request of the provider. The body is as it came, because signatures are over its bytes. */
export interface WebhookRequest {
  readonly method: string
  readonly headers: { get(name: string): string | null }
  readonly query: { get(name: string): string | null }
  readonly body: Uint8Array
}

/** What the provider is answered. */
export interface WebhookResponse {
  readonly status: number
  /** Plain text. Default: empty. */
  readonly body?: string
}

/** `needs-login` asks for a person (a QR code); `stopped` is the end. */
export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'needs-login' | 'stopped'

/** Small things that a transport must remember across restarts, apart for each channel. */
export interface TransportRecords {
  get(name: string): Promise<string | undefined>
  /** Resolves once it is durable. `undefined` forgets it. */
  set(name: string, value: string | undefined): Promise<void>
}

/** What the engine gives to a transport. */
export interface TransportHost {
  /**
   * Takes messages in. Resolves once all of them are durable: acknowledge them to the provider only then. Rejects with a
   * retryable `WaAgentError` where the storage is away: let the provider deliver again. Duplicates are harmless.
   */
  receive(messages: readonly InboundMessageInput[]): Promise<void>
  /**
   * Takes in what the provider tells about messages of ours. Resolves once it is durable, as `receive` does. What is about
   * no message of ours changes nothing.
   */
  track(updates: readonly DeliveryUpdate[]): Promise<void>
  /**
   * Says that whoever answered a chat by hand has given it back, where the provider tells. Resolves once it is durable. A
   * handoff begins with what they write, a `fromMe` message.
   */
  release(chat: string): Promise<void>
  /**
   * Says how the connection is. Every change to `connected` makes the engine ask for what arrived meanwhile. From
   * `connecting`, `disconnected` or `needs-login` until `connected` nothing is sent; who never says anything is connected.
   */
  connection(state: ConnectionState, reason?: string): void
  readonly records: TransportRecords
  readonly clock: Clock
  readonly logger: Logger
}

/** A way in and out of WhatsApp, for one channel. Members in the order in which they are called. */
export interface Transport extends ChannelKey {
  /** Which kind it is, e.g. `maytapi`. */
  readonly name: string
  readonly capabilities: Capabilities
  /** Absent where anything may be said at any time. */
  readonly window?: CustomerWindow
  /** How fast the provider may be sent to; the bot's own limits come first. Default: as fast as it can. */
  readonly limits?: SendLimits
  /** Begins to deliver to `host`. Resolves when it has begun, which may be before it is connected. */
  start(host: TransportHost): Promise<void>
  /**
   * Sends one message. Never called twice at once for the same chat. An exception counts as `failed` if it is a
   * `WaAgentError` that says so, otherwise as `uncertain`.
   */
  send(delivery: Delivery, options: { readonly signal: AbortSignal }): Promise<SendResult>
  /** Ends: no `receive` after it has resolved. */
  stop(): Promise<void>
  /**
   * For providers that push by HTTP: answers one request. Verifies it first; resolves with 200 once everything in it is
   * durable, with 401 or 403 where it is not the provider's, 400 or 415 where it cannot be read, and 503 where the storage is
   * away, so that the provider tries again. What it does not know is no error. Never rejects.
   */
  webhook?(request: WebhookRequest): Promise<WebhookResponse>
  /**
   * Learns from messages of its channel that the same transport in another process took in, for what it knows of its customers.
   * The engine stores them; nothing is handed to `host.receive`.
   */
  heard?(messages: readonly InboundMessageInput[]): Promise<void>
  /**
   * Whether a delivery went out after all. Leave it out where the provider cannot be asked; reject with a retryable
   * `WaAgentError` where it cannot be asked now.
   */
  find?(delivery: Delivery, options: { readonly signal: AbortSignal }): Promise<FindResult>
  /** Asks for everything that arrived since `sinceMs` and feeds it to `host.receive`. */
  catchUp?(options: { readonly sinceMs: number; readonly signal: AbortSignal }): Promise<void>
  /** The bytes of a file that came in. */
  openMedia?(media: MediaReference, options: { readonly signal: AbortSignal }): Promise<ReadableStream<Uint8Array>>
}
