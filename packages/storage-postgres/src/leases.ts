import { type ConversationKey, conversationId, type Lease } from '@wa-agent/core'
import { leaseLost } from './errors.ts'
import { Lane, type Outcome } from './lane.ts'
import { type Due, dueOf } from './mailboxes.ts'
import type { Parts } from './parts.ts'
import { arrayOf, encodeText } from './text.ts'

/** The leases that were given out here, so that they can be given back when the storage is closed. */
export class HeldLeases {
  /** Distinguishes this storage from all others on the database. */
  readonly processId: string
  readonly #leases = new Map<string, Lease>()

  constructor(processId: string) {
    this.processId = processId
  }

  get all(): readonly Lease[] {
    return [...this.#leases.values()]
  }

  add(lease: Lease): void {
    this.#leases.set(conversationId(lease.conversation), lease)
  }

  remove(lease: Lease): void {
    const id = conversationId(lease.conversation)
    if (this.#leases.get(id)?.token === lease.token) this.#leases.delete(id)
  }
}

interface Renewal {
  readonly lease: Lease
  readonly nowMs: number
  readonly leaseMs: number
}

/** Prolongs leases and gives them back. */
export class Leases {
  readonly #parts: Parts
  readonly #held: HeldLeases
  readonly #renewals: Lane<Renewal, Lease>
  readonly #releases: Lane<Lease, Due>

  constructor(parts: Parts, held: HeldLeases) {
    this.#parts = parts
    this.#held = held
    const limits = { maxItems: 200, maxBytes: Number.POSITIVE_INFINITY }
    this.#renewals = new Lane({
      ...limits,
      run: (renewals) => this.#renewAll(renewals),
      keyOf: ({ lease }) => conversationId(lease.conversation),
    })
    this.#releases = new Lane({
      ...limits,
      run: (leases) => this.#releaseAll(leases),
      keyOf: ({ conversation }) => conversationId(conversation),
    })
  }

  renew(lease: Lease, options: { readonly nowMs: number; readonly leaseMs: number }): Promise<Lease> {
    return this.#renewals.submit({ lease, ...options })
  }

  release(lease: Lease): Promise<Due> {
    return this.#releases.submit(lease)
  }

  /** Gives back what is still held. */
  async releaseHeld(): Promise<void> {
    await Promise.all(this.#held.all.map((lease) => this.release(lease)))
  }

  async drained(): Promise<void> {
    await this.#renewals.drained()
    await this.#releases.drained()
  }

  async #renewAll(renewals: readonly Renewal[]): Promise<Outcome<Lease>[]> {
    const keys = renewals.map(({ lease }) => lease.conversation)
    const rows = await this.#parts.database.callFunction('renew_leases', [
      ...(await this.#places(keys)),
      arrayOf(renewals.map(({ lease }) => lease.token)),
      arrayOf(renewals.map(({ nowMs }) => nowMs)),
      arrayOf(renewals.map(({ nowMs, leaseMs }) => nowMs + leaseMs)),
    ])
    const held = new Set(rows.map(([n]) => Number(n)))
    return renewals.map(({ lease, nowMs, leaseMs }, index) =>
      held.has(index + 1) ? { value: { ...lease, expiresAtMs: nowMs + leaseMs } } : { error: leaseLost() },
    )
  }

  async #releaseAll(leases: readonly Lease[]): Promise<Outcome<Due>[]> {
    const keys = leases.map(({ conversation }) => conversation)
    const values = [...(await this.#places(keys)), arrayOf(leases.map(({ token }) => token))]
    const rows = await this.#parts.database.callFunction('release_leases', values)
    for (const lease of leases) this.#held.remove(lease)
    const due = new Map(rows.map(([n, dueAt, turnAt]) => [Number(n), dueOf(dueAt, turnAt)]))
    return leases.map((_, index) => ({ value: due.get(index + 1) ?? {} }))
  }

  async #places(keys: readonly ConversationKey[]): Promise<[string, string]> {
    const channels = await this.#parts.channels.findAll(keys)
    return [arrayOf(channels), arrayOf(keys.map(({ chat }) => encodeText(chat)))]
  }
}
