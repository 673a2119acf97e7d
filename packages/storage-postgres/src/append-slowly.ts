import type { AppendResult, ChannelKey, NewMessage } from '@wa-agent/core'
import {
  applyControl,
  applyInbound,
  echoesAmongLast,
  effectiveControl,
  isEchoOf,
  isEchoUnderAnotherId,
  personIds,
  wroteAtMs,
} from '@wa-agent/core/mailbox'
import { changedMeanwhile } from './errors.ts'
import { join } from './join.ts'
import { type Due, type FoundReply, keyOf, type Mailbox, type Mailboxes } from './mailboxes.ts'
import { numberOf, traceColumns, traceOf } from './rows.ts'
import { arrayOf, decodeText, encodeText } from './text.ts'

/** A message on its way in. */
export interface MessageDraft {
  readonly entry: NewMessage
  readonly json: string
  readonly channel: number
}

interface Echoed {
  readonly conversation: number
  /** Absent where it was known already. */
  readonly news?: FoundReply
}

/** Takes a message in by all the rules: orders, echoes, ids of one person. Inside a transaction. */
export async function appendSlowly(mailboxes: Mailboxes, draft: MessageDraft, nowMs: number): Promise<AppendResult> {
  const { entry, channel } = draft
  const known = await conversationOf(mailboxes, channel, entry.message.id)
  if (known !== undefined) return result(mailboxes, entry, { status: 'duplicate', id: known })
  const echoed = entry.message.fromMe ? await findEchoed(mailboxes, draft) : undefined
  if (echoed) {
    if (echoed.news) {
      const providerId = entry.message.id
      await mailboxes.endReply(echoed.news, { fate: 'sent', delivery: undefined, providerId, reason: null, nowMs })
    }
    return result(mailboxes, entry, { status: 'echo', id: echoed.conversation })
  }
  const mailbox = await identify(mailboxes, draft)
  await store(mailboxes, mailbox, draft)
  return result(mailboxes, entry, { status: 'stored', id: mailbox.id })
}

async function conversationOf({ runner }: Mailboxes, channel: number, id: string): Promise<number | undefined> {
  const text = 'SELECT conversation FROM inbox WHERE channel = $1 AND id = $2'
  const [row] = await runner.query(text, [channel, encodeText(id)])
  return numberOf(row?.[0])
}

async function result(
  mailboxes: Mailboxes,
  key: ChannelKey,
  { status, id }: { readonly status: AppendResult['status']; readonly id: number },
): Promise<AppendResult> {
  const [mailbox] = await mailboxes.lock([id])
  if (!mailbox) throw changedMeanwhile()
  const { dueAtMs } = (await mailboxes.refresh([id])).get(id) as Due
  return { status, conversation: keyOf(key, mailbox.chat), ...(dueAtMs !== undefined && { dueAtMs }) }
}

/** The reply that a message from our own number is the echo of. */
async function findEchoed(mailboxes: Mailboxes, { entry, channel }: MessageDraft): Promise<Echoed | undefined> {
  const { runner } = mailboxes
  const [named] = await runner.query(
    `SELECT o.conversation FROM provider_ids AS k JOIN outbox AS o ON o.channel = k.channel AND o.id = k.reply_id
     WHERE k.channel = $1 AND k.provider_id = $2`,
    [channel, encodeText(entry.message.id)],
  )
  if (named) return { conversation: Number(named[0]) }
  const { known } = await mailboxes.named(channel, personIds(entry.message))
  await mailboxes.lock(known)
  const rows = await runner.query(
    `SELECT o.conversation, o.seq, o.id, o.ended_at, o.message, ${traceColumns}
     FROM unnest($1::bigint[]) WITH ORDINALITY AS k (id, n)
     CROSS JOIN LATERAL (
       SELECT * FROM outbox AS r WHERE r.conversation = k.id ORDER BY r.seq DESC LIMIT ${echoesAmongLast}) AS o
     ORDER BY k.n, o.seq`,
    [arrayOf(known)],
  )
  // The oldest first: echoes come in the order of sending.
  const candidates = rows.map(([conversation, seq, id, endedAt, message, ...columns]) => {
    const trace = traceOf(columns)
    return {
      found: { conversation: Number(conversation), seq: Number(seq), channel, id: decodeText(id as string), trace },
      status: trace.fate,
      attempts: trace.attempts,
      providerId: trace.providerId,
      sentAtMs: numberOf(endedAt),
      message: JSON.parse(message as string),
    }
  })
  const proven = candidates.find((candidate) => isEchoOf(entry.message, candidate))
  if (proven) return { conversation: proven.found.conversation, news: proven.found }
  const other = candidates.find((candidate) => isEchoUnderAnotherId(entry, candidate))
  return other && { conversation: other.found.conversation }
}

/** The conversation of the person who wrote, made where there is none, joined where there are several. */
async function identify(mailboxes: Mailboxes, { entry, channel }: MessageDraft): Promise<Mailbox> {
  const ids = personIds(entry.message)
  const { known, fresh } = await mailboxes.named(channel, ids)
  const [oldest, ...others] = await mailboxes.lock(known)
  if (!oldest) return mailboxes.create(channel, ids)
  let mailbox = oldest
  for (const younger of others) mailbox = await join(mailboxes, mailbox, younger)
  await mailboxes.name(mailbox, fresh)
  return mailbox
}

async function store(mailboxes: Mailboxes, mailbox: Mailbox, { entry, json }: MessageDraft): Promise<void> {
  const { message, receivedAtMs, settleAtMs, dueByMs, trace } = entry
  const control = effectiveControl(mailbox.flags, entry.control)
  const [row] = await mailboxes.runner.query(
    `INSERT INTO inbox (conversation, channel, id, received_at, settle_at, due_by, message, control, trace)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (channel, id) DO NOTHING RETURNING seq`,
    [
      mailbox.id,
      mailbox.channel,
      encodeText(message.id),
      receivedAtMs,
      settleAtMs,
      dueByMs,
      json,
      control ? JSON.stringify(control) : null,
      trace ? JSON.stringify(trace) : null,
    ],
  )
  // It came by another way at this moment: now it is a duplicate.
  if (!row) throw changedMeanwhile()
  await mailboxes.reopen(mailbox.id, 'in_from', Number(row[0]))
  const ordered = control ? applyControl(mailbox.flags, control) : mailbox.flags
  await mailboxes.saveFlags(mailbox.id, applyInbound(ordered, wroteAtMs(entry)))
}
