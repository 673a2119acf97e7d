import { DatabaseSync } from 'node:sqlite'

/** A message of a customer, as the worker keeps it. */
export interface KeptMessage {
  readonly id: string
  readonly channel: string
  readonly chat: string
  /** 0 pending, 1 done, 2 dead. */
  readonly status: number
}

/** A reply, as the worker keeps it. */
export interface KeptReply {
  readonly seq: number
  readonly id: string
  readonly channel: string
  readonly chat: string
  /** 0 pending, 1 sending, 2 sent, 3 dead, 4 held. */
  readonly status: number
  /** 0 nothing, 1 failed, 2 delivered, 3 read. */
  readonly delivery: number
  readonly providerId: string | null
  readonly inReplyTo: readonly string[]
  readonly message: { readonly text?: string }
}

/** Everything that a worker keeps, read while it runs or after. */
export function readRecords(path: string): { readonly messages: KeptMessage[]; readonly replies: KeptReply[] } {
  using db = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
  const joined =
    'JOIN conversations ON conversations.id = conversation JOIN channels ON channels.id = conversations.channel'
  const messages = db
    .prepare(`SELECT inbox.id, channels.channel, chat, status FROM inbox ${joined} ORDER BY inbox.seq`)
    .all() as unknown as KeptMessage[]
  const replies = db
    .prepare(
      `SELECT seq, outbox.id, channels.channel, chat, status, delivery, provider_id AS providerId,
         in_reply_to AS inReplyTo, outbox.message
       FROM outbox ${joined} ORDER BY seq`,
    )
    .all() as unknown as (Omit<KeptReply, 'inReplyTo' | 'message'> & { inReplyTo: string; message: string })[]
  return {
    messages,
    replies: replies.map((row) => ({
      ...row,
      inReplyTo: JSON.parse(row.inReplyTo),
      message: JSON.parse(row.message),
    })),
  }
}

/** Whether nothing is left to do. */
export function isIdle(path: string): boolean {
  const { messages, replies } = readRecords(path)
  return messages.every(({ status }) => status !== 0) && replies.every(({ status }) => status > 1)
}

/** The messages of customers as they are kept. */
export function inboxOf(path: string): unknown[] {
  using db = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
  const rows = db.prepare('SELECT message FROM inbox').all() as unknown as { readonly message: string }[]
  return rows.map(({ message }) => JSON.parse(message))
}
