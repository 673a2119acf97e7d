import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ConversationKey, DeadLetter, DeadLetterQuery } from '@wa-agent/core'
import { letterGone } from '@wa-agent/core/mailbox'
import { messageStatus, replyStatus } from './box.ts'
import type { Boxes } from './boxes.ts'
import { type MessageRow, messageColumns, type ReplyRow, replyColumns, toPending, toReply } from './rows.ts'

interface LetterRow {
  readonly kind: 'message' | 'reply'
  readonly seq: number
  readonly uncertain: number
  readonly conversation: number
  readonly message: string
  readonly reason: string | null
  readonly attempts: number
  readonly ended_at: number
}

interface Found {
  readonly kind: 'message' | 'reply'
  readonly seq: number
  readonly conversation: number
}

const letterColumns = 'seq, conversation, message, reason, attempts, ended_at'
const ofTenant = 'channel IN (SELECT id FROM channels WHERE ?1 IS NULL OR tenant = ?1)'

/** What failed for good. */
export class DeadLetterTable {
  readonly #boxes: Boxes
  readonly #list: StatementSync
  readonly #statements: Record<'message' | 'reply', Record<'find' | 'revive' | 'discard', StatementSync>>

  constructor(db: DatabaseSync, boxes: Boxes) {
    this.#boxes = boxes
    this.#list = db.prepare(
      `SELECT 'message' AS kind, 0 AS uncertain, ${letterColumns} FROM inbox INDEXED BY inbox_dead
         WHERE status = 2 AND ${ofTenant} AND (?4 IS NULL OR conversation = ?4)
       UNION ALL
       SELECT 'reply', status = 4, ${letterColumns} FROM outbox INDEXED BY outbox_dead
         WHERE status IN (3, 4) AND ${ofTenant} AND (?4 IS NULL OR conversation = ?4)
       ORDER BY ended_at DESC, seq DESC LIMIT ?2 OFFSET ?3`,
    )
    this.#statements = {
      message: {
        find: db.prepare(`SELECT conversation, ${messageColumns} FROM inbox WHERE seq = ? AND status = 2`),
        revive: db.prepare(
          `UPDATE inbox SET status = ${messageStatus.pending}, attempts = 0, ended_at = NULL, reason = NULL,
             settle_at = ?1, due_by = ?1 WHERE seq = ?2`,
        ),
        discard: db.prepare(`UPDATE inbox SET status = ${messageStatus.discarded}, ended_at = ? WHERE seq = ?`),
      },
      reply: {
        find: db.prepare(`SELECT conversation, ${replyColumns} FROM outbox WHERE seq = ? AND status IN (3, 4)`),
        revive: db.prepare(
          `UPDATE outbox SET status = ${replyStatus('pending')}, attempts = 0, ended_at = NULL, reason = NULL,
             delivery = 0, not_before = ?1 WHERE seq = ?2`,
        ),
        discard: db.prepare(`UPDATE outbox SET status = ${replyStatus('discarded')}, ended_at = ? WHERE seq = ?`),
      },
    }
  }

  /** Newest last; of one conversation where its number is given. */
  list({ tenant, limit = -1, skip = 0 }: DeadLetterQuery, conversation?: number): DeadLetter[] {
    const rows = this.#list.all(tenant ?? null, limit, skip, conversation ?? null) as unknown as LetterRow[]
    return rows.reverse().map((row) => this.#toLetter(row))
  }

  /** Makes it pending again. */
  retry(id: string, nowMs: number): ConversationKey {
    const { kind, seq, conversation } = this.#find(id)
    const { find, revive } = this.#statements[kind]
    // Loaded before the row is pending again: otherwise it would be added twice.
    const box = this.#boxes.get(conversation)
    const row = find.get(seq)
    revive.run(nowMs, seq)
    if (kind === 'message') {
      const message = toPending(row as unknown as MessageRow)
      box.addMessage({ ...message, attempts: 0, settleAtMs: nowMs, dueByMs: nowMs })
      this.#boxes.saveRest(box, 0)
    } else {
      const reply = toReply(row as unknown as ReplyRow)
      box.addReply({ ...reply, status: 'pending', attempts: 0, notBeforeMs: nowMs })
    }
    this.#boxes.schedule(box)
    return box.key
  }

  /** Ends it for good. */
  discard(id: string, nowMs: number): void {
    const { kind, seq } = this.#find(id)
    this.#statements[kind].discard.run(nowMs, seq)
  }

  #find(id: string): Found {
    const [, letter, digits] = /^([mr])(\d{1,15})$/.exec(id) ?? []
    const kind = letter === 'm' ? 'message' : 'reply'
    const row = digits === undefined ? undefined : this.#statements[kind].find.get(Number(digits))
    if (!row) throw letterGone()
    const { seq, conversation } = row as unknown as Found
    return { kind, seq, conversation }
  }

  #toLetter(row: LetterRow): DeadLetter {
    return {
      id: `${row.kind === 'message' ? 'm' : 'r'}${row.seq}`,
      kind: row.kind,
      uncertain: row.uncertain === 1,
      conversation: this.#boxes.get(row.conversation).key,
      message: JSON.parse(row.message),
      reason: row.reason ?? '',
      attempts: row.attempts,
      atMs: row.ended_at,
    }
  }
}
