import type { DeliveryUpdate, TrackResult } from '@wa-agent/core'
import { failureOf, isStep, type ReplyTrace, trackedTrace } from '@wa-agent/core/mailbox'
import type { Boxes } from './boxes.ts'
import { decodeId } from './ids.ts'
import { type FoundRow, type Outbox, traceOf } from './outbox.ts'

/** What providers tell about replies that they accepted. */
export class Tracking {
  readonly #boxes: Boxes
  readonly #outbox: Outbox

  constructor(parts: { readonly boxes: Boxes; readonly outbox: Outbox }) {
    this.#boxes = parts.boxes
    this.#outbox = parts.outbox
  }

  /** Writes. */
  track(channel: number, update: DeliveryUpdate): TrackResult {
    const row = this.#find(channel, update)
    if (!row) return { status: 'unknown' }
    const before = traceOf(row)
    const after = trackedTrace(before, update)
    this.#save(row, { before, after, reason: after.fate === 'dead' ? failureOf(update) : null })
    if (!isStep(before, after)) return { status: 'unchanged' }
    const conversation = this.#boxes.keyAt(row.conversation)
    return { status: 'changed', conversation, replyId: decodeId(row.id), inReplyTo: JSON.parse(row.in_reply_to) }
  }

  #find(channel: number, { replyId, providerId }: DeliveryUpdate): FoundRow | undefined {
    return (
      (replyId === undefined ? undefined : this.#outbox.find(channel, replyId)) ??
      (providerId === undefined ? undefined : this.#outbox.findNamed(channel, providerId))
    )
  }

  #save({ seq, conversation }: FoundRow, { before, after, reason }: Tracked): void {
    if (after.fate !== before.fate) {
      this.#outbox.end(this.#boxes.get(conversation), seq, { ...after, reason })
      return
    }
    if (after.delivery !== before.delivery) this.#outbox.advance(seq, after.delivery)
    if (after.providerId !== before.providerId && after.providerId !== undefined) {
      this.#outbox.name(seq, after.providerId)
    }
  }
}

interface Tracked {
  readonly before: ReplyTrace
  readonly after: ReplyTrace
  readonly reason: string | null
}
