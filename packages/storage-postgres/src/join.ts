import { mergeFlags, mergeStates } from '@wa-agent/core/mailbox'
import type { Mailbox, Mailboxes } from './mailboxes.ts'

interface Content {
  readonly hasMail: boolean
  readonly isSending: boolean
  readonly state: string | null
}

/**
 * Two conversations, both locked, turned out to be one person's: everything of the younger goes to the older. The leases of
 * both follow the same rule as in `LeaseTable.join`: a turn of the younger is lost; one of the older is lost where it has not
 * seen what is added; and where a former holder may still be sending, nobody gets the conversation until that lease ends.
 */
export async function join(mailboxes: Mailboxes, older: Mailbox, younger: Mailbox): Promise<Mailbox> {
  const { runner } = mailboxes
  const mine = await contentOf(mailboxes, older)
  const theirs = await contentOf(mailboxes, younger)
  const state = theirs.state === null ? undefined : mergeStates(parsed(mine.state), parsed(theirs.state))
  const flags = mergeFlags(older.flags, younger.flags)
  await runner.query(
    `UPDATE conversations AS c SET in_from = least(c.in_from, y.in_from), out_from = least(c.out_from, y.out_from),
       rest_until = greatest(c.rest_until, y.rest_until)
     FROM conversations AS y WHERE c.id = $1 AND y.id = $2`,
    [older.id, younger.id],
  )
  await mailboxes.saveFlags(older.id, flags)
  if (theirs.hasMail || theirs.state !== null) {
    const sending = [mine.isSending ? older : undefined, theirs.isSending ? younger : undefined]
    const untilMs = Math.max(0, ...sending.map((one) => one?.leaseUntil ?? 0))
    await runner.query(
      `UPDATE conversations SET lease_token = nextval('lease_tokens'), lease_until = $2, lease_owner = $3 WHERE id = $1`,
      [older.id, untilMs, untilMs > 0 ? '' : null],
    )
  }
  for (const table of ['inbox', 'outbox', 'dead_letters', 'aliases']) {
    await runner.query(`UPDATE ${table} SET conversation = $1 WHERE conversation = $2`, [older.id, younger.id])
  }
  await runner.query('DELETE FROM states WHERE conversation = $1', [younger.id])
  await runner.query('DELETE FROM conversations WHERE id = $1', [younger.id])
  if (state !== undefined) await saveState(mailboxes, older, JSON.stringify(state))
  return { ...older, flags }
}

/** The state of a conversation, from now on. */
export async function saveState({ runner }: Mailboxes, { id, channel }: Mailbox, state: string): Promise<void> {
  await runner.query(
    `INSERT INTO states (conversation, channel, state) VALUES ($1, $2, $3)
     ON CONFLICT (conversation) DO UPDATE SET state = excluded.state`,
    [id, channel, state],
  )
}

async function contentOf({ runner }: Mailboxes, { id }: Mailbox): Promise<Content> {
  const [row] = await runner.query(
    `SELECT
       EXISTS (SELECT FROM inbox AS i WHERE i.conversation = c.id AND i.seq >= c.in_from AND i.status = 0)
         OR EXISTS (SELECT FROM outbox AS o WHERE o.conversation = c.id AND o.seq >= c.out_from AND o.status < 2),
       EXISTS (SELECT FROM outbox AS o WHERE o.conversation = c.id AND o.seq >= c.out_from AND o.status = 1),
       (SELECT s.state FROM states AS s WHERE s.conversation = c.id)
     FROM conversations AS c WHERE c.id = $1`,
    [id],
  )
  return { hasMail: row?.[0] === 't', isSending: row?.[1] === 't', state: row?.[2] ?? null }
}

function parsed(state: string | null): unknown {
  return state === null ? undefined : JSON.parse(state)
}
