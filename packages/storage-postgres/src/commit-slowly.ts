import type { Change, Flags, Lease } from '@wa-agent/core'
import { applyControl, replyGone } from '@wa-agent/core/mailbox'
import type { Runner } from './database.ts'
import { leaseLost } from './errors.ts'
import { saveState } from './join.ts'
import { type Mailbox, Mailboxes, type ReplyDraft } from './mailboxes.ts'
import { arrayOf, encodeText } from './text.ts'

/** A change with its content serialised before anything is asked for. */
export interface PreparedChange {
  /** By which a commit is known that was applied already. */
  readonly id: string
  readonly state: string | undefined
  readonly replies: readonly ReplyDraft[]
  readonly shard: number
}

/** A commit on its own. */
export interface SlowCommit {
  readonly lease: Lease
  readonly change: Change
  readonly prepared: PreparedChange
  readonly channel: number
}

/** Applies all that a turn may change, also orders and failures. Inside a transaction. */
export async function commitSlowly(runner: Runner, { lease, change, prepared, channel }: SlowCommit): Promise<Flags> {
  const mailboxes = new Mailboxes(runner)
  const mailbox = await mailboxes.find(channel, lease.conversation.chat)
  if (!mailbox) throw leaseLost()
  if (mailbox.lastCommit === prepared.id) return mailbox.flags
  if (mailbox.leaseToken !== lease.token || mailbox.leaseUntil <= change.nowMs) throw leaseLost()
  if (change.sending !== undefined) await assertSendable(runner, { mailbox, prepared, id: change.sending })
  await changeMessages(runner, mailbox, change)
  if (prepared.state !== undefined) await saveState(mailboxes, mailbox, prepared.state)
  await mailboxes.addReplies(mailbox, prepared.replies, change.nowMs)
  if (change.sending !== undefined) {
    await runner.query(
      'UPDATE outbox SET status = 1, attempts = attempts + 1 WHERE channel = $1 AND id = $2 AND status < 2',
      [channel, encodeText(change.sending)],
    )
  }
  if (change.usage)
    await addUsage(runner, { tenant: lease.conversation.tenant, shard: prepared.shard, ...change.usage })
  const flags = change.control ? applyControl(mailbox.flags, change.control) : mailbox.flags
  if (change.control) await mailboxes.saveFlags(mailbox.id, flags)
  await runner.query('UPDATE conversations SET last_commit = $2 WHERE id = $1', [mailbox.id, prepared.id])
  await mailboxes.refresh([mailbox.id])
  return flags
}

async function assertSendable(
  runner: Runner,
  { mailbox, prepared, id }: { readonly mailbox: Mailbox; readonly prepared: PreparedChange; readonly id: string },
): Promise<void> {
  const text = 'SELECT status < 2 AND conversation = $3 FROM outbox WHERE channel = $1 AND id = $2'
  const [row] = await runner.query(text, [mailbox.channel, encodeText(id), mailbox.id])
  const isSendable = row ? row[0] === 't' : prepared.replies.some(({ reply }) => reply.id === id)
  if (!isSendable) throw replyGone()
}

async function changeMessages(runner: Runner, mailbox: Mailbox, { nowMs, done, dead, retry }: Change): Promise<void> {
  const { id, channel } = mailbox
  const pending = 'WHERE conversation = $1 AND seq = ANY ($2::bigint[]) AND status = 0'
  if (done?.length) {
    await runner.query(`UPDATE inbox SET status = 1, ended_at = $3 ${pending}`, [id, arrayOf(done), nowMs])
  }
  if (dead?.messages.length) {
    await runner.query(
      `WITH buried AS (
         UPDATE inbox SET status = 2, attempts = attempts + 1, ended_at = $3, reason = $4 ${pending} RETURNING seq)
       INSERT INTO dead_letters (seq, kind, conversation, channel, ended_at) SELECT seq, 'm', $1, $5, $3 FROM buried`,
      [id, arrayOf(dead.messages), nowMs, encodeText(dead.reason), channel],
    )
  }
  if (done?.length || dead?.messages.length) await rest(runner, id, 0)
  if (!retry) return
  const counted = retry.counts === false ? 0 : 1
  await runner.query(`UPDATE inbox SET attempts = attempts + $3, reason = $4 ${pending}`, [
    id,
    arrayOf(retry.messages),
    counted,
    encodeText(retry.reason),
  ])
  await rest(runner, id, retry.atMs)
}

async function rest(runner: Runner, id: number, untilMs: number): Promise<void> {
  await runner.query('UPDATE conversations SET rest_until = $2 WHERE id = $1', [id, untilMs])
}

interface ShardedUsage {
  readonly tenant: string
  readonly day: string
  readonly shard: number
  readonly tokens: number
  readonly costUsd: number
}

async function addUsage(runner: Runner, { tenant, day, shard, tokens, costUsd }: ShardedUsage): Promise<void> {
  await runner.query(
    `INSERT INTO usage AS g (tenant, day, shard, tokens, cost_usd) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (tenant, day, shard)
     DO UPDATE SET tokens = g.tokens + excluded.tokens, cost_usd = g.cost_usd + excluded.cost_usd`,
    [tenant, day, shard, tokens, costUsd],
  )
}
