import { type ConversationKey, conversationId } from '../conversation.ts'
import { describeError, isWaAgentError } from '../errors.ts'
import type { Claim } from '../storage.ts'
import { logFieldsOf } from '../telemetry/log-fields.ts'
import { deliver, deliverTurn } from './deliver.ts'
import type { Engine } from './engine.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { takeTurn } from './take-turn.ts'
import { utcDay } from './utc-day.ts'

/** Claims conversations and does what is due in them. */
export class Worker {
  readonly #engine: Engine
  readonly #keeper: LeaseKeeper
  readonly #owner: string

  constructor(engine: Engine, keeper: LeaseKeeper) {
    this.#engine = engine
    this.#keeper = keeper
    this.#owner = engine.settings.createId()
  }

  /** Claims one conversation; `undefined` where it has nothing due, somebody else works on it, or its channel is not ours. */
  async claim(conversation: ConversationKey): Promise<Claim | undefined> {
    if (!this.#isServed(conversation)) return undefined
    const claims = await this.#engine.storage.claim({ ...this.#request(), conversation })
    if (!claims[0]) this.#engine.telemetry.instruments?.count('wa_agent_claims_missed_total', conversation)
    return claims[0]
  }

  /** Claims up to `limit` conversations of our channels with something due, except those in `except`. */
  async claimDue(limit: number, except: ReadonlySet<string>): Promise<readonly Claim[]> {
    const { parked, governors, served } = this.#engine
    const others = [parked.ids, governors.waiting].filter(({ size }) => size > 0)
    const excluded = others.length === 0 ? except : new Set([except, ...others].flatMap((ids) => [...ids]))
    return this.#engine.storage.claim({ ...this.#request(), limit, channels: served, except: excluded })
  }

  /**
   * Delivers what is in the outbox, answers what is pending, delivers that, gives the lease back. Says when the conversation
   * has something due again. Never rejects.
   */
  async work(claim: Claim): Promise<{ readonly dueAtMs?: number }> {
    const { conversation } = claim.lease
    const lease = this.#keeper.keep(claim.lease)
    let isWell = claim.messages.length + claim.replies.length > 0
    try {
      await deliver(this.#engine, lease, claim)
      const committed = await takeTurn(this.#engine, lease, claim)
      // Behind a reply that has to wait all later ones wait too: the next claim brings them in order.
      if (claim.replies.length === 0) await deliverTurn(this.#engine, lease, committed)
    } catch (error) {
      isWell = false
      this.#report(conversation, error)
    } finally {
      this.#keeper.drop(lease)
    }
    const released = await this.#release(claim)
    // Parked replies go on when their channel is connected or has room. Turns do not wait for that.
    const dueAtMs = this.#isParked(conversation) ? released.turnAtMs : released.dueAtMs
    if (dueAtMs === undefined) return {}
    // What went wrong now would go wrong at once again.
    const { clock, sweepMs } = this.#engine.settings
    return { dueAtMs: isWell ? dueAtMs : Math.max(dueAtMs, clock.now() + sweepMs) }
  }

  /** Leaves a conversation that was claimed to others, untouched. */
  async giveBack(claim: Claim): Promise<void> {
    await this.#release(claim)
  }

  #isParked(conversation: ConversationKey): boolean {
    const { parked, governors } = this.#engine
    return parked.has(conversation) || governors.waiting.has(conversationId(conversation))
  }

  async #release(claim: Claim): Promise<{ readonly dueAtMs?: number; readonly turnAtMs?: number }> {
    try {
      return await this.#engine.storage.release(claim.lease)
    } catch (error) {
      this.#report(claim.lease.conversation, error)
      return {}
    }
  }

  #request() {
    const { clock, leaseMs, maxMessages } = this.#engine.settings
    const nowMs = clock.now()
    return {
      owner: this.#owner,
      nowMs,
      leaseMs,
      maxMessages,
      historyLimit: this.#engine.pipeline.historyLimit,
      usageDay: utcDay(nowMs),
    }
  }

  #isServed(conversation: ConversationKey): boolean {
    try {
      this.#engine.transportOf(conversation)
      return true
    } catch (error) {
      this.#engine.settings.logger.warn(
        { ...logFieldsOf(conversation), error: describeError(error) },
        'a conversation is left to others',
      )
      return false
    }
  }

  #report(conversation: ConversationKey, error: unknown): void {
    if (isWaAgentError(error) && error.code === 'lease_lost') this.#engine.emit('lease-lost', { conversation })
    else if (isWaAgentError(error) && error.code === 'not_running')
      this.#engine.settings.logger.info(logFieldsOf(conversation), error.message)
    else this.#engine.emit('error', { error, doing: 'working on a conversation' })
  }
}
