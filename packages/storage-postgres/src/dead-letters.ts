import type { ConversationKey, DeadLetter, DeadLetterQuery, DeadLetters } from '@wa-agent/core'
import { letterGone } from '@wa-agent/core/mailbox'
import type { Row, Runner } from './database.ts'
import { keyOf, type Mailbox, Mailboxes } from './mailboxes.ts'
import type { Parts } from './parts.ts'
import { decodeText, encodeText } from './text.ts'

interface Letter {
  readonly kind: 'm' | 'r'
  readonly seq: number
  readonly mailbox: Mailbox
}

/** Only done once: whoever does not hear of the end must look again. */
const once = { isRepeatable: false }

/** What failed for good. */
export class DeadLetterTable implements DeadLetters {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async list({ tenant, conversation, limit, skip = 0 }: DeadLetterQuery = {}): Promise<readonly DeadLetter[]> {
    const { database, channels } = this.#parts
    const s = database.schema
    const channel = conversation ? ((await channels.find(conversation)) ?? -1) : null
    const rows = await database.query(
      `SELECT d.kind, d.seq, h.tenant, h.channel, c.chat, d.ended_at,
         coalesce(i.message, o.message), coalesce(i.reason, o.reason), coalesce(i.attempts, o.attempts), o.status = 4
       FROM ${s}.dead_letters AS d
       JOIN ${s}.channels AS h ON h.id = d.channel
       JOIN ${s}.conversations AS c ON c.id = d.conversation
       LEFT JOIN ${s}.inbox AS i ON d.kind = 'm' AND i.conversation = d.conversation AND i.seq = d.seq
       LEFT JOIN ${s}.outbox AS o ON d.kind = 'r' AND o.conversation = d.conversation AND o.seq = d.seq
       WHERE ($1::text IS NULL OR h.tenant = $1)
         AND ($2::integer IS NULL OR d.conversation IN (
           SELECT a.conversation FROM ${s}.aliases AS a WHERE a.channel = $2 AND a.id = $3))
       ORDER BY d.ended_at DESC, d.seq DESC LIMIT $4 OFFSET $5`,
      [tenant ?? null, channel, conversation ? encodeText(conversation.chat) : null, limit ?? null, skip],
    )
    return rows.reverse().map(toLetter)
  }

  async retry(id: string, nowMs: number): Promise<ConversationKey> {
    const key = await this.#change(id, async (mailboxes, { kind, seq, mailbox }) => {
      const again =
        kind === 'm'
          ? 'UPDATE inbox SET status = 0, attempts = 0, ended_at = NULL, reason = NULL, settle_at = $3, due_by = $3'
          : 'UPDATE outbox SET status = 0, attempts = 0, ended_at = NULL, reason = NULL, delivery = 0, not_before = $3'
      await mailboxes.runner.query(`${again} WHERE conversation = $1 AND seq = $2`, [mailbox.id, seq, nowMs])
      await mailboxes.reopen(mailbox.id, kind === 'm' ? 'in_from' : 'out_from', seq)
      if (kind !== 'm') return
      await mailboxes.runner.query('UPDATE conversations SET rest_until = 0 WHERE id = $1', [mailbox.id])
    })
    this.#parts.doorbell.ring()
    return key
  }

  async discard(id: string): Promise<void> {
    const nowMs = this.#parts.settings.clock.now()
    await this.#change(id, async ({ runner }, { kind, seq, mailbox }) => {
      const end = kind === 'm' ? 'UPDATE inbox SET status = 3' : 'UPDATE outbox SET status = 6'
      await runner.query(`${end}, ended_at = $3 WHERE conversation = $1 AND seq = $2`, [mailbox.id, seq, nowMs])
    })
  }

  async #change(id: string, change: (mailboxes: Mailboxes, letter: Letter) => Promise<void>): Promise<ConversationKey> {
    return this.#parts.database.transaction(async (runner) => {
      const mailboxes = new Mailboxes(runner)
      const letter = await take(mailboxes, id)
      await change(mailboxes, letter)
      await mailboxes.refresh([letter.mailbox.id])
      return keyOf(await channelOf(runner, letter.mailbox.channel), letter.mailbox.chat)
    }, once)
  }
}

/** The letter is one no more. */
async function take(mailboxes: Mailboxes, id: string): Promise<Letter> {
  const [, kind, digits] = /^([mr])(\d{1,15})$/.exec(id) ?? []
  if (kind === undefined || digits === undefined) throw letterGone()
  const values = [digits, kind]
  const [seen] = await mailboxes.runner.query(
    'SELECT conversation FROM dead_letters WHERE seq = $1 AND kind = $2',
    values,
  )
  const [mailbox] = await mailboxes.lock(seen ? [Number(seen[0])] : [])
  const text = 'DELETE FROM dead_letters WHERE seq = $1 AND kind = $2 RETURNING seq'
  const taken = mailbox ? await mailboxes.runner.query(text, values) : []
  if (!mailbox || taken.length === 0) throw letterGone()
  return { kind: kind as Letter['kind'], seq: Number(digits), mailbox }
}

async function channelOf(runner: Runner, id: number): Promise<{ tenant: string; channel: string }> {
  const [row] = await runner.query('SELECT tenant, channel FROM channels WHERE id = $1', [id])
  return { tenant: row?.[0] ?? '', channel: row?.[1] ?? '' }
}

function toLetter(row: Row): DeadLetter {
  const [kind, seq, tenant, channel, chat, endedAt, message, reason, attempts, uncertain] = row
  return {
    id: `${kind}${seq}`,
    kind: kind === 'm' ? 'message' : 'reply',
    uncertain: uncertain === 't',
    conversation: { tenant: tenant as string, channel: channel as string, chat: decodeText(chat as string) },
    message: JSON.parse(message as string),
    reason: decodeText(reason ?? ''),
    attempts: Number(attempts),
    atMs: Number(endedAt),
  }
}
