import type { StorageStats } from '@wa-agent/core'
import type { Parts } from './parts.ts'
import { numberOf } from './rows.ts'

/** So many pages of a table are looked through in one transaction: a few milliseconds. */
const pagesPerBatch = 128

interface Prunable {
  readonly table: 'inbox' | 'outbox'
  readonly kind: 'm' | 'r'
  /** What is over. The dead are letters, and stay. */
  readonly finished: string
  readonly cameAt: string
}

const prunables: readonly Prunable[] = [
  { table: 'inbox', kind: 'm', finished: 'status IN (1, 3)', cameAt: 'received_at' },
  { table: 'outbox', kind: 'r', finished: 'status IN (2, 5, 6)', cameAt: 'created_at' },
]

/** How much is waiting. Only what is unfinished is looked at; conversations are counted. */
export async function statsOf({ database }: Parts): Promise<StorageStats> {
  const s = database.schema
  const [row] = await database.query(
    `WITH unfinished AS MATERIALIZED (
       SELECT c.id, c.in_from, c.out_from FROM ${s}.conversations AS c WHERE c.due_at IS NOT NULL
     ), waiting AS (
       SELECT count(*) AS messages, min(i.received_at) AS oldest FROM unfinished AS u
       JOIN ${s}.inbox AS i ON i.conversation = u.id AND i.seq >= u.in_from AND i.status = 0
     )
     SELECT w.messages,
       (SELECT count(*) FROM unfinished AS u
         JOIN ${s}.outbox AS o ON o.conversation = u.id AND o.seq >= u.out_from AND o.status < 2),
       (SELECT count(*) FROM ${s}.dead_letters), (SELECT count(*) FROM ${s}.conversations), w.oldest
     FROM waiting AS w`,
  )
  const [messages, replies, letters, conversations, oldest] = row ?? []
  const oldestPendingAtMs = numberOf(oldest)
  return {
    pendingMessages: Number(messages),
    pendingReplies: Number(replies),
    deadLetters: Number(letters),
    conversations: Number(conversations),
    ...(oldestPendingAtMs !== undefined && { oldestPendingAtMs }),
  }
}

/** Forgets what was finished before, or moves it to the archive: a few pages at a time, each in a transaction of its own. */
export async function prune(parts: Parts, beforeMs: number): Promise<number> {
  let removed = 0
  for (const prunable of prunables) {
    const pages = await pagesOf(parts, prunable)
    for (let from = 0; from < pages; from += pagesPerBatch) {
      removed += await pruneBatch(parts, { ...prunable, from, beforeMs })
    }
  }
  return removed
}

async function pagesOf({ database }: Parts, { table }: Prunable): Promise<number> {
  const text = `SELECT pg_relation_size($1::regclass) / current_setting('block_size')::bigint`
  const [row] = await database.query(text, [`${database.schema}.${table}`])
  return Number(row?.[0] ?? 0)
}

/** In the order in which the rows lie on the disk: an index by the time of ending would cost every message. */
async function pruneBatch(
  { database, settings }: Parts,
  { table, kind, finished, cameAt, from, beforeMs }: Prunable & { readonly from: number; readonly beforeMs: number },
): Promise<number> {
  const s = database.schema
  const forgetsNames = table === 'outbox'
  const names = `, names AS (
    DELETE FROM ${s}.provider_ids AS k USING removed AS r
    WHERE k.channel = r.channel AND k.provider_id = r.provider_id AND k.reply_id = r.id)`
  const archived = `, archived AS (
    INSERT INTO ${s}.archive (kind, tenant, channel, chat, seq, status, at_ms, ended_at_ms, id, message)
    SELECT '${kind}', h.tenant, h.channel, c.chat, r.seq, r.status, r.${cameAt}, r.ended_at, r.id, r.message
    FROM removed AS r JOIN ${s}.channels AS h ON h.id = r.channel
    LEFT JOIN ${s}.conversations AS c ON c.id = r.conversation)`
  const [row] = await database.query(
    `WITH removed AS (
       DELETE FROM ${s}.${table} WHERE ctid >= $1::tid AND ctid < $2::tid AND ${finished} AND ended_at < $3 RETURNING *
     )${forgetsNames ? names : ''}${settings.pruned === 'archive' ? archived : ''}
     SELECT count(*) FROM removed`,
    [`(${from},0)`, `(${from + pagesPerBatch},0)`, beforeMs],
  )
  return Number(row?.[0] ?? 0)
}
