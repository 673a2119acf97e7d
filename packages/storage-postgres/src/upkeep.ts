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

/** How much is counted. Where there is more, the figures say at least how much. */
export interface StatsLimits {
  /** Conversations that have something to do. */
  readonly unfinished: number
  /** Messages, replies and dead letters. */
  readonly mail: number
  /** All conversations; of more the server's own estimate is told. */
  readonly conversations: number
}

const statsLimits: StatsLimits = { unfinished: 20_000, mail: 50_000, conversations: 100_000 }

/** Of each channel so many conversations are asked for the oldest message, however much is counted. */
const mostOverdue = 10

/** How much is waiting. It costs about the same however much that is: it is asked for by whoever watches. */
export async function statsOf({ database }: Pick<Parts, 'database'>, limits = statsLimits): Promise<StorageStats> {
  const text = statsText(database.schema)
  const values = [limits.unfinished, limits.mail, limits.conversations, `${database.schema}.conversations`]
  const [row] = await database.transaction(async (runner) => {
    // Without an end in sight the planner reads and sorts all that is due, to find the first.
    const names = ['enable_seqscan', 'enable_bitmapscan', 'enable_sort', 'jit']
    await runner.query(names.map((name) => `SET LOCAL ${name} = off`).join('; '))
    return runner.query(text, values)
  })
  const [messages, oldest, replies, letters, seen, estimated] = row ?? []
  const oldestPendingAtMs = numberOf(oldest)
  const hasMore = Number(seen) >= limits.conversations
  return {
    pendingMessages: Number(messages),
    pendingReplies: Number(replies),
    deadLetters: Number(letters),
    conversations: hasMore ? Math.max(Number(seen), Number(estimated)) : Number(seen),
    ...(oldestPendingAtMs !== undefined && { oldestPendingAtMs }),
  }
}

function statsText(s: string): string {
  const firstDue = (limit: string) => `
    SELECT c.id, c.in_from, c.out_from FROM ${s}.channels AS h CROSS JOIN LATERAL (
      SELECT x.* FROM ${s}.conversations AS x
      WHERE x.channel = h.id AND x.due_at IS NOT NULL ORDER BY x.due_at LIMIT ${limit}) AS c`
  // The limit within keeps the planner to one look for each conversation, whatever it knows of the tables.
  const mailOf = (conversations: string, { table, from, waits, limit }: Mail) => `
    FROM ${conversations} AS u CROSS JOIN LATERAL (
      SELECT m.* FROM ${s}.${table} AS m WHERE m.conversation = u.id AND m.seq >= u.${from} AND ${waits}
      ORDER BY m.seq LIMIT ${limit}) AS m`
  const inbox = { table: 'inbox', from: 'in_from', waits: 'm.status = 0' }
  const outbox = { table: 'outbox', from: 'out_from', waits: 'm.status < 2', limit: '$2' }
  return `
    WITH unfinished AS MATERIALIZED (${firstDue('$1')} LIMIT $1),
    messages AS MATERIALIZED (SELECT m.received_at ${mailOf('unfinished', { ...inbox, limit: '$2' })} LIMIT $2),
    overdue AS MATERIALIZED (${firstDue(String(mostOverdue))})
    SELECT (SELECT count(*) FROM messages),
      least((SELECT min(received_at) FROM messages),
        (SELECT min(m.received_at) ${mailOf('overdue', { ...inbox, limit: '1' })})),
      (SELECT count(*) FROM (SELECT ${mailOf('unfinished', outbox)} LIMIT $2) AS r),
      (SELECT count(*) FROM (SELECT FROM ${s}.dead_letters LIMIT $2) AS d),
      (SELECT count(*) FROM (SELECT FROM ${s}.conversations LIMIT $3) AS c),
      (SELECT reltuples FROM pg_class WHERE oid = $4::regclass)`
}

interface Mail {
  readonly table: string
  readonly from: string
  readonly waits: string
  readonly limit: string
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
