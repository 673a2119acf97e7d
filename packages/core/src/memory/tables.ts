import { type ChannelKey, type ConversationKey, conversationId } from '../conversation.ts'
import {
  echoesAmongLast,
  isEchoOf,
  isEchoUnderAnotherId,
  isSaid,
  personIds,
  settledFate,
  wroteAtMs,
} from '../mailbox/rules.ts'
import { namedTrace, type ReplyTrace } from '../mailbox/tracking.ts'
import type { Control, GivenReply, HistoryEntry, NewMessage, NewReply, ReplyOutcome } from '../storage.ts'
import { Box, isFinished, letterId, lineOf, type MessageRow, type ReplyRow, type Row, traceOf } from './rows.ts'

/** Content that was serialised before anything is changed, because serialising can fail. */
export interface Draft<Content> {
  readonly content: Content
  readonly json: string
}

const inChannel = (channel: ChannelKey, id: string) => `${channel.tenant}/${channel.channel}/${id}`

/** The tables of `memoryStorage()` and their indices. */
export class MemoryTables {
  readonly boxes = new Map<string, Box>()
  readonly dead = new Map<string, Row>()
  readonly #aliases = new Map<string, Box>()
  readonly #messages = new Map<string, MessageRow>()
  readonly #replies = new Map<string, ReplyRow>()
  readonly #sent = new Map<string, ReplyRow>()
  #lastSeq = 0

  message(channel: ChannelKey, id: string): MessageRow | undefined {
    return this.#messages.get(inChannel(channel, id))
  }

  reply(channel: ChannelKey, id: string): ReplyRow | undefined {
    return this.#replies.get(inChannel(channel, id))
  }

  box(key: ConversationKey): Box | undefined {
    return this.#aliases.get(inChannel(key, key.chat))
  }

  boxOrNew(key: ConversationKey): Box {
    const known = this.box(key)
    if (known) return known
    const box = new Box(Object.freeze({ tenant: key.tenant, channel: key.channel, chat: key.chat }))
    this.boxes.set(conversationId(box.key), box)
    this.addAliases(box, [key.chat])
    return box
  }

  addAliases(box: Box, ids: readonly string[]): void {
    for (const id of ids) this.#aliases.set(inChannel(box.key, id), box)
  }

  /** The conversations that these ids name, the oldest first. */
  known(channel: ChannelKey, ids: readonly string[]): Box[] {
    const found = new Set<Box>()
    for (const id of ids) {
      const box = this.#aliases.get(inChannel(channel, id))
      if (box) found.add(box)
    }
    // A map keeps the order in which conversations were made.
    return found.size < 2 ? [...found] : [...this.boxes.values()].filter((box) => found.has(box))
  }

  /** Moves everything of `younger` into `older`; its ids name `older` from now on. */
  join(older: Box, younger: Box): void {
    older.absorb(younger)
    for (const row of younger.rows) row.box = older
    older.rows = [...older.rows, ...younger.rows].sort((a, b) => a.content.seq - b.content.seq)
    this.boxes.delete(conversationId(younger.key))
    for (const [alias, box] of this.#aliases) {
      if (box === younger) this.#aliases.set(alias, older)
    }
  }

  addMessage(box: Box, { content: entry, json }: Draft<NewMessage>, control: Control | undefined): void {
    const { message, receivedAtMs, settleAtMs, dueByMs, trace } = entry
    const seq = this.#nextSeq()
    const times = { receivedAtMs, settleAtMs, dueByMs, wroteAtMs: wroteAtMs(entry) }
    const content = {
      seq,
      json,
      ...times,
      attempts: 0,
      control: structuredClone(control),
      trace: trace && { ...trace },
    }
    const row: MessageRow = { kind: 'message', content, box, fate: 'pending', reason: '', endedAtMs: 0 }
    this.#messages.set(inChannel(box.key, message.id), row)
    box.rows.push(row)
    box.addMessage(content)
  }

  /** A message is done or dead; one that is not pending stays as it is. */
  endMessage(box: Box, seq: number, ending: { fate: 'done' | 'dead'; reason: string; nowMs: number }): void {
    const content = box.removeMessage(seq)
    const row = content && box.rows.findLast((candidate) => candidate.content === content)
    if (!row) return
    row.fate = ending.fate
    row.reason = ending.reason
    row.endedAtMs = ending.nowMs
    if (row.fate !== 'dead') return
    row.content.attempts += 1
    this.dead.set(letterId(row), row)
  }

  /** Adds a reply once. */
  addReply(box: Box, draft: Draft<NewReply>, createdAtMs: number): void {
    const { id, kind, inReplyTo, notBeforeMs, trace } = draft.content
    if (this.reply(box.key, id)) return
    const content = {
      seq: this.#nextSeq(),
      id,
      kind,
      json: draft.json,
      inReplyTo: Object.freeze([...inReplyTo]),
      status: 'pending' as const,
      attempts: 0,
      notBeforeMs,
      trace: trace && { ...trace },
    }
    const fresh = { fate: 'pending', reason: '', endedAtMs: 0, delivery: undefined, providerId: undefined } as const
    const row: ReplyRow = { kind: 'reply', content, createdAtMs, box, ...fresh }
    this.#replies.set(inChannel(box.key, id), row)
    box.rows.push(row)
    box.addReply(content)
  }

  beginSending(row: ReplyRow): void {
    row.fate = 'sending'
    row.content.status = 'sending'
    row.content.attempts += 1
  }

  settle(row: ReplyRow, outcome: ReplyOutcome, nowMs: number): void {
    const fate = settledFate(row.fate, outcome.status, row.delivery)
    const reason = 'reason' in outcome ? outcome.reason : ''
    if (!fate) {
      // Whoever tracks it may have heard of it first, without its id.
      if (outcome.status === 'sent') this.name(row, namedTrace(traceOf(row), outcome.providerId).providerId)
    } else if (outcome.status === 'retry') {
      row.fate = fate
      row.reason = reason
      row.content.status = 'pending'
      row.content.notBeforeMs = outcome.notBeforeMs
    } else {
      this.end(row, { fate, reason, nowMs })
      this.name(row, outcome.status === 'sent' ? outcome.providerId : undefined)
    }
  }

  /** What becomes of a reply, also of one that had ended otherwise. */
  end(
    row: ReplyRow,
    ending: { readonly fate: ReplyTrace['fate']; readonly reason: string; readonly nowMs: number },
  ): void {
    row.fate = ending.fate
    row.reason = ending.reason
    row.endedAtMs = ending.nowMs
    row.box.removeReply(row.content.seq)
    if (row.fate === 'dead' || row.fate === 'held') this.dead.set(letterId(row), row)
    else this.dead.delete(letterId(row))
  }

  /** Our reply is known by this id to the provider, and no longer by another. */
  name(row: ReplyRow, providerId: string | undefined): void {
    if (row.providerId !== undefined) this.#sent.delete(inChannel(row.box.key, row.providerId))
    row.providerId = providerId
    if (providerId !== undefined) this.#sent.set(inChannel(row.box.key, providerId), row)
  }

  /** Our reply that the provider knows by this id. */
  named(channel: ChannelKey, providerId: string): ReplyRow | undefined {
    return this.#sent.get(inChannel(channel, providerId))
  }

  /** Our reply that this message from our own number may be the echo of, as far as its text tells, and whether that is news. */
  echoed(entry: NewMessage): { readonly row: ReplyRow; readonly isNews: boolean } | undefined {
    const { tenant, channel, message } = entry
    const boxes = this.known({ tenant, channel }, personIds(message))
    const replies = boxes.flatMap(({ rows }) => rows.filter((row) => row.kind === 'reply').slice(-echoesAmongLast))
    // The oldest first: echoes come in the order of sending.
    const proven = replies.find((row) => isEchoOf(message, echoCandidate(row)))
    if (proven) return { row: proven, isNews: true }
    const known = replies.find((row) => isEchoUnderAnotherId(entry, echoCandidate(row)))
    return known && { row: known, isNews: false }
  }

  history(box: Box, limit: number): HistoryEntry[] {
    const entries: HistoryEntry[] = []
    for (let at = box.rows.length - 1; at >= 0 && entries.length < limit; at -= 1) {
      const row = box.rows[at]
      const entry = row && lineOf(row)
      if (entry) entries.push(entry)
    }
    return entries.reverse()
  }

  /** What was said in answer to a message of the conversation, in order. */
  repliesTo(box: Box, messageId: string): GivenReply[] {
    return box.rows.flatMap((row) => {
      if (row.kind !== 'reply' || !isSaid(row.fate) || !row.content.inReplyTo.includes(messageId)) return []
      return { id: row.content.id, message: JSON.parse(row.content.json) }
    })
  }

  /** Removes what ended before; returns how many messages and replies. */
  prune(beforeMs: number): number {
    const isOver = (row: Row) => isFinished(row) && row.endedAtMs < beforeMs
    const sweep = (table: Map<string, Row>) => {
      const before = table.size
      for (const [key, row] of table) {
        if (isOver(row)) table.delete(key)
      }
      return before - table.size
    }
    sweep(this.#sent as Map<string, Row>)
    for (const box of this.boxes.values()) box.rows = box.rows.filter((row) => !isOver(row))
    return sweep(this.#messages as Map<string, Row>) + sweep(this.#replies as Map<string, Row>)
  }

  #nextSeq(): number {
    this.#lastSeq += 1
    return this.#lastSeq
  }
}

function echoCandidate(row: ReplyRow) {
  const { fate: status, providerId, endedAtMs: sentAtMs, content } = row
  return { status, providerId, sentAtMs, attempts: content.attempts, message: JSON.parse(content.json) }
}
