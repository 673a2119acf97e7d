import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { NewMessage, NewReply, ReplyOutcome } from '@wa-agent/core'
import {
  echoesAmongLast,
  isEchoOf,
  isEchoUnderAnotherId,
  type LeaseTable,
  namedTrace,
  personIds,
  type ReplyTrace,
  replyGone,
  settledFate,
} from '@wa-agent/core/mailbox'
import { type Box, deliveryStatus, replyDeliveries, replyFates, replyStatus } from './box.ts'
import type { Boxes } from './boxes.ts'
import type { Identities } from './identities.ts'
import { decodeId, encodeId } from './ids.ts'
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

/** The columns that tell what has become of a reply. */
const traceColumns = 'seq, conversation, status, attempts, delivery, provider_id'

/** A row of `traceColumns`. */
export interface TraceRow {
  readonly seq: number
  readonly conversation: number
  readonly status: number
  readonly attempts: number
  readonly delivery: number
  readonly provider_id: string | null
}

/** What is known of the way of a reply. */
export function traceOf(row: TraceRow): ReplyTrace {
  return {
    fate: replyFates[row.status] ?? 'discarded',
    attempts: row.attempts,
    delivery: replyDeliveries[row.delivery],
    providerId: row.provider_id === null ? undefined : decodeId(row.provider_id),
  }
}

/** A reply of ours and how to answer who asks for it. */
export interface FoundRow extends TraceRow {
  readonly id: string
  readonly in_reply_to: string
}

interface SaidRow extends TraceRow {
  readonly message: string
  readonly ended_at: number | null
}

/** How a reply ends. */
export interface Ending extends Pick<ReplyTrace, 'fate' | 'delivery' | 'providerId'> {
  readonly reason: string | null
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
      const { id, kind, notBeforeMs, trace } = reply
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
        trace ? JSON.stringify(trace) : null,
      )
      if (changes === 0) continue
      this.#parts.sequence.take()
      const copy = Object.freeze([...reply.inReplyTo])
      const carried = { json, inReplyTo: copy, trace: trace && { ...trace } }
      box.addReply({ seq, id, kind, ...carried, status: 'pending', attempts: 0, notBeforeMs })
    }
  }

  /** Throws where the reply is final, or will not be in the outbox after `drafts` were added. */
  assertSendable(box: Box, id: string, drafts: readonly ReplyDraft[]): void {
    if (box.reply(id)) return
    const isNew = drafts.some(({ reply }) => reply.id === id) && !this.find(box.channel, id)
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
      const { seq, status, attempts } = reply
      this.#settleRow(box, { seq, trace: { fate: status, attempts, ...untold } }, outcome)
      return
    }
    const row = this.find(channel, settled.id)
    if (row) this.#settleRow(this.#parts.boxes.get(row.conversation), { seq: row.seq, trace: traceOf(row) }, outcome)
  }

  /** The conversation of our reply that a message from our own number is the echo of: it is thereby known to be sent. */
  recognise(channel: number, entry: NewMessage): Box | undefined {
    const { message } = entry
    const sent = this.findNamed(channel, message.id)
    if (sent) return this.#parts.boxes.get(sent.conversation)
    const { known } = this.#parts.identities.findAll(channel, personIds(message))
    const candidates = known.flatMap((conversation) => {
      const box = this.#parts.boxes.get(conversation)
      // The oldest first: echoes come in the order of sending.
      return this.#last(box)
        .map((row) => ({ ...toEchoCandidate(row), box }))
        .reverse()
    })
    const proven = candidates.find((candidate) => isEchoOf(message, candidate))
    if (!proven) return candidates.find((candidate) => isEchoUnderAnotherId(entry, candidate))?.box
    const { row, box } = proven
    this.#settleRow(box, { seq: row.seq, trace: traceOf(row) }, { status: 'sent' })
    this.name(row.seq, message.id)
    return box
  }

  find(channel: number, id: string): FoundRow | undefined {
    return this.#statements.find.get(encodeId(id), channel) as FoundRow | undefined
  }

  /** Our reply that the provider knows by this id. */
  findNamed(channel: number, providerId: string): FoundRow | undefined {
    for (const slice of slices(this.#parts.sequence, { shift: sentShift, since: 0 })) {
      const row = this.#statements.findNamed.get(slice, encodeId(providerId), channel)
      if (row) return row as unknown as FoundRow
    }
    return undefined
  }

  /** Notes by which id the provider knows a reply. */
  name(seq: number, providerId: string): void {
    this.#statements.name.run(encodeId(providerId), seq)
  }

  /** Notes how far a reply that was sent has come. */
  advance(seq: number, delivery: ReplyTrace['delivery']): void {
    this.#statements.advance.run(deliveryStatus(delivery), seq)
  }

  /** Ends a reply, also one that had ended otherwise. */
  end(box: Box, seq: number, { fate, delivery, providerId, reason }: Ending): void {
    box.removeReply(seq)
    this.#statements.end.run(
      replyStatus(fate),
      deliveryStatus(delivery),
      this.#parts.now(),
      providerId === undefined ? null : encodeId(providerId),
      reason,
      seq,
    )
    this.#moved(box)
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

  #settleRow(box: Box, { seq, trace }: { seq: number; trace: ReplyTrace }, outcome: ReplyOutcome): void {
    const fate = settledFate(trace.fate, outcome.status, trace.delivery)
    const providerId = outcome.status === 'sent' ? outcome.providerId : undefined
    if (!fate) {
      const named = namedTrace(trace, providerId)
      if (named !== trace && named.providerId !== undefined) this.name(seq, named.providerId)
    } else if (outcome.status === 'retry') {
      const reply = box.replies.find((candidate) => candidate.seq === seq)
      if (reply) Object.assign(reply, { status: 'pending', notBeforeMs: outcome.notBeforeMs })
      this.#statements.retry.run(outcome.notBeforeMs, outcome.reason, seq)
      this.#moved(box)
    } else {
      this.end(box, seq, { fate, delivery: undefined, providerId, reason: 'reason' in outcome ? outcome.reason : null })
    }
  }

  /** A reply of the conversation has another fate. */
  #moved(box: Box): void {
    if (!box.isSending) this.#parts.undo.add(this.#parts.leases.lift(box.key))
    this.#parts.boxes.schedule(box)
  }
}

/** What nobody has told of a reply that is undelivered. */
const untold = { delivery: undefined, providerId: undefined }

function toEchoCandidate(row: SaidRow) {
  const { fate: status, attempts, providerId } = traceOf(row)
  return { row, status, attempts, providerId, sentAtMs: row.ended_at ?? undefined, message: JSON.parse(row.message) }
}

function prepare(
  db: DatabaseSync,
): Record<'insert' | 'begin' | 'retry' | 'end' | 'name' | 'advance' | 'find' | 'findNamed' | 'last', StatementSync> {
  return {
    insert: db.prepare(
      `INSERT INTO outbox (seq, conversation, channel, id, kind, not_before, created_at, in_reply_to, message, trace)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, channel) DO NOTHING`,
    ),
    begin: db.prepare('UPDATE outbox SET status = 1, attempts = ? WHERE seq = ?'),
    retry: db.prepare('UPDATE outbox SET status = 0, not_before = ?, reason = ? WHERE seq = ?'),
    end: db.prepare(
      'UPDATE outbox SET status = ?, delivery = ?, ended_at = ?, provider_id = ?, reason = ? WHERE seq = ?',
    ),
    name: db.prepare('UPDATE outbox SET provider_id = ? WHERE seq = ?'),
    advance: db.prepare('UPDATE outbox SET delivery = ? WHERE seq = ?'),
    find: db.prepare(`SELECT ${traceColumns}, id, in_reply_to FROM outbox WHERE id = ? AND channel = ?`),
    findNamed: db.prepare(
      `SELECT ${traceColumns}, id, in_reply_to FROM outbox INDEXED BY outbox_sent
       WHERE seq >> ${sentShift} = ? AND provider_id = ? AND channel = ?`,
    ),
    last: db.prepare(
      `SELECT ${traceColumns}, message, ended_at FROM outbox INDEXED BY outbox_of
       WHERE seq >> ${mailShift} = ? AND conversation = ? ORDER BY seq DESC LIMIT ?`,
    ),
  }
}
