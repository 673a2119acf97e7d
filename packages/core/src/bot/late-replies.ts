import { type ConversationKey, conversationId } from '../conversation.ts'
import { isWaAgentError } from '../errors.ts'
import type { DeadLetter, Storage } from '../storage.ts'

const promise = 'it goes out if the customer writes within'
/** So many conversations are known, the newest; and so many dead letters are looked through for those of one. */
const mostKnown = 10_000
const mostLetters = 1000

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
  async start(): Promise<void> {
    this.#conversations.clear()
    if (this.#releaseMs === false) return
    const letters = await this.#storage.deadLetters.list({ limit: mostLetters })
    for (const letter of letters) this.note(letter.conversation, letter.reason)
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

  has(conversation: ConversationKey): boolean {
    return this.#conversations.size > 0 && this.#conversations.has(conversationId(conversation))
  }

  /** The customer has written: what is not too old becomes pending again, in its old place. Rejects as the storage does. */
  async release(conversation: ConversationKey, nowMs: number): Promise<void> {
    const id = conversationId(conversation)
    const { deadLetters } = this.#storage
    const letters = await deadLetters.list({ tenant: conversation.tenant, limit: mostLetters })
    const late = letters.filter(
      (letter) => conversationId(letter.conversation) === id && this.#isReleased(letter, nowMs),
    )
    for (const letter of late) await deadLetters.retry(letter.id, nowMs).catch(asDecided)
    this.#conversations.delete(id)
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
