import type { ConversationKey } from '../conversation.ts'
import type { Claim, Control, Flags, HistoryEntry, Lease, StoredMessage, StoredReply, Usage } from '../storage.ts'
import {
  applyControl,
  applyInbound,
  inboundDueAtMs,
  mergeFlags,
  mergeStates,
  type OutboxReply,
  outboundDueAtMs,
  type PendingMessage,
} from './rules.ts'

/** What a claim takes from outside the mailbox. */
export interface ClaimParts {
  readonly lease: Lease
  readonly nowMs: number
  readonly maxMessages: number
  readonly history: readonly HistoryEntry[]
  readonly usage: Usage
}

/**
 * The unfinished mail of one conversation and its flags, in memory, for storages that only one process uses. It knows when
 * the conversation is due and how two become one; keeping it durable is the storage's part. Content is held as JSON:
 * what goes in and out are copies.
 */
export class Mailbox {
  readonly key: ConversationKey
  flags: Flags = { optedOut: false }
  /** The conversation's state as JSON; `undefined` before the first commit. */
  state: string | undefined
  /** The conversation's messages rest until then, because a turn failed. */
  restUntilMs = 0
  readonly #messages: PendingMessage[] = []
  readonly #replies: OutboxReply[] = []
  #settleAtMs = Number.NEGATIVE_INFINITY
  #dueByMs = Number.POSITIVE_INFINITY

  constructor(key: ConversationKey) {
    this.key = key
  }

  /** The pending messages in order of arrival. */
  get messages(): readonly PendingMessage[] {
    return this.#messages
  }

  /** The undelivered replies in order. */
  get replies(): readonly OutboxReply[] {
    return this.#replies
  }

  get isSending(): boolean {
    return this.#replies.some((reply) => reply.status === 'sending')
  }

  apply(control: Control): void {
    this.flags = applyControl(this.flags, control)
  }

  addMessage(message: PendingMessage): void {
    insertBySeq(this.#messages, message)
    this.#settleAtMs = Math.max(this.#settleAtMs, message.settleAtMs)
    this.#dueByMs = Math.min(this.#dueByMs, message.dueByMs)
    this.flags = applyInbound(this.flags, message.wroteAtMs)
  }

  /** Takes out a message that is no longer pending; `undefined` where it is not. */
  removeMessage(seq: number): PendingMessage | undefined {
    const removed = removeBySeq(this.#messages, seq)
    if (!removed) return undefined
    const decides = removed.settleAtMs >= this.#settleAtMs || removed.dueByMs <= this.#dueByMs
    if (decides) this.#measure()
    return removed
  }

  message(seq: number): PendingMessage | undefined {
    return findBySeq(this.#messages, seq)
  }

  addReply(reply: OutboxReply): void {
    insertBySeq(this.#replies, reply)
  }

  /** Takes out a reply that is no longer undelivered. */
  removeReply(seq: number): void {
    removeBySeq(this.#replies, seq)
  }

  reply(id: string): OutboxReply | undefined {
    return this.#replies.find((reply) => reply.id === id)
  }

  get inboundDueAtMs(): number | undefined {
    if (this.#messages.length === 0) return undefined
    return inboundDueAtMs({ settleAtMs: this.#settleAtMs, dueByMs: this.#dueByMs, restUntilMs: this.restUntilMs })
  }

  /** When the conversation wants to be worked on; `undefined` where nothing waits. */
  get dueAtMs(): number | undefined {
    const inbound = this.inboundDueAtMs
    const first = this.#replies[0]
    if (!first) return inbound
    const outbound = outboundDueAtMs(first)
    return inbound === undefined ? outbound : Math.min(inbound, outbound)
  }

  /** When its messages alone want a turn, where replies wait as well. */
  get turnBesideReplies(): { readonly turnAtMs?: number } {
    const turnAtMs = this.inboundDueAtMs
    return turnAtMs === undefined || this.#replies.length === 0 ? {} : { turnAtMs }
  }

  /** Whether joining it to another would change what a turn of the other sees. */
  get hasContent(): boolean {
    return this.#messages.length > 0 || this.#replies.length > 0 || this.state !== undefined
  }

  /** Takes over everything of a younger mailbox that turned out to be the same person's. */
  absorb(younger: Mailbox): void {
    for (const message of younger.messages) this.addMessage(message)
    for (const reply of younger.replies) this.addReply(reply)
    this.flags = mergeFlags(this.flags, younger.flags)
    this.restUntilMs = Math.max(this.restUntilMs, younger.restUntilMs)
    if (younger.state !== undefined) {
      this.state = JSON.stringify(mergeStates(parseState(this.state), parseState(younger.state)))
    }
  }

  toClaim(parts: ClaimParts): Claim {
    const due = this.inboundDueAtMs
    const waiting = due !== undefined && due <= parts.nowMs ? this.#messages : []
    return {
      lease: parts.lease,
      state: parseState(this.state) as Claim['state'],
      flags: this.flags,
      messages: waiting.slice(0, parts.maxMessages).map(toStoredMessage),
      more: waiting.length > parts.maxMessages,
      replies: this.#replies.map(toStoredReply),
      history: parts.history,
      usage: parts.usage,
    }
  }

  #measure(): void {
    this.#settleAtMs = Number.NEGATIVE_INFINITY
    this.#dueByMs = Number.POSITIVE_INFINITY
    for (const { settleAtMs, dueByMs } of this.#messages) {
      this.#settleAtMs = Math.max(this.#settleAtMs, settleAtMs)
      this.#dueByMs = Math.min(this.#dueByMs, dueByMs)
    }
  }
}

function parseState(state: string | undefined): unknown {
  return state === undefined ? undefined : JSON.parse(state)
}

function toStoredMessage(message: PendingMessage): StoredMessage {
  return {
    seq: message.seq,
    message: JSON.parse(message.json),
    receivedAtMs: message.receivedAtMs,
    attempts: message.attempts,
    ...(message.control && { control: message.control }),
    ...(message.trace && { trace: message.trace }),
  }
}

function toStoredReply(reply: OutboxReply): StoredReply {
  return {
    id: reply.id,
    kind: reply.kind,
    message: JSON.parse(reply.json),
    inReplyTo: reply.inReplyTo,
    notBeforeMs: reply.notBeforeMs,
    ...(reply.trace && { trace: reply.trace }),
    status: reply.status,
    attempts: reply.attempts,
  }
}

interface Numbered {
  readonly seq: number
}

/** Almost always the end: only what comes back, or comes from a joined conversation, belongs further ahead. */
function insertBySeq<Item extends Numbered>(items: Item[], item: Item): void {
  let at = items.length
  while (at > 0 && (items[at - 1] as Item).seq > item.seq) at -= 1
  items.splice(at, 0, item)
}

function findBySeq<Item extends Numbered>(items: readonly Item[], seq: number): Item | undefined {
  return items.find((item) => item.seq === seq)
}

function removeBySeq<Item extends Numbered>(items: Item[], seq: number): Item | undefined {
  const at = items.findIndex((item) => item.seq === seq)
  return at < 0 ? undefined : items.splice(at, 1)[0]
}
