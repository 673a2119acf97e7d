import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { GivenReply, MessageAnswer } from '@wa-agent/core'
import { answerStatus } from '@wa-agent/core/mailbox'
import { messageStatus } from './box.ts'
import { decodeId, encodeId } from './ids.ts'
import type { Sequence } from './sequence.ts'
import { mailShift, slices } from './slices.ts'

interface AskedRow {
  readonly seq: number
  readonly conversation: number
  readonly status: number
}

interface SaidRow {
  readonly id: string
  readonly in_reply_to: string
  readonly message: string
}

const statusNames = Object.keys(messageStatus) as (keyof typeof messageStatus)[]

/** What became of messages that came in. */
export class AnswerTable {
  readonly #sequence: Sequence
  readonly #asked: StatementSync
  readonly #said: StatementSync

  constructor(db: DatabaseSync, sequence: Sequence) {
    this.#sequence = sequence
    this.#asked = db.prepare('SELECT seq, conversation, status FROM inbox WHERE id = ? AND channel = ?')
    this.#said = db.prepare(
      `SELECT id, in_reply_to, message FROM outbox INDEXED BY outbox_of
       WHERE seq >> ${mailShift} = ? AND conversation = ? AND seq > ? AND status IN (0, 1, 2)
         AND instr(in_reply_to, ?) > 0 ORDER BY seq`,
    )
  }

  /** In the order asked. `channel` is absent where it was never used. */
  read(channel: number | undefined, ids: readonly string[]): MessageAnswer[] {
    return ids.map((id) => {
      const asked = channel === undefined ? undefined : this.#asked.get(encodeId(id), channel)
      if (!asked) return { id, status: 'unknown', replies: [] }
      const row = asked as unknown as AskedRow
      const status = answerStatus(statusNames[row.status] ?? 'discarded')
      return { id, status, replies: this.#repliesTo(id, row) }
    })
  }

  /** A reply is later than what it answers, so only what came since is looked at. */
  #repliesTo(id: string, { seq, conversation }: AskedRow): GivenReply[] {
    const written = JSON.stringify(id)
    const found = [...slices(this.#sequence, { shift: mailShift, since: seq })].reverse().flatMap((slice) => {
      const rows = this.#said.all(slice, conversation, seq, written) as unknown as SaidRow[]
      return rows.filter((row) => (JSON.parse(row.in_reply_to) as string[]).includes(id))
    })
    return found.map((row) => ({ id: decodeId(row.id), message: JSON.parse(row.message) }))
  }
}
