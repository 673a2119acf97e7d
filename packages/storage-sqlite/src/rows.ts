import type { InboundMessage, ReplyKind } from '@wa-agent/core'
import { type OutboxReply, type PendingMessage, wroteAtMs } from '@wa-agent/core/mailbox'
import { replyFates } from './box.ts'
import { decodeId } from './ids.ts'

/** The columns that a pending message is made of. */
export const messageColumns = 'seq, attempts, received_at, settle_at, due_by, message, control, trace'

/** A row of `messageColumns`. */
export interface MessageRow {
  readonly seq: number
  readonly attempts: number
  readonly received_at: number
  readonly settle_at: number
  readonly due_by: number
  readonly message: string
  readonly control: string | null
  readonly trace: string | null
}

export function toPending(row: MessageRow): PendingMessage {
  const message: InboundMessage = JSON.parse(row.message)
  return {
    seq: row.seq,
    json: row.message,
    receivedAtMs: row.received_at,
    settleAtMs: row.settle_at,
    dueByMs: row.due_by,
    attempts: row.attempts,
    control: row.control === null ? undefined : JSON.parse(row.control),
    trace: row.trace === null ? undefined : JSON.parse(row.trace),
    wroteAtMs: wroteAtMs({ message, receivedAtMs: row.received_at }),
  }
}

/** The columns that a reply is made of. */
export const replyColumns = 'seq, id, kind, status, attempts, not_before, in_reply_to, message, trace'

/** A row of `replyColumns`. */
export interface ReplyRow {
  readonly seq: number
  readonly id: string
  readonly kind: ReplyKind
  readonly status: number
  readonly attempts: number
  readonly not_before: number
  readonly in_reply_to: string
  readonly message: string
  readonly trace: string | null
}

export function toReply(row: ReplyRow): OutboxReply {
  return {
    seq: row.seq,
    id: decodeId(row.id),
    kind: row.kind,
    json: row.message,
    inReplyTo: JSON.parse(row.in_reply_to),
    trace: row.trace === null ? undefined : JSON.parse(row.trace),
    status: replyFates[row.status] === 'sending' ? 'sending' : 'pending',
    attempts: row.attempts,
    notBeforeMs: row.not_before,
  }
}
