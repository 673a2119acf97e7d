import type { ConversationKey } from '@wa-agent/core'
import { applyInbound, Mailbox, type ReplyDelivery, type ReplyFate } from '@wa-agent/core/mailbox'

/** The mailbox of a conversation that has a row. */
export class Box extends Mailbox {
  readonly id: number
  readonly channel: number
  /** All mail of the conversation has a greater seq. */
  since: number
  /** What the row says of when the customer last wrote; the flags may know of later. */
  savedInboundAtMs: number | undefined

  constructor(row: BoxRow, key: ConversationKey) {
    super(key)
    this.id = row.id
    this.channel = row.channel
    this.since = row.since
    this.savedInboundAtMs = row.lastInboundAtMs
    this.flags = applyInbound(this.flags, row.lastInboundAtMs)
  }
}

interface BoxRow {
  readonly id: number
  readonly channel: number
  readonly since: number
  readonly lastInboundAtMs?: number | undefined
}

/** What `inbox.status` says. */
export const messageStatus = { pending: 0, done: 1, dead: 2, discarded: 3 } as const

/** What `outbox.status` says, by number. */
export const replyFates: readonly ReplyFate[] = [
  'pending',
  'sending',
  'sent',
  'dead',
  'held',
  'suppressed',
  'discarded',
]

/** The number of a fate in `outbox.status`. */
export function replyStatus(fate: ReplyFate): number {
  return replyFates.indexOf(fate)
}

/** What `outbox.delivery` says, by number. */
export const replyDeliveries: readonly (ReplyDelivery | undefined)[] = [undefined, 'failed', 'delivered', 'read']

/** The number of a delivery in `outbox.delivery`. */
export function deliveryStatus(delivery: ReplyDelivery | undefined): number {
  return replyDeliveries.indexOf(delivery)
}
