import { describeError, isWaAgentError } from '../errors.ts'
import type { Lease } from '../storage.ts'
import { logFieldsOf } from '../telemetry/log-fields.ts'
import type { Engine } from './engine.ts'

/** A lease that is prolonged as long as its work lasts. */
export interface KeptLease {
  /** As it was last prolonged. */
  readonly current: Lease
  /** Aborted when the lease is lost, or when the bot may not wait for the work any longer. */
  readonly signal: AbortSignal
}

class Held implements KeptLease {
  current: Lease
  readonly controller: AbortController
  /** While the storage is away, one that is asked for thrice in the life of a lease would pile up. */
  isRenewing = false

  constructor(lease: Lease, controller: AbortController) {
    this.current = lease
    this.controller = controller
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }
}

/** Prolongs the leases of all work in hand, with one timer for all of them. */
export class LeaseKeeper {
  readonly #engine: Engine
  readonly #held = new Set<Held>()
  /** Controllers that were never aborted serve again: making one costs more than all the rest of a lease. */
  readonly #unused: AbortController[] = []
  #cancelTimer: (() => void) | undefined

  constructor(engine: Engine) {
    this.#engine = engine
  }

  keep(lease: Lease): KeptLease {
    const held = new Held(lease, this.#unused.pop() ?? new AbortController())
    this.#held.add(held)
    this.#cancelTimer ??= this.#nextRound()
    return held
  }

  drop(kept: KeptLease): void {
    const held = kept as Held
    if (this.#held.delete(held) && !held.signal.aborted) this.#unused.push(held.controller)
    if (this.#held.size > 0) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** Stops all work in hand: what is not committed stays pending. */
  abortAll(reason: unknown): void {
    for (const held of this.#held) held.controller.abort(reason)
  }

  /** Three rounds in the life of a lease: two may fail before it is lost. */
  #nextRound(): () => void {
    const { clock, leaseMs } = this.#engine.settings
    return clock.after(leaseMs / 3, () => {
      this.#cancelTimer = this.#held.size > 0 ? this.#nextRound() : undefined
      for (const held of this.#held) if (!held.isRenewing) void this.#renew(held)
    })
  }

  async #renew(held: Held): Promise<void> {
    const { storage, settings } = this.#engine
    held.isRenewing = true
    try {
      held.current = await storage.renew(held.current, { nowMs: settings.clock.now(), leaseMs: settings.leaseMs })
    } catch (error) {
      if (isWaAgentError(error) && error.retryable) {
        settings.logger.warn(
          { ...logFieldsOf(held.current.conversation), error: describeError(error) },
          'a lease could not be prolonged, trying again',
        )
      } else if (this.#held.has(held)) {
        held.controller.abort(error)
      }
    } finally {
      held.isRenewing = false
    }
  }
}
