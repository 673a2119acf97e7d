import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type ConversationKey, conversationId } from '@wa-agent/core'
import { DueIndex, type DueQuery, type LeaseTable } from '@wa-agent/core/mailbox'
import { Box } from './box.ts'
import type { Channels } from './channels.ts'
import { decodeId, encodeId } from './ids.ts'
import { LruMap } from './lru-map.ts'
import { type MessageRow, messageColumns, type ReplyRow, replyColumns, toPending, toReply } from './rows.ts'
import type { Sequence } from './sequence.ts'

interface ConversationRow {
  readonly id: number
  readonly channel: number
  readonly chat: string
  readonly since: number
  readonly opted_out: number
  readonly rest_until: number
  readonly handoff: string | null
  readonly state: string | null
  readonly last_inbound: number | null
}

interface UnfinishedRow {
  readonly id: number
  readonly channel: number
  readonly chat: string
  readonly due: number
}

interface Place {
  readonly id: number
  readonly channel: number
}

/** What the conversations work with. */
export interface BoxesParts {
  readonly channels: Channels
  readonly leases: LeaseTable
  readonly sequence: Sequence
  /** How many are kept in memory. */
  readonly limit: number
}

/** How far what is saved of the customer's last message may lag behind: writing it with each would cost a page. */
const inboundLagMs = 5 * 60_000

/** A due time for every conversation with something unfinished, by the rules of `Mailbox`, without loading them. */
const selectUnfinished = `
  WITH work (conversation, due) AS (
    SELECT m.conversation, max(c.rest_until, min(max(m.settle_at), min(m.due_by)))
      FROM inbox m INDEXED BY inbox_pending JOIN conversations c ON c.id = m.conversation
      WHERE m.status = 0 GROUP BY m.conversation
    UNION ALL
    SELECT conversation, CASE status WHEN 1 THEN 0 ELSE not_before END
      FROM (SELECT conversation, status, not_before, min(seq)
        FROM outbox INDEXED BY outbox_undelivered WHERE status < 2 GROUP BY conversation)
  )
  SELECT c.id, c.channel, c.chat, min(work.due) AS due
    FROM work JOIN conversations c ON c.id = work.conversation GROUP BY c.id`

/**
 * Conversations: those used lately as mailboxes in memory, and of all with something unfinished when they are due. What
 * is in memory is written through; after a rollback it is forgotten and read again.
 */
export class Boxes {
  readonly #cache: LruMap<number, Box>
  readonly #due = new DueIndex<number, number>()
  readonly #channels: Channels
  readonly #leases: LeaseTable
  readonly #sequence: Sequence
  readonly #statements: ReturnType<typeof prepare>
  #lastId = 0

  constructor(db: DatabaseSync, parts: BoxesParts) {
    this.#cache = new LruMap(parts.limit)
    this.#channels = parts.channels
    this.#leases = parts.leases
    this.#sequence = parts.sequence
    this.#statements = prepare(db)
  }

  /** Forgets what is in memory and reads again what must be there. */
  reset(): void {
    this.#cache.clear()
    this.#due.clear()
    this.#lastId = (this.#statements.lastId.get() as unknown as { id: number }).id
    for (const row of this.#statements.unfinished.all() as unknown as UnfinishedRow[]) {
      this.#setDue(row, this.#keyOf(row), row.due)
    }
  }

  /** Keeps memory bounded. Not in the middle of an operation, which may still hold a mailbox. */
  trim(): void {
    this.#cache.trim()
  }

  get(id: number): Box {
    const cached = this.#cache.get(id)
    if (cached) return cached
    const row = this.#statements.select.get(id) as unknown as ConversationRow | undefined
    if (!row) throw new Error(`no conversation ${id}`)
    const { channel, since } = row
    const box = new Box({ id, channel, since, lastInboundAtMs: row.last_inbound ?? undefined }, this.#keyOf(row))
    box.apply({ optOut: row.opted_out === 1, handoff: row.handoff ? JSON.parse(row.handoff) : null })
    box.restUntilMs = row.rest_until
    box.state = row.state ?? undefined
    for (const message of this.#statements.pending.all(id) as unknown as MessageRow[])
      box.addMessage(toPending(message))
    for (const reply of this.#statements.undelivered.all(id) as unknown as ReplyRow[]) box.addReply(toReply(reply))
    this.#cache.set(id, box)
    return box
  }

  /** Which conversation this is, without loading its mail. */
  keyAt(id: number): ConversationKey {
    const cached = this.#cache.get(id)
    if (cached) return cached.key
    return this.#keyOf(this.#statements.place.get(id) as unknown as { channel: number; chat: string })
  }

  /** The number that the next conversation will have. */
  get nextId(): number {
    return this.#lastId + 1
  }

  create(channel: number, chat: string): Box {
    const id = this.nextId
    // The message that opens the conversation has its seq already.
    const since = Math.max(0, this.#sequence.last - 1)
    this.#statements.insert.run(id, channel, encodeId(chat), since)
    this.#lastId = id
    const box = new Box({ id, channel, since }, this.#keyOf({ channel, chat }))
    this.#cache.set(id, box)
    return box
  }

  /** Forgets a conversation that was joined to another. */
  remove(box: Box): void {
    this.#statements.remove.run(box.id)
    this.#cache.delete(box.id)
    this.#due.set(box.channel, box.id, undefined)
  }

  saveState(box: Box, state: string): void {
    if (box.state === state) return
    this.#writeState(box, state)
    box.state = state
  }

  #writeState(box: Box, state: string | undefined): void {
    const { lastInboundAtMs } = box.flags
    this.#statements.saveState.run(state ?? null, lastInboundAtMs ?? null, box.id)
    box.savedInboundAtMs = lastInboundAtMs
  }

  /** Saves when the customer last wrote where that was not written with the state and is much later than what is saved. */
  saveInbound(box: Box): void {
    const { lastInboundAtMs = Number.NEGATIVE_INFINITY } = box.flags
    if (lastInboundAtMs - (box.savedInboundAtMs ?? Number.NEGATIVE_INFINITY) > inboundLagMs) {
      this.#statements.saveInbound.run(lastInboundAtMs, box.id)
      box.savedInboundAtMs = lastInboundAtMs
    }
  }

  saveRest(box: Box, restUntilMs: number): void {
    if (box.restUntilMs === restUntilMs) return
    this.#statements.saveRest.run(restUntilMs, box.id)
    box.restUntilMs = restUntilMs
  }

  saveFlags({ id, flags }: Box): void {
    const handoff = flags.handoff ? JSON.stringify(flags.handoff) : null
    this.#statements.saveFlags.run(flags.optedOut ? 1 : 0, handoff, id)
  }

  /** Everything of a mailbox that took over another. */
  saveAll(box: Box): void {
    this.saveFlags(box)
    this.#writeState(box, box.state)
    this.#statements.saveRest.run(box.restUntilMs, box.id)
    this.#statements.saveSince.run(box.since, box.id)
  }

  /** Notes when the conversation wants to be worked on; call it whenever its mail or its lease has changed. */
  schedule(box: Box): void {
    this.#setDue(box, box.key, box.dueAtMs)
  }

  /** The numbers of conversations that are due and free, the most overdue first. */
  due(nowMs: number, query: DueQuery<number, number>): number[] {
    return this.#due.due(nowMs, query)
  }

  /** The numbers of channels with something that was due before and that nobody works on. */
  overdue(beforeMs: number): number[] {
    return this.#due.overdue(beforeMs)
  }

  /** A leased conversation is due again when its lease ends, if nobody gives it back before. */
  #setDue({ id, channel }: Place, key: ConversationKey, dueAtMs: number | undefined): void {
    const expiresAtMs = dueAtMs === undefined ? 0 : (this.#leases.expiresAtMs(conversationId(key)) ?? 0)
    this.#due.set(channel, id, dueAtMs === undefined ? undefined : Math.max(dueAtMs, expiresAtMs))
  }

  #keyOf(row: { readonly channel: number; readonly chat: string }): ConversationKey {
    const { tenant, channel } = this.#channels.keyOf(row.channel)
    return Object.freeze({ tenant, channel, chat: decodeId(row.chat) })
  }
}

function prepare(
  db: DatabaseSync,
): Record<
  | 'select'
  | 'place'
  | 'pending'
  | 'undelivered'
  | 'unfinished'
  | 'lastId'
  | 'insert'
  | 'remove'
  | 'saveState'
  | 'saveInbound'
  | 'saveRest'
  | 'saveSince'
  | 'saveFlags',
  StatementSync
> {
  return {
    select: db.prepare('SELECT * FROM conversations WHERE id = ?'),
    place: db.prepare('SELECT channel, chat FROM conversations WHERE id = ?'),
    pending: db.prepare(
      `SELECT ${messageColumns} FROM inbox INDEXED BY inbox_pending WHERE conversation = ? AND status = 0 ORDER BY seq`,
    ),
    undelivered: db.prepare(
      `SELECT ${replyColumns} FROM outbox INDEXED BY outbox_undelivered WHERE conversation = ? AND status < 2 ORDER BY seq`,
    ),
    unfinished: db.prepare(selectUnfinished),
    lastId: db.prepare('SELECT coalesce(max(id), 0) AS id FROM conversations'),
    insert: db.prepare('INSERT INTO conversations (id, channel, chat, since) VALUES (?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM conversations WHERE id = ?'),
    saveState: db.prepare('UPDATE conversations SET state = ?, last_inbound = ? WHERE id = ?'),
    saveInbound: db.prepare('UPDATE conversations SET last_inbound = ? WHERE id = ?'),
    saveRest: db.prepare('UPDATE conversations SET rest_until = ? WHERE id = ?'),
    saveSince: db.prepare('UPDATE conversations SET since = ? WHERE id = ?'),
    saveFlags: db.prepare('UPDATE conversations SET opted_out = ?, handoff = ? WHERE id = ?'),
  }
}
