import { type Clock, systemClock } from '../clock.ts'
import { type ChannelKey, type ConversationKey, channelId, conversationId } from '../conversation.ts'
import { DueIndex } from '../mailbox/due-index.ts'
import { letterGone, replyGone, storageClosed } from '../mailbox/errors.ts'
import { LeaseTable } from '../mailbox/lease-table.ts'
import { answerStatus, effectiveControl, personIds, stateToJson } from '../mailbox/rules.ts'
import { failureOf, isStep, trackedTrace } from '../mailbox/tracking.ts'
import type {
  Answers,
  AppendResult,
  Change,
  Claim,
  ClaimRequest,
  Control,
  DeadLetters,
  Flags,
  Lease,
  MessageAnswer,
  NewMessage,
  NewReply,
  OverdueQuery,
  ReplyOutcome,
  Storage,
  StorageStats,
  TrackResult,
  Usage,
} from '../storage.ts'
import type { DeliveryUpdate } from '../transport.ts'
import { recordsIn } from './memory-records.ts'
import { type Box, channelOf, type ReplyRow, type Row, toDeadLetter, traceOf } from './rows.ts'
import { type Draft, MemoryTables } from './tables.ts'

/** Options of `memoryStorage`. */
export interface MemoryStorageOptions {
  /** Tells when a reply was settled or enqueued. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/**
 * Storage without a disk: every promise of the port but durability. For trying out and for tests; everything is gone when
 * the process ends.
 */
export function memoryStorage(options: MemoryStorageOptions = {}): Storage {
  return new MemoryStorage(options.clock ?? systemClock)
}

class MemoryStorage implements Storage {
  readonly #clock: Pick<Clock, 'now'>
  readonly #tables = new MemoryTables()
  readonly #leases = new LeaseTable()
  readonly #due = new DueIndex<string, string>()
  readonly #usage = new Map<string, Usage>()
  readonly #records = new Map<string, string>()
  #phase: 'new' | 'open' | 'closed' = 'new'

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  async open(): Promise<void> {
    if (this.#phase === 'closed') throw storageClosed('closed')
    this.#phase = 'open'
  }

  async append(messages: readonly NewMessage[]): Promise<readonly AppendResult[]> {
    this.#assertOpen()
    const drafts = messages.map((content) => ({ content, json: JSON.stringify(content.message) }))
    return drafts.map((draft) => this.#appendOne(draft))
  }

  #appendOne(draft: Draft<NewMessage>): AppendResult {
    const { message } = draft.content
    const duplicate = this.#tables.message(draft.content, message.id)
    if (duplicate) return result('duplicate', duplicate.box)
    const echoed = message.fromMe ? this.#echoed(draft.content) : undefined
    if (echoed) return result('echo', echoed.box)
    const box = this.#identify(draft.content)
    const control = effectiveControl(box.flags, draft.content.control)
    if (control) box.apply(control)
    this.#tables.addMessage(box, draft, control)
    this.#schedule(box)
    return result('stored', box)
  }

  #echoed(entry: NewMessage): ReplyRow | undefined {
    const { message } = entry
    const named = this.#tables.named(entry, message.id)
    if (named) return named
    const echoed = this.#tables.echoed(entry)
    if (!echoed?.isNews) return echoed?.row
    this.#settleRow(echoed.row, { status: 'sent' })
    this.#tables.name(echoed.row, message.id)
    return echoed.row
  }

  #identify({ tenant, channel, message }: NewMessage): Box {
    const ids = personIds(message)
    const [oldest, ...others] = this.#tables.known({ tenant, channel }, ids)
    const box = oldest ?? this.#tables.boxOrNew({ tenant, channel, chat: message.chat })
    for (const younger of others) {
      this.#leases.join(box, younger)
      this.#tables.join(box, younger)
      this.#due.set(channelId(younger.key), conversationId(younger.key), undefined)
    }
    this.#tables.addAliases(box, ids)
    return box
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    this.#assertOpen()
    const accept = (id: string) => !request.except?.has(id)
    const ids = request.conversation
      ? [conversationId(this.#tables.box(request.conversation)?.key ?? request.conversation)]
      : this.#due.due(request.nowMs, { limit: request.limit ?? 1, channels: request.channels?.map(channelId), accept })
    return ids.flatMap((id) => this.#claimOne(id, request) ?? [])
  }

  #claimOne(id: string, request: ClaimRequest): Claim | undefined {
    const box = this.#tables.boxes.get(id)
    if (box?.dueAtMs === undefined || box.dueAtMs > request.nowMs) return undefined
    const lease = this.#leases.take(box.key, request)
    if (!lease) return undefined
    this.#schedule(box)
    return box.toClaim({
      lease,
      nowMs: request.nowMs,
      maxMessages: request.maxMessages,
      history: this.#tables.history(box, request.historyLimit),
      usage: this.#usage.get(`${box.key.tenant}/${request.usageDay}`) ?? { tokens: 0, costUsd: 0 },
    })
  }

  async commit(lease: Lease, change: Change): Promise<Flags> {
    this.#assertOpen()
    const state = change.state && stateToJson(change.state)
    const drafts = draftsOf(change.replies ?? [])
    this.#leases.check(lease, change.nowMs)
    const box = this.#tables.boxOrNew(lease.conversation)
    if (change.sending !== undefined) this.#assertSendable(box, change.sending, drafts)
    // Nothing below may fail: a commit is all or nothing.
    this.#changeMessages(box, change)
    if (state !== undefined) box.state = state
    if (change.control) box.apply(change.control)
    for (const draft of drafts) this.#tables.addReply(box, draft, change.nowMs)
    const sending = change.sending === undefined ? undefined : this.#tables.reply(box.key, change.sending)
    if (sending) this.#tables.beginSending(sending)
    if (change.usage) this.#addUsage(`${box.key.tenant}/${change.usage.day}`, change.usage)
    this.#schedule(box)
    return box.flags
  }

  #assertSendable(box: Box, id: string, drafts: readonly Draft<NewReply>[]): void {
    const isNew = drafts.some(({ content }) => content.id === id) && !this.#tables.reply(box.key, id)
    if (!isNew && !box.reply(id)) throw replyGone()
  }

  #changeMessages(box: Box, { nowMs, done = [], dead, retry }: Change): void {
    for (const seq of done) this.#tables.endMessage(box, seq, { fate: 'done', reason: '', nowMs })
    for (const seq of dead?.messages ?? []) {
      this.#tables.endMessage(box, seq, { fate: 'dead', reason: dead?.reason ?? '', nowMs })
    }
    if (done.length > 0 || dead?.messages.length) box.restUntilMs = 0
    if (!retry) return
    for (const seq of retry.messages) {
      const message = box.message(seq)
      if (message && retry.counts !== false) message.attempts += 1
    }
    box.restUntilMs = retry.atMs
  }

  async settle(
    reply: { readonly conversation: ConversationKey; readonly id: string },
    outcome: ReplyOutcome,
  ): Promise<void> {
    this.#assertOpen()
    const row = this.#tables.reply(reply.conversation, reply.id)
    if (row) this.#settleRow(row, outcome)
  }

  #settleRow(row: ReplyRow, outcome: ReplyOutcome): void {
    this.#tables.settle(row, outcome, this.#clock.now())
    this.#moved(row)
  }

  #moved({ box }: ReplyRow): void {
    if (!box.isSending) this.#leases.lift(box.key)
    this.#schedule(box)
  }

  async track(channel: ChannelKey, updates: readonly DeliveryUpdate[]): Promise<readonly TrackResult[]> {
    this.#assertOpen()
    return updates.map((update) => this.#trackOne(channel, update))
  }

  #trackOne(channel: ChannelKey, update: DeliveryUpdate): TrackResult {
    const { replyId, providerId } = update
    const row =
      (replyId === undefined ? undefined : this.#tables.reply(channel, replyId)) ??
      (providerId === undefined ? undefined : this.#tables.named(channel, providerId))
    if (!row) return { status: 'unknown' }
    const before = traceOf(row)
    const after = trackedTrace(before, update)
    if (after.fate !== before.fate) {
      const reason = after.fate === 'dead' ? failureOf(update) : ''
      this.#tables.end(row, { fate: after.fate, reason, nowMs: this.#clock.now() })
      this.#moved(row)
    }
    row.delivery = after.delivery
    this.#tables.name(row, after.providerId)
    if (!isStep(before, after)) return { status: 'unchanged' }
    const { id, inReplyTo } = row.content
    return { status: 'changed', conversation: row.box.key, replyId: id, inReplyTo }
  }

  async renew(lease: Lease, options: { readonly nowMs: number; readonly leaseMs: number }): Promise<Lease> {
    this.#assertOpen()
    const renewed = this.#leases.renew(lease, options)
    this.#schedule(this.#tables.boxOrNew(lease.conversation))
    return renewed
  }

  async release(lease: Lease): Promise<{ readonly dueAtMs?: number; readonly turnAtMs?: number }> {
    this.#assertOpen()
    this.#leases.release(lease)
    const box = this.#tables.boxOrNew(lease.conversation)
    this.#schedule(box)
    return { ...dueOf(box), ...box.turnBesideReplies }
  }

  async answers(conversation: ConversationKey, messageIds: readonly string[]): Promise<Answers> {
    this.#assertOpen()
    const handoff = this.#tables.box(conversation)?.flags.handoff
    const messages = messageIds.map((id): MessageAnswer => {
      const row = this.#tables.message(conversation, id)
      if (!row) return { id, status: 'unknown', replies: [] }
      return { id, status: answerStatus(row.fate), replies: this.#tables.repliesTo(row.box, id) }
    })
    return { ...(handoff && { handoff }), messages }
  }

  async enqueue(conversation: ConversationKey, replies: readonly NewReply[]): Promise<ConversationKey> {
    this.#assertOpen()
    const drafts = draftsOf(replies)
    const box = this.#tables.boxOrNew(conversation)
    for (const draft of drafts) this.#tables.addReply(box, draft, this.#clock.now())
    this.#schedule(box)
    return box.key
  }

  async control(conversation: ConversationKey, control: Control): Promise<Flags> {
    this.#assertOpen()
    const box = this.#tables.boxOrNew(conversation)
    box.apply(control)
    return box.flags
  }

  async overdue({ beforeMs, except }: OverdueQuery): Promise<readonly ChannelKey[]> {
    this.#assertOpen()
    const others = new Set(except.map(channelId))
    return this.#due.overdue(beforeMs).flatMap((id) => (others.has(id) ? [] : channelOf(id)))
  }

  readonly deadLetters: DeadLetters = {
    list: async (query = {}) => {
      this.#assertOpen()
      const { tenant, conversation, limit = Number.POSITIVE_INFINITY, skip = 0 } = query
      const box = conversation && this.#tables.box(conversation)
      const wanted = ({ box: its }: Row) =>
        (tenant === undefined || its.key.tenant === tenant) && (!conversation || its === box)
      const rows = [...this.#tables.dead.values()].filter(wanted)
      rows.sort((a, b) => a.endedAtMs - b.endedAtMs || a.content.seq - b.content.seq)
      const end = Math.max(0, rows.length - skip)
      return rows.slice(Math.max(0, end - limit), end).map(toDeadLetter)
    },
    retry: async (id, nowMs) => {
      const row = this.#takeDead(id)
      row.fate = 'pending'
      if (row.kind === 'message') {
        row.content = { ...row.content, attempts: 0, settleAtMs: nowMs, dueByMs: nowMs }
        row.box.restUntilMs = 0
        row.box.addMessage(row.content)
      } else {
        row.content = { ...row.content, status: 'pending', attempts: 0, notBeforeMs: nowMs }
        row.delivery = undefined
        row.box.addReply(row.content)
      }
      this.#schedule(row.box)
      return row.box.key
    },
    discard: async (id) => {
      const row = this.#takeDead(id)
      row.fate = 'discarded'
      row.endedAtMs = this.#clock.now()
    },
  }

  readonly records = recordsIn(this.#records, () => this.#assertOpen())

  #takeDead(id: string): Row {
    this.#assertOpen()
    const row = this.#tables.dead.get(id)
    if (!row) throw letterGone()
    this.#tables.dead.delete(id)
    return row
  }

  async stats(): Promise<StorageStats> {
    this.#assertOpen()
    const boxes = [...this.#tables.boxes.values()]
    const waiting = boxes.flatMap((box) => box.messages)
    const oldest = waiting.reduce((first, { receivedAtMs }) => Math.min(first, receivedAtMs), Number.POSITIVE_INFINITY)
    return {
      pendingMessages: waiting.length,
      pendingReplies: boxes.reduce((sum, box) => sum + box.replies.length, 0),
      deadLetters: this.#tables.dead.size,
      conversations: boxes.length,
      ...(waiting.length > 0 && { oldestPendingAtMs: oldest }),
    }
  }

  async prune(options: { readonly beforeMs: number }): Promise<{ readonly removed: number }> {
    this.#assertOpen()
    return { removed: this.#tables.prune(options.beforeMs) }
  }

  async close(): Promise<void> {
    this.#phase = 'closed'
  }

  #addUsage(key: string, { tokens, costUsd }: Usage): void {
    const before = this.#usage.get(key) ?? { tokens: 0, costUsd: 0 }
    this.#usage.set(key, { tokens: before.tokens + tokens, costUsd: before.costUsd + costUsd })
  }

  /** A leased conversation is due again when its lease ends, if nobody gives it back before. */
  #schedule(box: Box): void {
    const id = conversationId(box.key)
    const due = box.dueAtMs
    this.#due.set(
      channelId(box.key),
      id,
      due === undefined ? undefined : Math.max(due, this.#leases.expiresAtMs(id) ?? 0),
    )
  }

  #assertOpen(): void {
    if (this.#phase !== 'open') throw storageClosed(this.#phase)
  }
}

function draftsOf(replies: readonly NewReply[]): Draft<NewReply>[] {
  return replies.map((content) => ({ content, json: JSON.stringify(content.message) }))
}

function dueOf(box: Box): { readonly dueAtMs?: number } {
  const dueAtMs = box.dueAtMs
  return dueAtMs === undefined ? {} : { dueAtMs }
}

function result(status: AppendResult['status'], box: Box): AppendResult {
  return { status, conversation: box.key, ...dueOf(box) }
}
