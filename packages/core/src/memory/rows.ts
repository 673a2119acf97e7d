import type { ChannelKey } from '../conversation.ts'
import { Mailbox } from '../mailbox/mailbox.ts'
import { isSaid, type OutboxReply, type PendingMessage, type ReplyFate } from '../mailbox/rules.ts'
import type { ReplyDelivery, ReplyTrace } from '../mailbox/tracking.ts'
import { type InboundMessage, textOf } from '../message.ts'
import type { DeadLetter, HistoryEntry } from '../storage.ts'

interface RowBase {
  box: Box
  fate: ReplyFate | 'done'
  reason: string
  endedAtMs: number
}

/** A row of the inbox. */
export interface MessageRow extends RowBase {
  readonly kind: 'message'
  content: PendingMessage
}

/** A row of the outbox. */
export interface ReplyRow extends RowBase {
  readonly kind: 'reply'
  fate: ReplyFate
  content: OutboxReply
  readonly createdAtMs: number
  delivery: ReplyDelivery | undefined
  providerId: string | undefined
}

/** What `memoryStorage()` keeps of a message or a reply until it is pruned. */
export type Row = MessageRow | ReplyRow

/** A mailbox with everything that was ever in it, by seq. */
export class Box extends Mailbox {
  rows: Row[] = []
}

/** The key that `channelId` wrote. */
export function channelOf(id: string): ChannelKey {
  const [tenant = '', channel = ''] = id.split('/')
  return { tenant, channel }
}

/** The id of the dead letter that a row is or may become. */
export const letterId = (row: Row): string => `${row.kind === 'message' ? 'm' : 'r'}${row.content.seq}`

/** What is known of the way of a reply. */
export function traceOf({ fate, content, delivery, providerId }: ReplyRow): ReplyTrace {
  return { fate, attempts: content.attempts, delivery, providerId }
}

/** Whether pruning may take it. */
export function isFinished(row: Row): boolean {
  return row.fate === 'done' || row.fate === 'sent' || row.fate === 'suppressed' || row.fate === 'discarded'
}

/** The row as a line of the past, if it is one. */
export function lineOf(row: Row): HistoryEntry | undefined {
  if (row.kind === 'reply') {
    if (!isSaid(row.fate)) return undefined
    return { by: 'bot', text: textOf(JSON.parse(row.content.json)), atMs: row.createdAtMs }
  }
  if (row.fate === 'pending') return undefined
  const message: InboundMessage = JSON.parse(row.content.json)
  return { by: message.fromMe ? 'owner' : 'customer', text: textOf(message), atMs: row.content.receivedAtMs }
}

/** The row as people see it who look at dead letters. */
export function toDeadLetter(row: Row): DeadLetter {
  return {
    id: letterId(row),
    kind: row.kind,
    uncertain: row.fate === 'held',
    conversation: row.box.key,
    message: JSON.parse(row.content.json),
    reason: row.reason,
    attempts: row.content.attempts,
    atMs: row.endedAtMs,
  }
}
