import type { ChannelKey, ConversationKey, ConversationState, Handoff } from './conversation.ts'
import type { InboundMessage, OutboundMessage } from './message.ts'
import type { TraceHeaders } from './trace-headers.ts'
import type { DeliveryUpdate } from './transport.ts'

/** An order that takes effect the moment its message is stored, before any turn runs. `handoff: null` releases. */
export interface Control {
  readonly optOut?: boolean
  readonly handoff?: Handoff | null
  /** Releases only the handoff that began then: one that began meanwhile, while a turn was running, stays. */
  readonly releasesSinceMs?: number
}

/** A message on its way into the inbox. All times in milliseconds since 1970. */
export interface NewMessage {
  readonly tenant: string
  readonly channel: string
  readonly message: InboundMessage
  readonly receivedAtMs: number
  /** The turn waits until nothing has come for a while: the latest of these among the pending messages ... */
  readonly settleAtMs: number
  /** ... but no longer than the earliest of these. */
  readonly dueByMs: number
  readonly control?: Control
  /** Whoever takes the turn goes on with this trace. */
  readonly trace?: TraceHeaders
}

/**
 * What became of an appended message.
 * - `stored`: it is durable and pending.
 * - `duplicate`: tenant + channel + id are known already; nothing changed.
 * - `echo`: it is `fromMe` and one of our own replies; nothing is pending (an uncertain reply is thereby known to be sent).
 *   So is what repeats, under another id, a reply of the conversation that was sent in the last 15 minutes.
 */
export interface AppendResult {
  readonly status: 'stored' | 'duplicate' | 'echo'
  /** The conversation it belongs to; its `chat` differs from the message's where two ids are one person's. */
  readonly conversation: ConversationKey
  /** When the conversation wants to be worked on; absent where nothing is pending. */
  readonly dueAtMs?: number
}

/** The right to work on a conversation until it expires. `token` grows with each lease of the conversation (fencing). */
export interface Lease {
  readonly conversation: ConversationKey
  readonly owner: string
  readonly token: number
  readonly expiresAtMs: number
}

/** A message in the inbox. `seq` is the order of arrival and the handle for `commit`. */
export interface StoredMessage {
  readonly seq: number
  readonly message: InboundMessage
  readonly receivedAtMs: number
  /** How often a turn with it has failed. */
  readonly attempts: number
  /** What it ordered, as far as that changed something: without `optOut` where the customer was in or out already. */
  readonly control?: Control
  /** As it was appended with. */
  readonly trace?: TraceHeaders
}

/** Why a reply exists. `confirmation` answers STOP and START and passes an opt-out. */
export type ReplyKind = 'reply' | 'fallback' | 'confirmation' | 'proactive'

/** A reply on its way into the outbox. `id` is chosen by the caller: enqueued twice it is stored once. */
export interface NewReply {
  readonly id: string
  readonly kind: ReplyKind
  readonly message: OutboundMessage
  /** Ids of the customer's messages that it answers. */
  readonly inReplyTo: readonly string[]
  readonly notBeforeMs: number
  /** Whoever sends it goes on with this trace. */
  readonly trace?: TraceHeaders
}

/** `sending` means that an attempt began whose end is not known (yet). */
export type ReplyStatus = 'pending' | 'sending'

/** An undelivered reply in the outbox. */
export interface StoredReply extends NewReply {
  readonly status: ReplyStatus
  /** How many attempts have begun. */
  readonly attempts: number
}

/** What a conversation is like beside its mail. Changed by `Control`, read at each claim and commit. */
export interface Flags {
  readonly handoff?: Handoff
  readonly optedOut: boolean
  /**
   * When the customer last wrote, in milliseconds since 1970; absent: never. A time that cannot be, in the future or more than
   * seven days before the arrival, is taken for that of the arrival. It may be told up to five minutes early where
   * it was read from the disk again, so that it need not be written with every message.
   */
  readonly lastInboundAtMs?: number
}

/** A line of the past, oldest first: what the customer wrote and what was sent. */
export interface HistoryEntry {
  readonly by: 'customer' | 'bot' | 'owner'
  readonly text: string
  readonly atMs: number
}

/** What a model has cost a tenant on one day. */
export interface Usage {
  readonly tokens: number
  readonly costUsd: number
}

/** Which conversations to claim. */
export interface ClaimRequest {
  readonly owner: string
  readonly nowMs: number
  readonly leaseMs: number
  /** Only this one, if it is due and free. */
  readonly conversation?: ConversationKey
  /** Otherwise the most overdue ones, at most so many (default 1); where many channels have a queue, the first of each ... */
  readonly limit?: number
  /** ... of these channels (default: of all) ... */
  readonly channels?: readonly ChannelKey[]
  /** ... without these (as `conversationId` writes them). */
  readonly except?: ReadonlySet<string>
  /** How many messages a turn may take. */
  readonly maxMessages: number
  /** How many lines of the past to add; 0 for none. */
  readonly historyLimit: number
  /** The day whose usage is wanted, as `2026-11-21`. */
  readonly usageDay: string
}

/** Which channels are overdue. */
export interface OverdueQuery {
  readonly nowMs: number
  /** Those with something that was due before this, and is in nobody's lease now ... */
  readonly beforeMs: number
  /** ... but not these. */
  readonly except: readonly ChannelKey[]
}

/** A claimed conversation and all that a turn needs. */
export interface Claim {
  readonly lease: Lease
  /** As the last commit left it; `undefined` for a new conversation. Not trusted: the pipeline checks it. */
  readonly state: ConversationState | undefined
  readonly flags: Flags
  /** The pending messages that are due, in order of arrival; empty where only replies are. */
  readonly messages: readonly StoredMessage[]
  /** Whether more are pending than `maxMessages` allowed. */
  readonly more: boolean
  /** The undelivered replies, in order. */
  readonly replies: readonly StoredReply[]
  /** The last lines, without what is pending. */
  readonly history: readonly HistoryEntry[]
  readonly usage: Usage
}

/** Everything that the holder of a lease may change, in one transaction. */
export interface Change {
  readonly nowMs: number
  /** These messages are answered, or deliberately not. */
  readonly done?: readonly number[]
  /**
   * The turn of these messages failed: count it, and let the conversation's messages rest until `atMs`. With `counts: false`
   * it is no attempt: they could not even be asked about.
   */
  readonly retry?: {
    readonly messages: readonly number[]
    readonly atMs: number
    readonly reason: string
    readonly counts?: boolean
  }
  /** These messages failed for good. */
  readonly dead?: { readonly messages: readonly number[]; readonly reason: string }
  readonly state?: ConversationState
  readonly control?: Control
  readonly replies?: readonly NewReply[]
  /** An attempt to send this reply begins: status `sending`, one more attempt. */
  readonly sending?: string
  /** Added to the tenant's usage of `day`. */
  readonly usage?: Usage & { readonly day: string }
}

/** How an attempt to send ended, or why there will be none. All but `retry` are final. */
export type ReplyOutcome =
  | { readonly status: 'sent'; readonly providerId?: string }
  | { readonly status: 'retry'; readonly notBeforeMs: number; readonly reason: string }
  /** It will not be tried again by itself: a dead letter. */
  | { readonly status: 'dead'; readonly reason: string }
  /** Perhaps it went out: kept as a dead letter for a person to decide. */
  | { readonly status: 'held'; readonly reason: string }
  /** It must not go out: the customer opted out, or a person has taken over. */
  | { readonly status: 'suppressed'; readonly reason: string }

/**
 * What became of a `DeliveryUpdate`.
 * - `changed`: the reply is now known to have come so far.
 * - `unchanged`: that, or more, was known already.
 * - `unknown`: no reply of ours has this id (yet).
 */
export type TrackResult =
  | {
      readonly status: 'changed'
      readonly conversation: ConversationKey
      readonly replyId: string
      readonly inReplyTo: readonly string[]
    }
  | { readonly status: 'unchanged' | 'unknown' }

/** A reply that went out, or will. */
export interface GivenReply {
  readonly id: string
  readonly message: OutboundMessage
}

/** What became of a message that came in. */
export interface MessageAnswer {
  readonly id: string
  /** `unknown`: it never came in as one to be answered, or was pruned. `dead`: its turn failed for good. */
  readonly status: 'unknown' | 'pending' | 'done' | 'dead'
  /** What was said in answer to it, in order: also what is still in the outbox, but nothing that was held back or given up. */
  readonly replies: readonly GivenReply[]
}

/** What became of messages of a conversation, and what it is like now. */
export interface Answers {
  /** Perhaps one whose time is over. */
  readonly handoff?: Handoff
  /** In the order asked. */
  readonly messages: readonly MessageAnswer[]
}

/** Small things that an engine must remember of a channel across restarts, e.g. how much was sent today. */
export interface Records {
  get(channel: ChannelKey, name: string): Promise<string | undefined>
  /** All of the channel whose names begin with `prefix`, by name. */
  list(channel: ChannelKey, prefix: string): Promise<ReadonlyMap<string, string>>
  /** `undefined` forgets it. */
  set(channel: ChannelKey, name: string, value: string | undefined): Promise<void>
  /**
   * Sets it only where it is still `from` (`undefined`: not there). Of several processes that try this at once, one succeeds.
   * Resolves with whether it was set.
   */
  replace(
    channel: ChannelKey,
    name: string,
    change: { readonly from: string | undefined; readonly to: string | undefined },
  ): Promise<boolean>
}

/** What failed for good, for people to look at. */
export interface DeadLetter {
  readonly id: string
  readonly kind: 'message' | 'reply'
  /** Only for replies: perhaps it went out. */
  readonly uncertain: boolean
  readonly conversation: ConversationKey
  readonly message: InboundMessage | OutboundMessage
  readonly reason: string
  /** How many turns with it failed, or how many attempts to send it began; the last one included. */
  readonly attempts: number
  readonly atMs: number
}

/** How much is waiting. Where it is very much, a storage may tell less than it has: at least so much. */
export interface StorageStats {
  readonly pendingMessages: number
  readonly pendingReplies: number
  readonly deadLetters: number
  readonly conversations: number
  /** When the oldest pending message came; absent where none is pending. */
  readonly oldestPendingAtMs?: number
}

/** Which dead letters. */
export interface DeadLetterQuery {
  readonly tenant?: string
  /** Only those of this conversation, by any id of the person. */
  readonly conversation?: ConversationKey
  /** At most so many, the newest ... */
  readonly limit?: number
  /** ... without so many that are newer still. Default 0. */
  readonly skip?: number
}

/** Looking at dead letters and deciding on them. */
export interface DeadLetters {
  /** Newest last. */
  list(query?: DeadLetterQuery): Promise<readonly DeadLetter[]>
  /** Makes it pending again, with its attempts forgotten. Rejects with `not_found` for an unknown id. */
  retry(id: string, nowMs: number): Promise<ConversationKey>
  /** Ends it for good. Rejects with `not_found` for an unknown id. */
  discard(id: string): Promise<void>
}

/**
 * Where the truth is: a mailbox per conversation. Every promise that resolves means that the change is durable, as far as
 * this storage is. A promise that rejects with a retryable error changed nothing. Members in the order of a message's life.
 */
export interface Storage {
  /** Makes it ready: schema, recovery. Calling it again changes nothing. */
  open(): Promise<void>
  /**
   * For storages that several processes share: `onMail` is called, soon and not in quick succession, when another process
   * has put something in that is due. It may be missed: look now and then anyway. Returns how to end it.
   */
  watch?(onMail: () => void): () => void
  /** Takes messages in, each once; results in the order given. Applies their controls, joins ids of one person. */
  append(messages: readonly NewMessage[]): Promise<readonly AppendResult[]>
  /** Leases conversations that have something due and are not leased by anyone. */
  claim(request: ClaimRequest): Promise<readonly Claim[]>
  /**
   * Changes a claimed conversation. Rejects with `lease_lost` where the lease is no longer the newest or has expired, and
   * with `not_found` where `sending` names a reply that is final by now: it must not be sent.
   */
  commit(lease: Lease, change: Change): Promise<Flags>
  /** Records what became of a reply. Needs no lease: it states a fact. A reply that is final already stays as it is. */
  settle(reply: { readonly conversation: ConversationKey; readonly id: string }, outcome: ReplyOutcome): Promise<void>
  /**
   * Records what a provider tells about replies, in the order given; results in that order. A reply is found by `replyId`,
   * else by `providerId`. The status only moves forward: sent, delivered, read; `failed` counts until the reply is known to
   * be delivered, and makes a reply that was `sent` a dead letter. A reply whose sending was uncertain (`sending`, `held`) is
   * thereby known to be sent. One that is discarded or suppressed stays as it is.
   */
  track(channel: ChannelKey, updates: readonly DeliveryUpdate[]): Promise<readonly TrackResult[]>
  /** Prolongs a lease. Rejects with `lease_lost` where it is no longer held. */
  renew(lease: Lease, options: { readonly nowMs: number; readonly leaseMs: number }): Promise<Lease>
  /**
   * Gives a lease back and says when the conversation wants to be worked on again: `dueAtMs`; where both replies and messages
   * wait also when the messages alone do: `turnAtMs`. A lost lease is no error.
   */
  release(lease: Lease): Promise<{ readonly dueAtMs?: number; readonly turnAtMs?: number }>
  /**
   * Tells what became of messages of a conversation, by the ids that their provider gave them. What it tells is durable: a
   * message that is `done` once has the same replies for ever, unless they are held back before they leave.
   */
  answers(conversation: ConversationKey, messageIds: readonly string[]): Promise<Answers>
  /** Puts replies into the outbox outside a turn. Says where they went: ids of one person are joined. */
  enqueue(conversation: ConversationKey, replies: readonly NewReply[]): Promise<ConversationKey>
  /** Applies a control outside a turn. */
  control(conversation: ConversationKey, control: Control): Promise<Flags>
  /** The channels in which something waits that nobody takes. */
  overdue(query: OverdueQuery): Promise<readonly ChannelKey[]>
  readonly deadLetters: DeadLetters
  readonly records: Records
  stats(): Promise<StorageStats>
  /** Forgets what was finished before `beforeMs`: answered messages (and with them their dedupe) and sent replies. */
  prune(options: { readonly beforeMs: number }): Promise<{ readonly removed: number }>
  /** Finishes what was begun and lets go of everything. Calls after it reject with `storage_closed`. */
  close(): Promise<void>
}
