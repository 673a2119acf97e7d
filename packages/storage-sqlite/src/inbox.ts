import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { AppendResult, Change, Control, NewMessage } from '@wa-agent/core'
import { effectiveControl, mergeFlags, personIds, wroteAtMs } from '@wa-agent/core/mailbox'
import { type Box, messageStatus } from './box.ts'
import type { Boxes } from './boxes.ts'
import type { Channels } from './channels.ts'
import type { Identities } from './identities.ts'
import { encodeId } from './ids.ts'
import type { Outbox } from './outbox.ts'
import type { Sequence } from './sequence.ts'

/** A message on its way in, serialised outside of the transaction. */
export interface MessageDraft {
  readonly entry: NewMessage
  readonly json: string
}

interface Place {
  readonly channel: number
  readonly conversation: number
  readonly control: Control | undefined
}

/** What the inbox works with. */
export interface InboxParts {
  readonly channels: Channels
  readonly boxes: Boxes
  readonly identities: Identities
  readonly outbox: Outbox
  readonly sequence: Sequence
}

/** The flags of a conversation that is new. */
const noFlags = { optedOut: false }

/** Messages from their arrival to their end. Everything here runs inside a transaction. */
export class Inbox {
  readonly #parts: InboxParts
  readonly #insert: StatementSync
  readonly #known: StatementSync
  readonly #end: StatementSync
  readonly #countAttempt: StatementSync

  constructor(db: DatabaseSync, parts: InboxParts) {
    this.#parts = parts
    this.#insert = db.prepare(
      `INSERT INTO inbox (seq, conversation, channel, id, received_at, settle_at, due_by, message, control, trace)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, channel) DO NOTHING`,
    )
    this.#known = db.prepare('SELECT conversation FROM inbox WHERE id = ? AND channel = ?')
    this.#end = db.prepare('UPDATE inbox SET status = ?, attempts = ?, ended_at = ?, reason = ? WHERE seq = ?')
    this.#countAttempt = db.prepare('UPDATE inbox SET attempts = ?, reason = ? WHERE seq = ?')
  }

  /** Takes a message in. */
  append({ entry, json }: MessageDraft): AppendResult {
    const { message } = entry
    const { channels, boxes, identities, outbox } = this.#parts
    const channel = channels.idOf(entry)
    if (message.fromMe) {
      const known = this.#conversationOf(channel, message.id)
      if (known !== undefined) return result('duplicate', boxes.get(known))
      const echoed = outbox.recognise(channel, entry)
      if (echoed) return result('echo', echoed)
    }
    const { known, fresh } = identities.findAll(channel, personIds(message))
    const [existing, ...others] = known.map((id) => boxes.get(id))
    const conversation = existing?.id ?? boxes.nextId
    // What the order changes depends on the flags that the joined conversation will have.
    const flags = others.reduce((merged, younger) => mergeFlags(merged, younger.flags), existing?.flags ?? noFlags)
    const control = entry.control && structuredClone(effectiveControl(flags, entry.control))
    // First of all, because a duplicate must change nothing.
    const seq = this.#store({ entry, json }, { channel, conversation, control })
    if (seq === undefined) return result('duplicate', boxes.get(this.#conversationOf(channel, message.id) ?? 0))
    const box = existing ?? boxes.create(channel, message.chat)
    for (const younger of others) identities.join(box, younger)
    if (fresh.length > 0) identities.add(box, fresh)
    if (control) {
      box.apply(control)
      boxes.saveFlags(box)
    }
    const { receivedAtMs, settleAtMs, dueByMs, trace } = entry
    const times = { receivedAtMs, settleAtMs, dueByMs, wroteAtMs: wroteAtMs(entry) }
    box.addMessage({ seq, json, ...times, attempts: 0, control, trace: trace && { ...trace } })
    boxes.schedule(box)
    return result('stored', box)
  }

  /** Records what a turn made of its messages. */
  change(box: Box, { nowMs, done = [], dead, retry }: Change): void {
    for (const seq of done) {
      const removed = box.removeMessage(seq)
      if (removed) this.#end.run(messageStatus.done, removed.attempts, nowMs, null, seq)
    }
    for (const seq of dead?.messages ?? []) {
      const removed = box.removeMessage(seq)
      if (removed) this.#end.run(messageStatus.dead, removed.attempts + 1, nowMs, dead?.reason ?? '', seq)
    }
    if (done.length > 0 || dead?.messages.length) this.#parts.boxes.saveRest(box, 0)
    if (!retry) return
    for (const seq of retry.messages) {
      const message = box.message(seq)
      if (!message) continue
      if (retry.counts !== false) message.attempts += 1
      this.#countAttempt.run(message.attempts, retry.reason, seq)
    }
    this.#parts.boxes.saveRest(box, retry.atMs)
  }

  #conversationOf(channel: number, id: string): number | undefined {
    return (this.#known.get(encodeId(id), channel) as { conversation: number } | undefined)?.conversation
  }

  #store({ entry, json }: MessageDraft, at: Place): number | undefined {
    const { sequence } = this.#parts
    const seq = sequence.next
    const { changes } = this.#insert.run(
      seq,
      at.conversation,
      at.channel,
      encodeId(entry.message.id),
      entry.receivedAtMs,
      entry.settleAtMs,
      entry.dueByMs,
      json,
      at.control ? JSON.stringify(at.control) : null,
      entry.trace ? JSON.stringify(entry.trace) : null,
    )
    if (changes === 0) return undefined
    sequence.take()
    return seq
  }
}

function result(status: AppendResult['status'], box: Box): AppendResult {
  const dueAtMs = box.dueAtMs
  return dueAtMs === undefined ? { status, conversation: box.key } : { status, conversation: box.key, dueAtMs }
}
