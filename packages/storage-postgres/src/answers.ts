import type { Answers, ConversationKey, GivenReply, Handoff, MessageAnswer } from '@wa-agent/core'
import { answerStatus } from '@wa-agent/core/mailbox'
import type { Row } from './database.ts'
import type { Parts } from './parts.ts'
import { arrayOf, decodeText, encodeText } from './text.ts'

const statuses = ['pending', 'done', 'dead', 'discarded'] as const

/** What became of messages, and whether a person has the conversation. One statement, so it is one moment. */
export async function answersOf(
  { database, channels }: Parts,
  conversation: ConversationKey,
  ids: readonly string[],
): Promise<Answers> {
  const channel = (await channels.find(conversation)) ?? -1
  const s = database.schema
  // A reply is later than what it answers, so only what came since is looked at.
  const rows = await database.query(
    `SELECT 0, c.handoff, NULL, NULL, NULL FROM ${s}.aliases AS a JOIN ${s}.conversations AS c ON c.id = a.conversation
       WHERE a.channel = $1 AND a.id = $2
     UNION ALL
     SELECT m.n, i.status::text, o.id, o.in_reply_to, o.message
       FROM unnest($3::text[]) WITH ORDINALITY AS m (id, n)
       JOIN ${s}.inbox AS i ON i.channel = $1 AND i.id = m.id
       LEFT JOIN LATERAL (
         SELECT r.seq, r.id, r.in_reply_to, r.message FROM ${s}.outbox AS r
         WHERE r.conversation = i.conversation AND r.seq > i.seq AND r.status IN (0, 1, 2)
         ORDER BY r.seq) AS o ON true`,
    [channel, encodeText(conversation.chat), arrayOf(ids.map(encodeText))],
  )
  const handoff = rows.find(([n]) => n === '0')?.[1]
  return {
    ...(typeof handoff === 'string' && { handoff: JSON.parse(handoff) as Handoff }),
    messages: ids.map((id, index) => answerOf(id, ofMessage(rows, index + 1))),
  }
}

function ofMessage(rows: readonly Row[], n: number): Row[] {
  return rows.filter((row) => row[0] === String(n))
}

function answerOf(id: string, rows: readonly Row[]): MessageAnswer {
  const [first] = rows
  if (!first) return { id, status: 'unknown', replies: [] }
  const replies: GivenReply[] = []
  for (const [, , replyId, inReplyTo, message] of rows) {
    if (typeof replyId !== 'string' || !(JSON.parse(inReplyTo as string) as string[]).includes(id)) continue
    replies.push({ id: decodeText(replyId), message: JSON.parse(message as string) })
  }
  return { id, status: answerStatus(statuses[Number(first[1])] ?? 'discarded'), replies }
}
