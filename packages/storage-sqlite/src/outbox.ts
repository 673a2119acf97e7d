import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { InboundMessage, NewReply, ReplyOutcome } from '@wa-agent/core'
import {
  echoesAmongLast,
  isEchoOf,
  type LeaseTable,
  type ReplyFate,
  replyGone,
  settledFate,
} from '@wa-agent/core/mailbox'
import { type Box, replyFates, replyStatus } from './box.ts'
import type { Boxes } from './boxes.ts'
import type { Identities } from './identities.ts'
import { encodeId } from './ids.ts'
import type { Sequence } from './sequence.ts'
import { mailShift, sentShift, slices } from './slices.ts'
import type { Undo } from './undo.ts'

/** A reply on its way into the outbox, serialised outside of the transaction. */
export interface ReplyDraft {
  readonly reply: NewReply
  readonly json: string
}

/** What the outbox works with. */
export interface OutboxParts {
  readonly boxes: Boxes
  readonly identities: Identities
  readonly leases: LeaseTable
  readonly undo: Undo
  readonly sequence: Sequence
  readonly now: () => number
}

interface FateRow {
  readonly seq: number
  readonly conversation: number
  readonly status: number
}

interface SaidRow extends FateRow {
  readonly attempts: number
  readonly provider_id: string | null
  readonly message: string
}

/** Replies from the commit to their end. Everything here runs inside a transaction. */
export class Outbox {
  readonly #parts: OutboxParts
  readonly #statements: ReturnType<typeof prepare>

  constructor(db: DatabaseSync, parts: OutboxParts) {
    this.#parts = parts
    this.#statements = prepare(db)
  }

  /** Adds replies, each once. */
  add(box: Box, drafts: readonly ReplyDraft[], createdAtMs: number): void {
    for (const { reply, json } of drafts) {
      const { id, kind, notBeforeMs } = reply
      const inReplyTo = JSON.stringify(reply.inReplyTo)
      const { next: seq } = this.#parts.sequence
      const { changes } = this.#statements.insert.run(
        seq,
        box.id,
        box.channel,
        encodeId(id),
        kind,
        notBeforeMs,
        createdAtMs,
        inReplyTo,
        json,
      )
      if (changes === 0) continue
      this.#parts.sequence.take()
      const copy = Object.freeze([...reply.inReplyTo])
      box.addReply({ seq, id, kind, json, inReplyTo: copy, status: 'pending', attempts: 0, notBeforeMs })
    }
  }

  /** Throws where the reply is final, or will not be in the outbox after `drafts` were added. */
  assertSendable(box: Box, id: string, drafts: readonly ReplyDraft[]): void {
    if (box.reply(id)) return
    const isNew = drafts.some(({ reply }) => reply.id === id) && !this.#find(box.channel, id)
    if (!isNew) throw replyGone()
  }

  /** An attempt begins. */
  beginSending(box: Box, id: string): void {
    const reply = box.reply(id)
    if (!reply) return
    reply.status = 'sending'
    reply.attempts += 1
    this.#statements.begin.run(reply.attempts, reply.seq)
  }

  /** Records what became of a reply, wherever it is by now. */
  settle(channel: number, settled: { readonly chat: string; readonly id: string }, outcome: ReplyOutcome): void {
    const conversation = this.#parts.identities.find(channel, settled.chat)
    const box = conversation === undefined ? undefined : this.#parts.boxes.get(conversation)
    const reply = box?.reply(settled.id)
    if (box && reply) {
      this.#settleRow(box, { seq: reply.seq, fate: reply.status }, outcome)
      return
    }
    const row = this.#find(channel, settled.id)
    if (row) this.#settleRow(this.#parts.boxes.get(row.conversation), { seq: row.seq, fate: fateOf(row) }, outcome)
  }

  /** The conversation of our reply that a message from our own number is the echo of: it is thereby known to be sent. */
  recognise(channel: number, message: InboundMessage): Box | undefined {
    const sent = this.#findSent(channel, message.id)
    if (sent) return this.#parts.boxes.get(sent.conversation)
    const conversation = this.#parts.identities.find(channel, message.chat)
    if (conversation === undefined) return undefined
    const box = this.#parts.boxes.get(conversation)
    // The oldest first: echoes come in the order of sending.
    const row = this.#last(box).findLast((candidate) => isEchoOf(message, toEchoCandidate(candidate)))
    if (!row) return undefined
    this.#settleRow(box, { seq: row.seq, fate: fateOf(row) }, { status: 'sent' })
    this.#statements.name.run(encodeId(message.id), row.seq)
    return box
  }

  #findSent(channel: number, providerId: string): FateRow | undefined {
    for (const slice of slices(this.#parts.sequence, { shift: sentShift, since: 0 })) {
      const row = this.#statements.findSent.get(slice, encodeId(providerId), channel)
      if (row) return row as unknown as FateRow
    }
    return undefined
  }

  /** The last replies, newest first. */
  #last(box: Box): SaidRow[] {
    const rows: SaidRow[] = []
    for (const slice of slices(this.#parts.sequence, { shift: mailShift, since: box.since })) {
      const found = this.#statements.last.all(slice, box.id, echoesAmongLast - rows.length)
      rows.push(...(found as unknown as SaidRow[]))
      if (rows.length >= echoesAmongLast) break
    }
    return rows
  }

  #find(channel: number, id: string): FateRow | undefined {
    return this.#statements.find.get(encodeId(id), channel) as FateRow | undefined
  }

  #settleRow(box: Box, { seq, fate }: { seq: number; fate: ReplyFate }, outcome: ReplyOutcome): void {
    const next = settledFate(fate, outcome.status)
    if (!next) return
    const reply = box.replies.find((candidate) => candidate.seq === seq)
    if (outcome.status === 'retry') {
      if (reply) Object.assign(reply, { status: 'pending', notBeforeMs: outcome.notBeforeMs })
      this.#statements.retry.run(outcome.notBeforeMs, outcome.reason, seq)
    } else {
      const providerId = outcome.status === 'sent' ? outcome.providerId : undefined
      box.removeReply(seq)
      this.#statements.end.run(
        replyStatus(next),
        this.#parts.now(),
        providerId === undefined ? null : encodeId(providerId),
        'reason' in outcome ? outcome.reason : null,
        seq,
      )
    }
    if (!box.isSending) this.#parts.undo.add(this.#parts.leases.lift(box.key))
    this.#parts.boxes.schedule(box)
  }
}

function fateOf(row: FateRow): ReplyFate {
  return replyFates[row.status] ?? 'discarded'
}

function toEchoCandidate(row: SaidRow) {
  return {
    status: fateOf(row),
    attempts: row.attempts,
    providerId: row.provider_id ?? undefined,
    message: JSON.parse(row.message),
  }
}

function prepare(
  db: DatabaseSync,
): Record<'insert' | 'begin' | 'retry' | 'end' | 'name' | 'find' | 'findSent' | 'last', StatementSync> {
  return {
    insert: db.prepare(
      `INSERT INTO outbox (seq, conversation, channel, id, kind, not_before, created_at, in_reply_to, message)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, channel) DO NOTHING`,
    ),
    begin: db.prepare('UPDATE outbox SET status = 1, attempts = ? WHERE seq = ?'),
    retry: db.prepare('UPDATE outbox SET status = 0, not_before = ?, reason = ? WHERE seq = ?'),
    end: db.prepare('UPDATE outbox SET status = ?, ended_at = ?, provider_id = ?, reason = ? WHERE seq = ?'),
    name: db.prepare('UPDATE outbox SET provider_id = ? WHERE seq = ?'),
    find: db.prepare('SELECT seq, conversation, status FROM outbox WHERE id = ? AND channel = ?'),
    findSent: db.prepare(
      `SELECT seq, conversation, status FROM outbox INDEXED BY outbox_sent
       WHERE seq >> ${sentShift} = ? AND provider_id = ? AND channel = ?`,
    ),
    last: db.prepare(
      `SELECT seq, conversation, status, attempts, provider_id, message FROM outbox INDEXED BY outbox_of
       WHERE seq >> ${mailShift} = ? AND conversation = ? ORDER BY seq DESC LIMIT ?`,
    ),
  }
}
