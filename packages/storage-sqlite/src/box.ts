import type { ConversationKey } from '@wa-agent/core'
import { Mailbox, type ReplyFate } from '@wa-agent/core/mailbox'

/** The mailbox of a conversation that has a row. */
export class Box extends Mailbox {
  readonly id: number
  readonly channel: number
  /** All mail of the conversation has a greater seq. */
  since: number

  constructor(row: { readonly id: number; readonly channel: number; readonly since: number }, key: ConversationKey) {
    super(key)
    this.id = row.id
    this.channel = row.channel
    this.since = row.since
  }
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
