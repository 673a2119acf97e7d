import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type HistoryEntry, type InboundMessage, type OutboundMessage, textOf } from '@wa-agent/core'
import type { Box } from './box.ts'
import type { Sequence } from './sequence.ts'
import { mailShift, slices } from './slices.ts'

interface LineRow {
  readonly seq: number
  readonly at: number
  readonly message: string
}

interface Line extends LineRow {
  readonly isReply: boolean
}

/** What was said in a conversation. Read only where a pipeline asks for it. */
export class History {
  readonly #sequence: Sequence
  readonly #received: StatementSync
  readonly #said: StatementSync

  constructor(db: DatabaseSync, sequence: Sequence) {
    this.#sequence = sequence
    this.#received = db.prepare(
      `SELECT seq, received_at AS at, message FROM inbox INDEXED BY inbox_of
       WHERE seq >> ${mailShift} = ? AND conversation = ? AND status <> 0 ORDER BY seq DESC LIMIT ?`,
    )
    this.#said = db.prepare(
      `SELECT seq, created_at AS at, message FROM outbox INDEXED BY outbox_of
       WHERE seq >> ${mailShift} = ? AND conversation = ? AND status IN (0, 1, 2) ORDER BY seq DESC LIMIT ?`,
    )
  }

  /** The last lines, oldest first. */
  read(box: Box, limit: number): HistoryEntry[] {
    if (limit <= 0) return []
    const lines: Line[] = []
    for (const slice of slices(this.#sequence, { shift: mailShift, since: box.since })) {
      const received = this.#received.all(slice, box.id, limit) as unknown as LineRow[]
      const said = this.#said.all(slice, box.id, limit) as unknown as LineRow[]
      const found = [
        ...received.map((row) => ({ ...row, isReply: false })),
        ...said.map((row) => ({ ...row, isReply: true })),
      ].sort((a, b) => b.seq - a.seq)
      lines.push(...found.slice(0, limit - lines.length))
      if (lines.length >= limit) break
    }
    return lines.reverse().map(toEntry)
  }
}

function toEntry({ at, message, isReply }: Line): HistoryEntry {
  const parsed: InboundMessage | OutboundMessage = JSON.parse(message)
  const by = isReply ? 'bot' : 'fromMe' in parsed && parsed.fromMe ? 'owner' : 'customer'
  return { by, text: textOf(parsed), atMs: at }
}
