import { type ConversationKey, conversationId } from '../conversation.ts'
import { WaAgentError } from '../errors.ts'
import type { Lease } from '../storage.ts'

/** What a lease table must know of conversations that turned out to be one. */
interface Joinable {
  readonly key: ConversationKey
  /** Whether an attempt to send began whose end is not known. */
  readonly isSending: boolean
  /** Whether it has mail or state. */
  readonly hasContent: boolean
}

const nothing = () => undefined

/** Expired leases that nobody gave back are forgotten once there are this many entries. */
const sweepFrom = 1024

/**
 * The leases of a storage that only one process uses. They need no disk: when the process ends, so do all their holders.
 * Tokens only grow, also across takeovers, so that a holder whose lease expired cannot commit any more (fencing).
 */
export class LeaseTable {
  readonly #leases = new Map<string, Lease>()
  #lastToken: number
  #sweepAt = sweepFrom

  /** Tokens begin after `afterToken`: a storage that is opened again passes one that it has never given out. */
  constructor(options: { readonly afterToken?: number } = {}) {
    this.#lastToken = options.afterToken ?? 0
  }

  /** Leases the conversation to `owner`, or returns `undefined` while somebody holds it. */
  take(conversation: ConversationKey, options: { owner: string; nowMs: number; leaseMs: number }): Lease | undefined {
    const id = conversationId(conversation)
    if (this.isHeld(id, options.nowMs)) return undefined
    if (this.#leases.size >= this.#sweepAt) this.#sweep(options.nowMs)
    return this.#put(conversation, options.owner, options.nowMs + options.leaseMs)
  }

  isHeld(id: string, nowMs: number): boolean {
    const lease = this.#leases.get(id)
    return lease !== undefined && lease.expiresAtMs > nowMs
  }

  /** When the newest lease of the conversation ends by itself; `undefined` where it was given back. */
  expiresAtMs(id: string): number | undefined {
    return this.#leases.get(id)?.expiresAtMs
  }

  /** Throws `lease_lost` unless `lease` is the newest of its conversation and `nowMs` is before its expiry. */
  check(lease: Lease, nowMs: number): void {
    const held = this.#leases.get(conversationId(lease.conversation))
    if (held?.token === lease.token && held.expiresAtMs > nowMs) return
    throw new WaAgentError(
      'lease_lost',
      'The lease of this conversation expired or was taken over; drop the turn, its messages are still pending.',
    )
  }

  renew(lease: Lease, options: { nowMs: number; leaseMs: number }): Lease {
    this.check(lease, options.nowMs)
    const renewed = { ...lease, expiresAtMs: options.nowMs + options.leaseMs }
    this.#leases.set(conversationId(lease.conversation), renewed)
    return renewed
  }

  /** Gives the lease back; one that was lost already changes nothing. */
  release(lease: Lease): void {
    const id = conversationId(lease.conversation)
    if (this.#leases.get(id)?.token === lease.token) this.#leases.delete(id)
  }

  /** Takes the conversation away from whoever holds it, e.g. because it was joined to another. */
  revoke(conversation: ConversationKey): void {
    this.#leases.delete(conversationId(conversation))
  }

  /**
   * Takes the conversation away from whoever holds it and lets nobody have it until `untilMs`: a former holder may still
   * be sending, and a new one would take that reply for a lost one and send it again.
   */
  fence(conversation: ConversationKey, untilMs: number): void {
    this.#put(conversation, '', untilMs)
  }

  /** Lifts a fence early; a lease that somebody holds stays. The result undoes it. */
  lift(conversation: ConversationKey): () => void {
    const id = conversationId(conversation)
    const fence = this.#leases.get(id)
    if (fence?.owner !== '') return nothing
    this.#leases.delete(id)
    return () => this.#leases.set(id, fence)
  }

  /**
   * Two conversations turned out to be one; call it before their mail is joined. A turn of the younger one is lost and
   * redone in the joined conversation. A turn of the older one is lost only where the joined conversation holds something
   * that it has not seen: otherwise its commit would overwrite the younger's session or answer out of order. The result
   * undoes it, for a storage that fails to make the joining durable.
   */
  join(older: Joinable, younger: Joinable): () => void {
    const before = [older, younger].map(
      ({ key }) => [conversationId(key), this.#leases.get(conversationId(key))] as const,
    )
    this.#join(older, younger)
    return () => {
      for (const [id, lease] of before) {
        if (lease) this.#leases.set(id, lease)
        else this.#leases.delete(id)
      }
    }
  }

  #join(older: Joinable, younger: Joinable): void {
    const sending = [older, younger].filter((one) => one.isSending).map((one) => conversationId(one.key))
    const untilMs = Math.max(0, ...sending.map((id) => this.expiresAtMs(id) ?? 0))
    this.revoke(younger.key)
    if (!younger.hasContent) return
    if (untilMs > 0) this.fence(older.key, untilMs)
    else this.revoke(older.key)
  }

  #put(conversation: ConversationKey, owner: string, expiresAtMs: number): Lease {
    this.#lastToken += 1
    const lease: Lease = { conversation, owner, token: this.#lastToken, expiresAtMs }
    this.#leases.set(conversationId(conversation), lease)
    return lease
  }

  #sweep(nowMs: number): void {
    for (const [id, lease] of this.#leases) {
      if (lease.expiresAtMs <= nowMs) this.#leases.delete(id)
    }
    this.#sweepAt = Math.max(sweepFrom, this.#leases.size * 2)
  }
}
