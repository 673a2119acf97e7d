import { type ConversationKey, conversationId } from '../conversation.ts'
import { isWaAgentError } from '../errors.ts'
import { personIds } from '../mailbox/rules.ts'
import type { InboundMessage } from '../message.ts'
import type { DeadLetter, Storage } from '../storage.ts'

const promise = 'it goes out if the customer writes within'
/** So many conversations are known, the newest. */
const mostKnown = 100_000
/** So many dead letters are looked at together at the start. */
const lettersAtOnce = 1000

/** Ends the reason of a dead letter that goes out by itself when the customer writes within `releaseMs`. */
export function releasedWithin(releaseMs: number): string {
  return `${promise} ${Math.round(releaseMs / 360_000) / 10} hours`
}

/**
 * Unasked messages that came when the customer's window was closed: dead letters until the customer writes. Which
 * conversations have some is known in memory, so that all others pay nothing for it.
 */
export class LateReplies {
  readonly #storage: Storage
  readonly #releaseMs: number | false
  /** As `conversationId` writes them, oldest first. */
  readonly #conversations = new Set<string>()

  constructor(storage: Storage, releaseMs: number | false) {
    this.#storage = storage
    this.#releaseMs = releaseMs
  }

  /** Finds those of an earlier process. */
  async start(nowMs: number): Promise<void> {
    this.#conversations.clear()
    if (this.#releaseMs === false) return
    const found: DeadLetter[] = []
    for (let skip = 0; ; skip += lettersAtOnce) {
      const letters = await this.#storage.deadLetters.list({ limit: lettersAtOnce, skip })
      const late = letters.filter((letter) => this.#isReleased(letter, nowMs))
      found.push(...late.reverse())
      const [oldest] = letters
      if (!oldest || letters.length < lettersAtOnce || nowMs - oldest.atMs > this.#releaseMs) break
    }
    for (const { conversation, reason } of found.reverse()) this.note(conversation, reason)
  }

  /** Finds those that other processes have noted lately. */
  async lookAgain(nowMs: number): Promise<void> {
    if (this.#releaseMs === false) return
    const letters = await this.#storage.deadLetters.list({ limit: lettersAtOnce })
    const late = letters.filter((letter) => this.#isReleased(letter, nowMs))
    for (const { conversation, reason } of late) this.note(conversation, reason)
  }

  /** A reply became a dead letter. */
  note(conversation: ConversationKey, reason: string): void {
    if (this.#releaseMs === false || !reason.includes(promise)) return
    const id = conversationId(conversation)
    this.#conversations.delete(id)
    this.#conversations.add(id)
    for (const oldest of this.#conversations) {
      if (this.#conversations.size <= mostKnown) break
      this.#conversations.delete(oldest)
    }
  }

  /** A message may have told that conversations are one: then what waited in the others waits in this one. */
  join(conversation: ConversationKey, message: InboundMessage): void {
    if (this.#conversations.size === 0) return
    for (const chat of personIds(message)) {
      const isOther = chat !== conversation.chat
      if (isOther && this.#conversations.delete(conversationId({ ...conversation, chat })))
        this.#conversations.add(conversationId(conversation))
    }
  }

  has(conversation: ConversationKey): boolean {
    return this.#conversations.size > 0 && this.#conversations.has(conversationId(conversation))
  }

  /** The customer has written: what is not too old becomes pending again, in its old place. Rejects as the storage does. */
  async release(conversation: ConversationKey, nowMs: number): Promise<void> {
    const { deadLetters } = this.#storage
    const letters = await deadLetters.list({ conversation })
    const late = letters.filter((letter) => this.#isReleased(letter, nowMs))
    for (const letter of late) await deadLetters.retry(letter.id, nowMs).catch(asDecided)
    this.#conversations.delete(conversationId(conversation))
  }

  #isReleased({ kind, uncertain, reason, atMs }: DeadLetter, nowMs: number): boolean {
    if (this.#releaseMs === false || kind !== 'reply' || uncertain) return false
    return reason.includes(promise) && nowMs - atMs <= this.#releaseMs
  }
}

/** A person was faster. */
function asDecided(error: unknown): void {
  if (!isWaAgentError(error) || error.code !== 'not_found') throw error
}
