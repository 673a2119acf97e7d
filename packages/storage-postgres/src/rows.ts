import type { Control, Flags, InboundMessage, ReplyKind, StoredMessage, StoredReply } from '@wa-agent/core'
import type { ReplyDelivery, ReplyFate, ReplyTrace } from '@wa-agent/core/mailbox'
import { decodeText } from './text.ts'

/** A column as the server writes it. */
export type Column = string | null | undefined

/** A number, where there is one. */
export function numberOf(column: Column): number | undefined {
  return column === null || column === undefined ? undefined : Number(column)
}

/** What `outbox.status` says, by number. */
const fates: readonly ReplyFate[] = ['pending', 'sending', 'sent', 'dead', 'held', 'suppressed', 'discarded']

/** The number of a fate in `outbox.status`. */
export function statusOf(fate: ReplyFate): number {
  return fates.indexOf(fate)
}

/** The fate of a number in `outbox.status`. */
export function fateOf(column: Column): ReplyFate {
  return fates[Number(column)] ?? 'discarded'
}

const deliveries: readonly (ReplyDelivery | undefined)[] = [undefined, 'failed', 'delivered', 'read']

/** The number of a delivery in `outbox.delivery`. */
export function deliveryNumberOf(delivery: ReplyDelivery | undefined): number {
  return deliveries.indexOf(delivery)
}

/** The columns that tell what has become of a reply, in the order of `traceOf`. */
export const traceColumns = 'o.status, o.attempts, o.delivery, o.provider_id'

/** What is known of the way of a reply. */
export function traceOf([status, attempts, delivery, providerId]: readonly Column[]): ReplyTrace {
  return {
    fate: fateOf(status),
    attempts: Number(attempts),
    delivery: deliveries[Number(delivery)],
    providerId: typeof providerId === 'string' ? decodeText(providerId) : undefined,
  }
}

/** What a conversation is like beside its mail. */
export function flagsOf(optedOut: boolean, handoff: Column, lastInbound: Column): Flags {
  const lastInboundAtMs = numberOf(lastInbound)
  return {
    optedOut,
    ...(typeof handoff === 'string' && { handoff: JSON.parse(handoff) }),
    ...(lastInboundAtMs !== undefined && { lastInboundAtMs }),
  }
}

/** A pending message as it was claimed: seq, received_at, attempts, -, message, control, trace. */
export function messageOf(row: readonly Column[]): StoredMessage {
  const [seq, receivedAt, attempts, , message, control, trace] = row
  return {
    seq: Number(seq),
    message: JSON.parse(message as string) as InboundMessage,
    receivedAtMs: Number(receivedAt),
    attempts: Number(attempts),
    ...(typeof control === 'string' && { control: JSON.parse(control) as Control }),
    ...(typeof trace === 'string' && { trace: JSON.parse(trace) }),
  }
}

/** An undelivered reply as it was claimed: seq, status, attempts, not_before, message, in_reply_to, kind, id, trace. */
export function replyOf(row: readonly Column[]): StoredReply {
  const [, status, attempts, notBefore, message, inReplyTo, kind, id, trace] = row
  return {
    id: decodeText(id as string),
    kind: kind as ReplyKind,
    message: JSON.parse(message as string),
    inReplyTo: JSON.parse(inReplyTo as string),
    notBeforeMs: Number(notBefore),
    ...(typeof trace === 'string' && { trace: JSON.parse(trace) }),
    status: fateOf(status) === 'sending' ? 'sending' : 'pending',
    attempts: Number(attempts),
  }
}
