import type { ChannelKey, DeliveryUpdate, TrackResult } from '@wa-agent/core'
import { failureOf, isStep, type ReplyTrace, trackedTrace } from '@wa-agent/core/mailbox'
import type { Runner } from './database.ts'
import { changedMeanwhile } from './errors.ts'
import { Lane, type Outcome } from './lane.ts'
import { type FoundReply, keyOf, Mailboxes } from './mailboxes.ts'
import type { Parts } from './parts.ts'
import { deliveryNumberOf, statusOf, traceColumns, traceOf } from './rows.ts'
import { arrayOf, decodeText, encodeText } from './text.ts'

interface Call {
  readonly key: ChannelKey
  readonly updates: readonly DeliveryUpdate[]
}

interface Tracked {
  readonly found: FoundReply
  readonly chat: string
  readonly inReplyTo: string
  trace: ReplyTrace
  reason: string | null
}

/** What a batch of updates is about: replies by our id and by the provider's, as they are after the updates before. */
interface Known {
  readonly byId: Map<string, Tracked>
  readonly byName: Map<string, Tracked>
}

const idKey = (channel: number, id: string) => `${channel}/${id}`

/** What providers tell about replies: many updates read and write their replies at once, the rules are applied in between. */
export class Tracking {
  readonly #parts: Parts
  readonly #lane: Lane<Call, readonly TrackResult[]>

  constructor(parts: Parts) {
    this.#parts = parts
    this.#lane = new Lane({ run: (calls) => this.#run(calls), maxItems: 200, maxBytes: 1_000 })
  }

  async track(key: ChannelKey, updates: readonly DeliveryUpdate[]): Promise<readonly TrackResult[]> {
    return updates.length === 0 ? [] : this.#lane.submit({ key, updates }, updates.length)
  }

  drained(): Promise<void> {
    return this.#lane.drained()
  }

  async #run(calls: readonly Call[]): Promise<Outcome<readonly TrackResult[]>[]> {
    const { channels, database, settings } = this.#parts
    const numbers = await channels.findAll(calls.map(({ key }) => key))
    return database.transaction(async (runner) => {
      const mailboxes = new Mailboxes(runner)
      const known = await find(mailboxes, calls, numbers)
      const before = new Map([...known.byId].map(([key, { trace }]) => [key, trace]))
      const outcomes = calls.map(({ key, updates }, index) => ({
        value: updates.map((update) => apply(known, { key, update, channel: numbers[index] as number })),
      }))
      const changed = [...known.byId].filter(([key, { trace }]) => trace !== before.get(key))
      const tracked = changed.map(([key, one]) => ({ ...one, before: before.get(key) as ReplyTrace }))
      await save(runner, tracked, settings.clock.now())
      const moved = tracked.filter(({ trace, before: old }) => trace.fate !== old.fate)
      if (moved.length > 0) await mailboxes.refresh([...new Set(moved.map(({ found }) => found.conversation))])
      return outcomes
    })
  }
}

async function find(mailboxes: Mailboxes, calls: readonly Call[], numbers: readonly number[]): Promise<Known> {
  const asked = calls.flatMap(({ updates }, index) =>
    updates.map(({ replyId, providerId }) => ({ channel: numbers[index] as number, replyId, providerId })),
  )
  const byOurs = asked.filter(({ replyId }) => replyId !== undefined)
  const byTheirs = asked.filter(({ providerId }) => providerId !== undefined)
  const text = `
    WITH wanted AS (
      SELECT w.channel, w.id FROM unnest($1::integer[], $2::text[]) AS w (channel, id)
      UNION
      SELECT k.channel, k.reply_id FROM unnest($3::integer[], $4::text[]) AS w (channel, id)
      JOIN provider_ids AS k ON k.channel = w.channel AND k.provider_id = w.id)
    SELECT o.conversation, o.seq, o.channel, o.id, c.chat, o.in_reply_to, ${traceColumns}
    FROM wanted AS w JOIN outbox AS o ON o.channel = w.channel AND o.id = w.id
    JOIN conversations AS c ON c.id = o.conversation`
  const values = [
    arrayOf(byOurs.map(({ channel }) => channel)),
    arrayOf(byOurs.map(({ replyId }) => encodeText(replyId as string))),
    arrayOf(byTheirs.map(({ channel }) => channel)),
    arrayOf(byTheirs.map(({ providerId }) => encodeText(providerId as string))),
  ]
  const seen = await mailboxes.runner.query(text, values)
  await mailboxes.lock([...new Set(seen.map(([conversation]) => Number(conversation)))])
  // Again, because what is locked now may have been changed while it was waited for.
  const rows = seen.length === 0 ? [] : await mailboxes.runner.query(text, values)
  if (rows.length !== seen.length) throw changedMeanwhile()
  const known: Known = { byId: new Map(), byName: new Map() }
  for (const [conversation, seq, channel, id, chat, inReplyTo, ...columns] of rows) {
    const place = { conversation: Number(conversation), seq: Number(seq), channel: Number(channel) }
    const found = { ...place, id: decodeText(id as string), trace: traceOf(columns) }
    const told = { chat: decodeText(chat as string), inReplyTo: inReplyTo as string, reason: null }
    const tracked: Tracked = { found, trace: found.trace, ...told }
    known.byId.set(idKey(found.channel, found.id), tracked)
    if (found.trace.providerId !== undefined) known.byName.set(idKey(found.channel, found.trace.providerId), tracked)
  }
  return known
}

function apply(
  known: Known,
  { key, update, channel }: { readonly key: ChannelKey; readonly update: DeliveryUpdate; readonly channel: number },
): TrackResult {
  const { replyId, providerId } = update
  const tracked =
    (replyId === undefined ? undefined : known.byId.get(idKey(channel, replyId))) ??
    (providerId === undefined ? undefined : known.byName.get(idKey(channel, providerId)))
  if (!tracked) return { status: 'unknown' }
  const before = tracked.trace
  const after = trackedTrace(before, update)
  tracked.trace = after
  if (after.fate !== before.fate) tracked.reason = after.fate === 'dead' ? failureOf(update) : null
  if (after.providerId !== before.providerId) {
    if (before.providerId !== undefined) known.byName.delete(idKey(channel, before.providerId))
    if (after.providerId !== undefined) known.byName.set(idKey(channel, after.providerId), tracked)
  }
  if (!isStep(before, after)) return { status: 'unchanged' }
  return {
    status: 'changed',
    conversation: keyOf(key, tracked.chat),
    replyId: tracked.found.id,
    inReplyTo: JSON.parse(tracked.inReplyTo),
  }
}

type Change = Tracked & { readonly before: ReplyTrace }

async function save(runner: Runner, changes: readonly Change[], nowMs: number): Promise<void> {
  if (changes.length === 0) return
  const named = changes.filter(({ trace, before }) => trace.providerId !== before.providerId)
  await runner.query(
    `UPDATE outbox AS o SET status = m.status, delivery = m.delivery, provider_id = m.provider_id,
       ended_at = CASE WHEN m.moved THEN $7 ELSE o.ended_at END, reason = CASE WHEN m.moved THEN m.reason ELSE o.reason END
     FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::smallint[], $5::text[], $6::boolean[], $8::text[])
       AS m (id, seq, status, delivery, provider_id, moved, reason)
     WHERE o.conversation = m.id AND o.seq = m.seq`,
    [
      arrayOf(changes.map(({ found }) => found.conversation)),
      arrayOf(changes.map(({ found }) => found.seq)),
      arrayOf(changes.map(({ trace }) => statusOf(trace.fate))),
      arrayOf(changes.map(({ trace }) => deliveryNumberOf(trace.delivery))),
      arrayOf(changes.map(({ trace }) => (trace.providerId === undefined ? null : encodeText(trace.providerId)))),
      arrayOf(changes.map(({ trace, before }) => trace.fate !== before.fate)),
      nowMs,
      arrayOf(changes.map(({ reason }) => (reason === null ? null : encodeText(reason)))),
    ],
  )
  await saveNames(runner, named)
  await saveLetters(runner, changes, nowMs)
}

async function saveNames(runner: Runner, named: readonly Change[]): Promise<void> {
  if (named.length === 0) return
  const renamed = named.filter(({ before }) => before.providerId !== undefined)
  if (renamed.length > 0) {
    await runner.query(
      `DELETE FROM provider_ids AS k USING unnest($1::integer[], $2::text[], $3::text[]) AS m (channel, name, id)
       WHERE k.channel = m.channel AND k.provider_id = m.name AND k.reply_id = m.id`,
      [
        arrayOf(renamed.map(({ found }) => found.channel)),
        arrayOf(renamed.map(({ before }) => encodeText(before.providerId as string))),
        arrayOf(renamed.map(({ found }) => encodeText(found.id))),
      ],
    )
  }
  const names = new Map(named.map((one) => [idKey(one.found.channel, one.trace.providerId as string), one]))
  const kept = [...names.values()].filter(({ trace }) => trace.providerId !== undefined)
  await runner.query(
    `INSERT INTO provider_ids (channel, provider_id, reply_id)
     SELECT * FROM unnest($1::integer[], $2::text[], $3::text[])
     ON CONFLICT (channel, provider_id) DO UPDATE SET reply_id = excluded.reply_id`,
    [
      arrayOf(kept.map(({ found }) => found.channel)),
      arrayOf(kept.map(({ trace }) => encodeText(trace.providerId as string))),
      arrayOf(kept.map(({ found }) => encodeText(found.id))),
    ],
  )
}

async function saveLetters(runner: Runner, changes: readonly Change[], nowMs: number): Promise<void> {
  const isLetter = ({ fate }: ReplyTrace) => fate === 'dead' || fate === 'held'
  const gone = changes.filter(({ trace, before }) => isLetter(before) && trace.fate !== before.fate)
  const fresh = changes.filter(({ trace, before }) => isLetter(trace) && trace.fate !== before.fate)
  if (gone.length > 0) {
    await runner.query('DELETE FROM dead_letters WHERE seq = ANY ($1::bigint[])', [
      arrayOf(gone.map(({ found }) => found.seq)),
    ])
  }
  if (fresh.length > 0) {
    await runner.query(
      `INSERT INTO dead_letters (seq, kind, conversation, channel, ended_at)
       SELECT m.seq, 'r', m.id, m.channel, $4 FROM unnest($1::bigint[], $2::bigint[], $3::integer[]) AS m (seq, id, channel)`,
      [
        arrayOf(fresh.map(({ found }) => found.seq)),
        arrayOf(fresh.map(({ found }) => found.conversation)),
        arrayOf(fresh.map(({ found }) => found.channel)),
        nowMs,
      ],
    )
  }
}
