import { type ConversationKey, channelId, type ReplyOutcome } from '@wa-agent/core'
import { namedTrace, settledFate } from '@wa-agent/core/mailbox'
import type { Runner } from './database.ts'
import { changedMeanwhile } from './errors.ts'
import { Lane, type Outcome } from './lane.ts'
import { type FoundReply, Mailboxes } from './mailboxes.ts'
import type { Parts } from './parts.ts'
import { statusOf, traceColumns, traceOf } from './rows.ts'
import { arrayOf, encodeText } from './text.ts'

interface Settling {
  readonly conversation: ConversationKey
  readonly id: string
  readonly outcome: ReplyOutcome
}

/** Records what became of replies: many in one statement, those that had ended before by the rules. */
export class Settlements {
  readonly #parts: Parts
  readonly #lane: Lane<Settling, void>

  constructor(parts: Parts) {
    this.#parts = parts
    this.#lane = new Lane({
      run: (settlings) => this.#run(settlings),
      maxItems: 200,
      maxBytes: Number.POSITIVE_INFINITY,
      keyOf: ({ conversation, id }) => `${channelId(conversation)}/${id}`,
    })
  }

  settle(reply: { readonly conversation: ConversationKey; readonly id: string }, outcome: ReplyOutcome): Promise<void> {
    return this.#lane.submit({ conversation: reply.conversation, id: reply.id, outcome })
  }

  drained(): Promise<void> {
    return this.#lane.drained()
  }

  async #run(settlings: readonly Settling[]): Promise<Outcome<void>[]> {
    const { channels, database, settings } = this.#parts
    const nowMs = settings.clock.now()
    const numbers = await channels.findAll(settlings.map(({ conversation }) => conversation))
    const outcomes = settlings.map(({ outcome }) => outcome)
    const rows = await database.callFunction('settle_replies', [
      arrayOf(numbers),
      arrayOf(settlings.map(({ id }) => encodeText(id))),
      arrayOf(outcomes.map(({ status }) => statusOf(status === 'retry' ? 'pending' : status))),
      arrayOf(outcomes.map((outcome) => (outcome.status === 'retry' ? outcome.notBeforeMs : null))),
      arrayOf(outcomes.map((outcome) => ('reason' in outcome ? encodeText(outcome.reason) : null))),
      arrayOf(outcomes.map(providerIdOf)),
      nowMs,
    ])
    for (const [n, verdict] of rows) {
      if (verdict !== '2') continue
      const { id, outcome } = settlings[Number(n) - 1] as Settling
      const reply = { channel: numbers[Number(n) - 1] as number, id }
      await database.transaction((runner) => settleSlowly(runner, reply, { outcome, nowMs }))
    }
    return settlings.map(() => ({ value: undefined }))
  }
}

function providerIdOf(outcome: ReplyOutcome): string | null {
  const providerId = outcome.status === 'sent' ? outcome.providerId : undefined
  return providerId === undefined ? null : encodeText(providerId)
}

/** A reply by our id, with its conversation locked. */
export async function findReply(
  mailboxes: Mailboxes,
  { channel, id }: { readonly channel: number; readonly id: string },
): Promise<FoundReply | undefined> {
  const text = `SELECT o.conversation, o.seq, ${traceColumns} FROM outbox AS o WHERE o.channel = $1 AND o.id = $2`
  const [seen] = await mailboxes.runner.query(text, [channel, encodeText(id)])
  if (!seen) return undefined
  await mailboxes.lock([Number(seen[0])])
  const [row] = await mailboxes.runner.query(text, [channel, encodeText(id)])
  if (!row) throw changedMeanwhile()
  const [conversation, seq, ...columns] = row
  return { conversation: Number(conversation), seq: Number(seq), channel, id, trace: traceOf(columns) }
}

async function settleSlowly(
  runner: Runner,
  reply: { readonly channel: number; readonly id: string },
  { outcome, nowMs }: { readonly outcome: ReplyOutcome; readonly nowMs: number },
): Promise<void> {
  const mailboxes = new Mailboxes(runner)
  const found = await findReply(mailboxes, reply)
  if (!found) return
  const { trace, conversation, seq } = found
  const fate = settledFate(trace.fate, outcome.status, trace.delivery)
  const providerId = outcome.status === 'sent' ? outcome.providerId : undefined
  if (!fate) {
    // Whoever tracks it may have heard of it first, without its id.
    await mailboxes.nameReply(found, namedTrace(trace, providerId).providerId)
  } else if (outcome.status === 'retry') {
    await runner.query(
      'UPDATE outbox SET status = 0, not_before = $3, reason = $4 WHERE conversation = $1 AND seq = $2',
      [conversation, seq, outcome.notBeforeMs, encodeText(outcome.reason)],
    )
  } else {
    const reason = 'reason' in outcome ? encodeText(outcome.reason) : null
    await mailboxes.endReply(found, { fate, delivery: undefined, providerId, reason, nowMs })
  }
  await mailboxes.refresh([conversation])
}
