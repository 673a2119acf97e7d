import type { Clock } from './clock.ts'
import type { ChannelKey } from './conversation.ts'
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
 * - `failed`: it certainly did not go out. `retryable` says whether trying again can help.
 * - `uncertain`: the request left and no answer came. The engine asks `find`, else applies the user's policy.
 */
export type SendResult =
  | { readonly status: 'sent'; readonly providerId?: string }
  | { readonly status: 'failed'; readonly retryable: boolean; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly status: 'uncertain'; readonly reason: string }

/** What a transport knows of a delivery whose outcome we missed. `unknown`: it cannot tell. */
export type FindResult =
  | { readonly status: 'sent'; readonly providerId?: string }
  | { readonly status: 'absent' }
  | { readonly status: 'unknown' }

/** `needs-login` asks for a person (a QR code); `stopped` is the end. */
export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'needs-login' | 'stopped'

/** What the engine gives to a transport. */
export interface TransportHost {
  /**
   * Takes messages in. Resolves once all of them are durable: acknowledge them to the provider only then. Rejects with a
   * retryable `WaAgentError` where the storage is away: let the provider deliver again. Duplicates are harmless.
   */
  receive(messages: readonly InboundMessageInput[]): Promise<void>
  /** Says how the connection is. Every change to `connected` makes the engine ask for what arrived meanwhile. */
  connection(state: ConnectionState, reason?: string): void
  readonly clock: Clock
  readonly logger: Logger
}

/** A way in and out of WhatsApp, for one channel. Members in the order in which they are called. */
export interface Transport extends ChannelKey {
  /** Which kind it is, e.g. `maytapi`. */
  readonly name: string
  readonly capabilities: Capabilities
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
   * Whether a delivery went out after all. Leave it out where the provider cannot be asked; reject with a retryable
   * `WaAgentError` where it cannot be asked now.
   */
  find?(delivery: Delivery, options: { readonly signal: AbortSignal }): Promise<FindResult>
  /** Asks for everything that arrived since `sinceMs` and feeds it to `host.receive`. */
  catchUp?(options: { readonly sinceMs: number; readonly signal: AbortSignal }): Promise<void>
  /** The bytes of a file that came in. */
  openMedia?(media: MediaReference, options: { readonly signal: AbortSignal }): Promise<ReadableStream<Uint8Array>>
}
