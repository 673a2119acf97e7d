import type { ConversationKey, Flags, NewReply } from '@wa-agent/core'
import type { ReplyTrace } from '@wa-agent/core/mailbox'
import type { Row, Runner } from './database.ts'
import { changedMeanwhile } from './errors.ts'
import { type Column, deliveryNumberOf, flagsOf, numberOf, statusOf } from './rows.ts'
import { arrayOf, decodeText, encodeText } from './text.ts'

/** A conversation whose row this transaction has locked. */
export interface Mailbox {
  readonly id: number
  readonly channel: number
  readonly chat: string
  readonly leaseUntil: number
  readonly leaseToken: number
  readonly lastCommit: string | undefined
  readonly flags: Flags
}

/** A reply on its way into the outbox. */
export interface ReplyDraft {
  readonly reply: NewReply
  readonly json: string
}

/** When a conversation is due. */
export interface Due {
  readonly dueAtMs?: number
  readonly turnAtMs?: number
}

/** How a reply ends. */
export interface Ending extends Pick<ReplyTrace, 'fate' | 'delivery' | 'providerId'> {
  readonly reason: string | null
  readonly nowMs: number
}

/** A reply and what was known of it. */
export interface FoundReply {
  readonly conversation: number
  readonly seq: number
  readonly channel: number
  readonly id: string
  readonly trace: ReplyTrace
}

const columns = 'id, channel, chat, lease_until, lease_token, last_commit, opted_out, handoff, last_inbound'

/** Conversations, one by one, inside a transaction: for whatever needs the rules of the mailbox. */
export class Mailboxes {
  readonly runner: Runner

  constructor(runner: Runner) {
    this.runner = runner
  }

  /** The conversations that these ids name, without locking them. */
  async named(
    channel: number,
    ids: readonly string[],
  ): Promise<{ readonly known: number[]; readonly fresh: string[] }> {
    const encoded = ids.map(encodeText)
    const rows = await this.runner.query(
      'SELECT id, conversation FROM aliases WHERE channel = $1 AND id = ANY ($2::text[]) ORDER BY conversation',
      [channel, arrayOf(encoded)],
    )
    const found = new Set(rows.map(([id]) => id))
    return {
      known: [...new Set(rows.map(([, conversation]) => Number(conversation)))],
      fresh: ids.filter((_, index) => !found.has(encoded[index] as string)),
    }
  }

  /** Locks them in the order of their age. Throws where one was joined to another meanwhile: the transaction is run again. */
  async lock(ids: readonly number[]): Promise<Mailbox[]> {
    if (ids.length === 0) return []
    const rows = await this.runner.query(
      `SELECT ${columns} FROM conversations WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE`,
      [arrayOf(ids)],
    )
    if (rows.length !== new Set(ids).size) throw changedMeanwhile()
    return rows.map(toMailbox)
  }

  /** The conversation of a chat, locked; `undefined` where there is none. */
  async find(channel: number, chat: string): Promise<Mailbox | undefined> {
    const { known } = await this.named(channel, [chat])
    return (await this.lock(known))[0]
  }

  /** The conversation of a chat, locked, made where there is none. */
  async findOrNew(channel: number, chat: string): Promise<Mailbox> {
    return (await this.find(channel, chat)) ?? this.create(channel, [chat])
  }

  /** Makes a conversation that is known by these ids, its chat first. */
  async create(channel: number, ids: readonly string[]): Promise<Mailbox> {
    const [row] = await this.runner.query(
      `INSERT INTO conversations (channel, chat) VALUES ($1, $2) RETURNING ${columns}`,
      [channel, encodeText(ids[0] as string)],
    )
    const mailbox = toMailbox(row as Row)
    await this.name(mailbox, ids)
    return mailbox
  }

  /** The conversation is known by these ids, too, which nobody had. */
  async name({ id, channel }: Mailbox, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const rows = await this.runner.query(
      `INSERT INTO aliases (channel, id, conversation) SELECT $1, a, $3 FROM unnest($2::text[]) AS a ORDER BY a COLLATE "C"
       ON CONFLICT DO NOTHING RETURNING id`,
      [channel, arrayOf(ids.map(encodeText)), id],
    )
    if (rows.length !== ids.length) throw changedMeanwhile()
  }

  async saveFlags(id: number, { optedOut, handoff, lastInboundAtMs }: Flags): Promise<void> {
    await this.runner.query(
      'UPDATE conversations SET opted_out = $2, handoff = $3, last_inbound = greatest(last_inbound, $4) WHERE id = $1',
      [id, optedOut, handoff ? JSON.stringify(handoff) : null, lastInboundAtMs ?? null],
    )
  }

  /** Adds replies, each once. */
  async addReplies({ id, channel }: Mailbox, drafts: readonly ReplyDraft[], nowMs: number): Promise<void> {
    if (drafts.length === 0) return
    const replies = drafts.map(({ reply }) => reply)
    const rows = await this.runner.query(
      `INSERT INTO outbox (conversation, channel, id, kind, not_before, created_at, in_reply_to, message, trace)
       SELECT $1, $2, u.id, u.kind, u.not_before, $3, u.in_reply_to, u.message, u.trace FROM (
         SELECT * FROM unnest($4::text[], $5::text[], $6::float8[], $7::text[], $8::text[], $9::text[])
           WITH ORDINALITY AS r (id, kind, not_before, in_reply_to, message, trace, n) ORDER BY r.n) AS u
       ON CONFLICT (channel, id) DO NOTHING RETURNING seq`,
      [
        id,
        channel,
        nowMs,
        arrayOf(replies.map((reply) => encodeText(reply.id))),
        arrayOf(replies.map(({ kind }) => kind)),
        arrayOf(replies.map(({ notBeforeMs }) => notBeforeMs)),
        arrayOf(replies.map(({ inReplyTo }) => JSON.stringify(inReplyTo))),
        arrayOf(drafts.map(({ json }) => json)),
        arrayOf(replies.map(({ trace }) => (trace ? JSON.stringify(trace) : null))),
      ],
    )
    if (rows.length > 0) await this.reopen(id, 'out_from', Math.min(...rows.map(([seq]) => Number(seq))))
  }

  /** Something with this seq waits again, or for the first time. */
  async reopen(id: number, column: 'in_from' | 'out_from', seq: number): Promise<void> {
    await this.runner.query(`UPDATE conversations SET ${column} = least(${column}, $2) WHERE id = $1`, [id, seq])
  }

  /** Recounts what waits in locked conversations; call it after their mail was changed. */
  async refresh(ids: readonly number[]): Promise<Map<number, Due>> {
    const rows = await this.runner.query(`SELECT id, due, turn FROM refresh_conversations($1, '{}')`, [arrayOf(ids)])
    return new Map(rows.map(([id, due, turn]) => [Number(id), dueOf(due, turn)]))
  }

  /** Ends a reply of a locked conversation, also one that had ended otherwise. */
  async endReply({ conversation, seq, channel, id, trace }: FoundReply, ending: Ending): Promise<void> {
    const { fate, delivery, providerId, reason, nowMs } = ending
    await this.runner.query(
      `UPDATE outbox SET status = $3, delivery = $4, ended_at = $5, reason = $6 WHERE conversation = $1 AND seq = $2`,
      [conversation, seq, statusOf(fate), deliveryNumberOf(delivery), nowMs, reason],
    )
    const before = trace.fate === 'dead' || trace.fate === 'held'
    const after = fate === 'dead' || fate === 'held'
    if (before) await this.runner.query('DELETE FROM dead_letters WHERE seq = $1', [seq])
    if (after) {
      await this.runner.query(
        `INSERT INTO dead_letters (seq, kind, conversation, channel, ended_at) VALUES ($1, 'r', $2, $3, $4)`,
        [seq, conversation, channel, nowMs],
      )
    }
    await this.nameReply({ conversation, seq, channel, id, trace }, providerId)
  }

  /** The provider knows a reply by this id and no longer by another. */
  async nameReply(
    { conversation, seq, channel, id, trace }: FoundReply,
    providerId: string | undefined,
  ): Promise<void> {
    if (providerId === trace.providerId) return
    if (trace.providerId !== undefined) {
      await this.runner.query('DELETE FROM provider_ids WHERE channel = $1 AND provider_id = $2 AND reply_id = $3', [
        channel,
        encodeText(trace.providerId),
        encodeText(id),
      ])
    }
    const encoded = providerId === undefined ? null : encodeText(providerId)
    await this.runner.query('UPDATE outbox SET provider_id = $3 WHERE conversation = $1 AND seq = $2', [
      conversation,
      seq,
      encoded,
    ])
    if (encoded === null) return
    await this.runner.query(
      `INSERT INTO provider_ids (channel, provider_id, reply_id) VALUES ($1, $2, $3)
       ON CONFLICT (channel, provider_id) DO UPDATE SET reply_id = excluded.reply_id`,
      [channel, encoded, encodeText(id)],
    )
  }
}

/** When a conversation is due, from the columns that tell it. */
export function dueOf(due: Column, turn?: Column): Due {
  const dueAtMs = numberOf(due)
  const turnAtMs = numberOf(turn)
  return { ...(dueAtMs !== undefined && { dueAtMs }), ...(turnAtMs !== undefined && { turnAtMs }) }
}

/** The conversation as the port names it. */
export function keyOf({ tenant, channel }: { tenant: string; channel: string }, chat: string): ConversationKey {
  return { tenant, channel, chat }
}

function toMailbox(row: Row): Mailbox {
  const [id, channel, chat, leaseUntil, leaseToken, lastCommit, optedOut, handoff, lastInbound] = row
  return {
    id: Number(id),
    channel: Number(channel),
    chat: decodeText(chat as string),
    leaseUntil: Number(leaseUntil),
    leaseToken: Number(leaseToken),
    lastCommit: lastCommit ?? undefined,
    flags: flagsOf(optedOut === 't', handoff, lastInbound),
  }
}
