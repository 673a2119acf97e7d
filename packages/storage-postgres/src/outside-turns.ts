import type { Control, ConversationKey, Flags, NewReply } from '@wa-agent/core'
import { applyControl } from '@wa-agent/core/mailbox'
import { Lane, type Outcome } from './lane.ts'
import { keyOf, Mailboxes, type ReplyDraft } from './mailboxes.ts'
import type { Parts } from './parts.ts'

interface Enqueuing {
  readonly conversation: ConversationKey
  readonly drafts: readonly ReplyDraft[]
}

/** What is changed without a lease: replies that nobody asked for, and orders. */
export class OutsideTurns {
  readonly #parts: Parts
  readonly #lane: Lane<Enqueuing, ConversationKey>
  readonly #controls: Lane<{ readonly conversation: ConversationKey; readonly control: Control }, Flags>

  constructor(parts: Parts) {
    this.#parts = parts
    this.#lane = new Lane({ run: (calls) => this.#enqueueAll(calls), maxItems: 50, maxBytes: 2 ** 22 })
    this.#controls = new Lane({
      run: async ([call]) => (call ? [{ value: await this.#control(call.conversation, call.control) }] : []),
      maxItems: 1,
      maxBytes: Number.POSITIVE_INFINITY,
    })
  }

  enqueue(conversation: ConversationKey, replies: readonly NewReply[]): Promise<ConversationKey> {
    const drafts = replies.map((reply) => ({
      reply: { ...reply, inReplyTo: [...reply.inReplyTo] },
      json: JSON.stringify(reply.message),
    }))
    return this.#lane.submit(
      { conversation, drafts },
      drafts.reduce((sum, { json }) => sum + json.length, 0),
    )
  }

  control(conversation: ConversationKey, control: Control): Promise<Flags> {
    return this.#controls.submit({ conversation, control: structuredClone(control) })
  }

  async drained(): Promise<void> {
    await this.#lane.drained()
    await this.#controls.drained()
  }

  async #enqueueAll(calls: readonly Enqueuing[]): Promise<Outcome<ConversationKey>[]> {
    const { channels, database, settings, doorbell } = this.#parts
    const numbers = await channels.idsOf(calls.map(({ conversation }) => conversation))
    const nowMs = settings.clock.now()
    const outcomes = await database.transaction(async (runner) => {
      const mailboxes = new Mailboxes(runner)
      const places: { readonly id: number; readonly value: ConversationKey }[] = []
      for (const [index, { conversation, drafts }] of calls.entries()) {
        const mailbox = await mailboxes.findOrNew(numbers[index] as number, conversation.chat)
        await mailboxes.addReplies(mailbox, drafts, nowMs)
        places.push({ id: mailbox.id, value: keyOf(conversation, mailbox.chat) })
      }
      await mailboxes.refresh([...new Set(places.map(({ id }) => id))])
      return places
    })
    doorbell.ring()
    return outcomes.map(({ value }) => ({ value }))
  }

  async #control(conversation: ConversationKey, control: Control): Promise<Flags> {
    const channel = await this.#parts.channels.idOf(conversation)
    return this.#parts.database.transaction(async (runner) => {
      const mailboxes = new Mailboxes(runner)
      const mailbox = await mailboxes.findOrNew(channel, conversation.chat)
      const flags = applyControl(mailbox.flags, control)
      await mailboxes.saveFlags(mailbox.id, flags)
      return flags
    })
  }
}
