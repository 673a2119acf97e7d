import type { DatabaseSync } from 'node:sqlite'
import {
  type Answers,
  type AppendResult,
  type Change,
  type ChannelKey,
  type Claim,
  type ClaimRequest,
  type Control,
  type ConversationKey,
  conversationId,
  type DeadLetter,
  type DeadLetterQuery,
  type DeliveryUpdate,
  type Flags,
  type Lease,
  type OverdueQuery,
  type ReplyOutcome,
  type TrackResult,
} from '@wa-agent/core'
import { LeaseTable } from '@wa-agent/core/mailbox'
import { AnswerTable } from './answers.ts'
import type { Box } from './box.ts'
import { Boxes } from './boxes.ts'
import { Channels } from './channels.ts'
import { DeadLetterTable } from './dead-letters.ts'
import { History } from './history.ts'
import { Identities } from './identities.ts'
import { Inbox, type MessageDraft } from './inbox.ts'
import { Outbox, type ReplyDraft } from './outbox.ts'
import { RecordTable } from './record-table.ts'
import { Sequence } from './sequence.ts'
import { Tracking } from './tracking.ts'
import { Undo } from './undo.ts'
import { Upkeep } from './upkeep.ts'
import { UsageTable } from './usage-table.ts'

/** What the store is made with. */
export interface StoreOptions {
  readonly now: () => number
  readonly cachedConversations: number
  /** Greater than every token that was ever given out for this file. */
  readonly afterToken: number
}

/** A change with its content serialised outside of the transaction. */
export interface PreparedChange {
  readonly change: Change
  readonly state: string | undefined
  readonly replies: readonly ReplyDraft[]
}

/**
 * The tables and what is remembered of them. Reading is immediate; everything marked as writing runs inside a transaction,
 * and checks everything that it may refuse before it changes anything.
 */
export class Store {
  readonly deadLetters: DeadLetterTable
  readonly upkeep: Upkeep
  readonly #leases: LeaseTable
  readonly #undo = new Undo()
  readonly #channels: Channels
  readonly #boxes: Boxes
  readonly #identities: Identities
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #history: History
  readonly #tracking: Tracking
  readonly #answers: AnswerTable
  readonly #records: RecordTable
  readonly #usage: UsageTable
  readonly #sequence: Sequence
  readonly #now: () => number

  constructor(db: DatabaseSync, options: StoreOptions) {
    const limit = options.cachedConversations
    this.#now = options.now
    this.#leases = new LeaseTable({ afterToken: options.afterToken })
    const leases = this.#leases
    this.#sequence = new Sequence(db)
    this.#channels = new Channels(db)
    this.#boxes = new Boxes(db, { channels: this.#channels, leases, sequence: this.#sequence, limit })
    this.#identities = new Identities(db, {
      boxes: this.#boxes,
      leases,
      undo: this.#undo,
      sequence: this.#sequence,
      limit,
    })
    const parts = { boxes: this.#boxes, identities: this.#identities, sequence: this.#sequence }
    this.#outbox = new Outbox(db, { ...parts, leases, undo: this.#undo, now: options.now })
    this.#inbox = new Inbox(db, { ...parts, channels: this.#channels, outbox: this.#outbox })
    this.#history = new History(db, this.#sequence)
    this.#tracking = new Tracking({ boxes: this.#boxes, outbox: this.#outbox })
    this.#answers = new AnswerTable(db, this.#sequence)
    this.#records = new RecordTable(db)
    this.#usage = new UsageTable(db)
    this.deadLetters = new DeadLetterTable(db, this.#boxes)
    this.upkeep = new Upkeep(db, this.#sequence)
    this.reset()
  }

  /** Forgets all that is remembered and reads again what must be known. Leases are on no disk: they stay. */
  reset(): void {
    this.#channels.reset()
    this.#sequence.reset()
    this.#identities.reset()
    this.#usage.reset()
    this.#boxes.reset()
  }

  /** What was written is durable. */
  committed(): void {
    this.#undo.forget()
    this.trim()
  }

  /** What was written is not: what memory knows is ahead of the disk until `reset`. */
  undone(): void {
    this.#undo.run()
  }

  /** Keeps memory bounded; between operations. */
  trim(): void {
    this.#boxes.trim()
    this.#identities.trim()
  }

  /** Writes. */
  append(drafts: readonly MessageDraft[]): AppendResult[] {
    return drafts.map((draft) => this.#inbox.append(draft))
  }

  claim(request: ClaimRequest): Claim[] {
    return this.#candidates(request).flatMap((id) => this.#claimOne(id, request) ?? [])
  }

  overdue({ beforeMs, except }: OverdueQuery): ChannelKey[] {
    const others = new Set(this.#numbersOf(except))
    const overdue = this.#boxes.overdue(beforeMs).filter((channel) => !others.has(channel))
    return overdue.map((channel) => ({ ...this.#channels.keyOf(channel) }))
  }

  #candidates({ conversation, nowMs, limit = 1, channels, except }: ClaimRequest): number[] {
    if (conversation) {
      const id = this.#find(conversation)
      return id === undefined ? [] : [id]
    }
    const accept = (id: number) => !except?.size || !except.has(conversationId(this.#boxes.get(id).key))
    return this.#boxes.due(nowMs, { limit, channels: channels && this.#numbersOf(channels), accept })
  }

  #claimOne(id: number, request: ClaimRequest): Claim | undefined {
    const { nowMs, maxMessages } = request
    const box = this.#boxes.get(id)
    if (box.dueAtMs === undefined || box.dueAtMs > nowMs) return undefined
    // Read before the lease is taken: a failing disk must not leave a lease that nobody has.
    const history = this.#history.read(box, request.historyLimit)
    const usage = this.#usage.read(box.key.tenant, request.usageDay)
    const lease = this.#leases.take(box.key, request)
    if (!lease) return undefined
    this.#boxes.schedule(box)
    return box.toClaim({ lease, nowMs, maxMessages, history, usage })
  }

  /** Writes. */
  commit(lease: Lease, { change, state, replies }: PreparedChange): Flags {
    this.#leases.check(lease, change.nowMs)
    const box = this.#boxOf(lease.conversation)
    if (change.sending !== undefined) this.#outbox.assertSendable(box, change.sending, replies)
    this.#inbox.change(box, change)
    if (state !== undefined) this.#boxes.saveState(box, state)
    this.#boxes.saveInbound(box)
    if (change.control) this.#applyControl(box, change.control)
    this.#outbox.add(box, replies, change.nowMs)
    if (change.sending !== undefined) this.#outbox.beginSending(box, change.sending)
    if (change.usage) this.#usage.add(box.key.tenant, change.usage)
    this.#boxes.schedule(box)
    return box.flags
  }

  /** Writes. */
  settle(reply: { readonly conversation: ConversationKey; readonly id: string }, outcome: ReplyOutcome): void {
    const channel = this.#channels.find(reply.conversation)
    if (channel === undefined) return
    this.#outbox.settle(channel, { chat: reply.conversation.chat, id: reply.id }, outcome)
  }

  /** Writes. */
  track(key: ChannelKey, updates: readonly DeliveryUpdate[]): TrackResult[] {
    const channel = this.#channels.find(key)
    if (channel === undefined) return updates.map(() => ({ status: 'unknown' }))
    return updates.map((update) => this.#tracking.track(channel, update))
  }

  answers(conversation: ConversationKey, messageIds: readonly string[]): Answers {
    const channel = this.#channels.find(conversation)
    const id = this.#find(conversation)
    const handoff = id === undefined ? undefined : this.#boxes.get(id).flags.handoff
    return { ...(handoff && { handoff }), messages: this.#answers.read(channel, messageIds) }
  }

  record(key: ChannelKey, name: string): string | undefined {
    const channel = this.#channels.find(key)
    return channel === undefined ? undefined : this.#records.get(channel, name)
  }

  recordsOf(key: ChannelKey, prefix: string): Map<string, string> {
    const channel = this.#channels.find(key)
    return channel === undefined ? new Map() : this.#records.list(channel, prefix)
  }

  /** Writes. */
  replaceRecord(
    key: ChannelKey,
    name: string,
    { from, to }: { readonly from: string | undefined; readonly to: string | undefined },
  ): boolean {
    if (this.record(key, name) !== from) return false
    this.setRecord(key, name, to)
    return true
  }

  /** Writes. */
  setRecord(key: ChannelKey, name: string, value: string | undefined): void {
    if (value === undefined) {
      const channel = this.#channels.find(key)
      if (channel !== undefined) this.#records.remove(channel, name)
    } else {
      this.#records.set(this.#channels.idOf(key), name, value)
    }
  }

  renew(lease: Lease, options: { readonly nowMs: number; readonly leaseMs: number }): Lease {
    const renewed = this.#leases.renew(lease, options)
    this.#boxes.schedule(this.#boxOf(lease.conversation))
    return renewed
  }

  release(lease: Lease): { readonly dueAtMs?: number; readonly turnAtMs?: number } {
    this.#leases.release(lease)
    const id = this.#find(lease.conversation)
    if (id === undefined) return {}
    const box = this.#boxes.get(id)
    this.#boxes.schedule(box)
    const dueAtMs = box.dueAtMs
    return dueAtMs === undefined ? {} : { dueAtMs, ...box.turnBesideReplies }
  }

  letters(query: DeadLetterQuery): DeadLetter[] {
    if (!query.conversation) return this.deadLetters.list(query)
    const id = this.#find(query.conversation)
    return id === undefined ? [] : this.deadLetters.list(query, id)
  }

  /** Writes. */
  enqueue(conversation: ConversationKey, replies: readonly ReplyDraft[]): ConversationKey {
    const box = this.#boxOf(conversation)
    this.#outbox.add(box, replies, this.#now())
    this.#boxes.schedule(box)
    return box.key
  }

  /** Writes. */
  control(conversation: ConversationKey, control: Control): Flags {
    const box = this.#boxOf(conversation)
    this.#applyControl(box, control)
    return box.flags
  }

  #applyControl(box: Box, control: Control): void {
    box.apply(control)
    this.#boxes.saveFlags(box)
  }

  /** The numbers of channels, without those that were never used. */
  #numbersOf(channels: readonly ChannelKey[]): number[] {
    return channels.flatMap((channel) => this.#channels.find(channel) ?? [])
  }

  #find(conversation: ConversationKey): number | undefined {
    const channel = this.#channels.find(conversation)
    return channel === undefined ? undefined : this.#identities.find(channel, conversation.chat)
  }

  /** The mailbox, made where the conversation is new; then it writes. */
  #boxOf(conversation: ConversationKey): Box {
    return this.#identities.boxOrNew(this.#channels.idOf(conversation), conversation.chat)
  }
}
