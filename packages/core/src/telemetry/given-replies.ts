import type { TraceHeaders } from '../trace-headers.ts'

/** What a turn knew of a reply that is to be sent now or later. */
export interface GivenReply {
  /** The turn's span. */
  readonly trace: TraceHeaders | undefined
  /** When the first message of the turn came in; only with its first reply. */
  readonly receivedAtMs: number | undefined
}

/** So many replies on their way are remembered, the newest. */
const mostRemembered = 10_000

/**
 * Which turn a reply belongs to, until its end is known. Only in memory: storages have no place for it, so what another process
 * or a later start sends is a trace of its own.
 */
export class GivenReplies {
  readonly #replies = new Map<string, GivenReply>()

  add(id: string, reply: GivenReply): void {
    this.#replies.set(id, reply)
    if (this.#replies.size <= mostRemembered) return
    const [oldest] = this.#replies.keys()
    if (oldest !== undefined) this.#replies.delete(oldest)
  }

  of(id: string): GivenReply | undefined {
    return this.#replies.get(id)
  }

  forget(id: string): void {
    this.#replies.delete(id)
  }
}
