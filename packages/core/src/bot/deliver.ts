import { backoffMs } from '../backoff.ts'
import { waitFor } from '../clock.ts'
import type { ConversationKey } from '../conversation.ts'
import { describeError, isWaAgentError } from '../errors.ts'
import type { OutboundMessage } from '../message.ts'
import type { Flags, NewReply, ReplyOutcome, StoredReply } from '../storage.ts'
import type { Delivery, FindResult, SendResult, Transport } from '../transport.ts'
import type { Engine } from './engine.ts'
import type { KeptLease } from './lease-keeper.ts'
import { persist } from './persist.ts'
import { withTimeout } from './with-timeout.ts'

/**
 * Sends the undelivered replies of a claimed conversation, in order. Ends early at one that has to wait, because nothing
 * may overtake it. Rejects with `lease_lost` where the conversation is not ours any more.
 */
export async function deliver(engine: Engine, lease: KeptLease, replies: readonly StoredReply[]): Promise<void> {
  for (const reply of replies) {
    if (lease.signal.aborted || reply.notBeforeMs > engine.settings.clock.now()) return
    const outcome = await new Attempt(engine, lease, { reply }).run()
    if (outcome?.status === 'retry') return
  }
}

/** Sends what a turn has just committed. */
export async function deliverTurn(engine: Engine, lease: KeptLease, { replies, begun }: Committed): Promise<void> {
  const [first, ...others] = replies
  if (first && begun) {
    const outcome = await new Attempt(engine, lease, { reply: asStored(first), begun }).run()
    if (outcome?.status !== 'retry') await deliver(engine, lease, others.map(asStored))
  } else {
    await deliver(engine, lease, replies.map(asStored))
  }
}

/** What a turn has put into the outbox. */
export interface Committed {
  readonly replies: readonly NewReply[]
  /** Present where the attempt to send the first of them began with the commit: the flags as of then. */
  readonly begun?: Flags
}

function asStored(reply: NewReply): StoredReply {
  return { ...reply, status: 'pending', attempts: 0 }
}

/** Whether the transport has anything like it. */
export function canSend(transport: Transport, message: OutboundMessage): boolean {
  return transport.capabilities.types.includes(message.type)
}

const unknown: FindResult = { status: 'unknown' }
const maxFindAttempts = 6

/** One attempt to bring one reply out, or to find out what became of the last one. */
class Attempt {
  readonly #engine: Engine
  readonly #lease: KeptLease
  readonly #reply: StoredReply
  readonly #begun: Flags | undefined
  readonly #conversation: ConversationKey

  constructor(engine: Engine, lease: KeptLease, { reply, begun }: { reply: StoredReply; begun?: Flags }) {
    this.#engine = engine
    this.#lease = lease
    this.#reply = reply
    this.#begun = begun
    this.#conversation = lease.current.conversation
  }

  /** `undefined` where somebody else has settled the reply meanwhile, e.g. its echo came in. */
  async run(): Promise<ReplyOutcome | undefined> {
    const { storage } = this.#engine
    const transport = this.#engine.transportOf(this.#conversation)
    const outcome = (await this.#resolveCutOff(transport)) ?? (await this.#attempt(transport).catch(asSettled))
    if (!outcome) return undefined
    const settled = { conversation: this.#conversation, id: this.#reply.id }
    await persist(this.#engine, () => storage.settle(settled, outcome), {
      signal: this.#lease.signal,
      doing: 'recording a send',
    })
    this.#tell(outcome)
    return outcome
  }

  /** What became of an attempt whose end nobody recorded; `undefined` where it is to be sent (again) now. */
  async #resolveCutOff(transport: Transport): Promise<ReplyOutcome | undefined> {
    if (this.#reply.status !== 'sending') return undefined
    const outcome = await this.#resolve(transport, 'the last attempt was cut off')
    // Nobody refused anything, so there is no reason to pause.
    return outcome.status === 'retry' ? undefined : outcome
  }

  async #attempt(transport: Transport): Promise<ReplyOutcome> {
    const { settings } = this.#engine
    if (!canSend(transport, this.#reply.message)) {
      return { status: 'dead', reason: `the transport ${transport.name} cannot send a ${this.#reply.message.type}` }
    }
    const flags = this.#begun ?? (await this.#begin())
    if (this.#lease.signal.aborted) {
      return { status: 'retry', notBeforeMs: settings.clock.now(), reason: 'stopped before it was sent' }
    }
    // The flags are as of now: an order that came while the turn was running counts.
    const forbidden = whyForbidden(this.#reply, flags, settings.clock.now())
    if (forbidden !== undefined) return { status: 'suppressed', reason: forbidden }
    const result = await this.#send(transport)
    switch (result.status) {
      case 'sent':
        return result
      case 'failed':
        if (!result.retryable) return { status: 'dead', reason: result.reason }
        return this.#later(result.reason, result.retryAfterMs)
      case 'uncertain':
        return this.#resolve(transport, result.reason)
    }
  }

  #begin(): Promise<Flags> {
    const { storage, settings } = this.#engine
    return persist(
      this.#engine,
      () => storage.commit(this.#lease.current, { nowMs: settings.clock.now(), sending: this.#reply.id }),
      { signal: this.#lease.signal, doing: 'beginning a send' },
    )
  }

  /** With the one in hand. */
  get #attempts(): number {
    return this.#reply.attempts + 1
  }

  get #delivery(): Delivery {
    const { id, message, inReplyTo } = this.#reply
    return { id, chat: this.#conversation.chat, message, inReplyTo, attempt: this.#attempts }
  }

  /** Not bound to the lease: what has begun to leave is better waited for than cut off in the middle. */
  async #send(transport: Transport): Promise<SendResult> {
    const { settings } = this.#engine
    try {
      return await withTimeout((limit) => transport.send(this.#delivery, limit), {
        clock: settings.clock,
        timeoutMs: settings.sendTimeoutMs,
      })
    } catch (error) {
      const reason = describeError(error)
      if (!isWaAgentError(error) || error.code !== 'send_failed') return { status: 'uncertain', reason }
      const { retryable, retryAfterMs } = error
      return { status: 'failed', retryable, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    }
  }

  /** The one uncertain window: ask the transport, else do what the user chose. */
  async #resolve(transport: Transport, reason: string): Promise<ReplyOutcome> {
    const { settings } = this.#engine
    const found = await this.#find(transport)
    if (found.status === 'sent') return found
    if (found.status === 'absent') return this.#later(`${reason}; it did not arrive`)
    if (settings.uncertain === 'resend') return this.#later(`${reason}; sent again as configured`)
    return { status: 'held', reason: `${reason}; the transport ${transport.name} cannot tell whether it arrived` }
  }

  /** Asks as often as a reply is worth it: a transport that is not connected yet cannot tell, and will. */
  async #find(transport: Transport): Promise<FindResult> {
    const { clock, logger, random, sendTimeoutMs, sendRetry } = this.#engine.settings
    const { signal } = this.#lease
    for (let attempt = 1; transport.find; attempt += 1) {
      try {
        return await withTimeout((limit) => transport.find?.(this.#delivery, limit) ?? Promise.resolve(unknown), {
          clock,
          timeoutMs: sendTimeoutMs,
        })
      } catch (error) {
        logger.warn(
          { replyId: this.#reply.id, attempt, error: describeError(error) },
          'the transport failed to find a reply',
        )
        if (!isWaAgentError(error) || !error.retryable || attempt >= maxFindAttempts) return unknown
        await waitFor(clock, Math.max(backoffMs(attempt, sendRetry, random), error.retryAfterMs ?? 0), signal)
        // Left as it is: whoever has the conversation next asks again.
        if (signal.aborted) throw signal.reason
      }
    }
    return unknown
  }

  #later(reason: string, retryAfterMs = 0): ReplyOutcome {
    const { sendRetry, clock, random } = this.#engine.settings
    if (this.#attempts >= sendRetry.maxAttempts) return { status: 'dead', reason }
    const pauseMs = Math.max(backoffMs(this.#attempts, sendRetry, random), retryAfterMs)
    return { status: 'retry', notBeforeMs: clock.now() + pauseMs, reason }
  }

  #tell(outcome: ReplyOutcome): void {
    const { emit } = this.#engine
    const event = {
      conversation: this.#conversation,
      replyId: this.#reply.id,
      inReplyTo: this.#reply.inReplyTo,
      attempts: this.#attempts,
    }
    switch (outcome.status) {
      case 'sent':
        emit('reply-sent', outcome.providerId === undefined ? event : { ...event, providerId: outcome.providerId })
        break
      case 'retry':
        emit('reply-retried', { ...event, reason: outcome.reason, retryAtMs: outcome.notBeforeMs })
        break
      case 'held':
      case 'dead':
      case 'suppressed':
        emit(`reply-${outcome.status}`, { ...event, reason: outcome.reason })
        break
    }
  }
}

/** A reply that is final already cannot be begun. */
function asSettled(error: unknown): undefined {
  if (!isWaAgentError(error) || error.code !== 'not_found') throw error
}

/** Why a reply must not go out now; `undefined` where it may. */
function whyForbidden(reply: StoredReply, { optedOut, handoff }: Flags, nowMs: number): string | undefined {
  if (optedOut && reply.kind !== 'confirmation') return 'the customer opted out'
  // An agent's own handoff comes with its last words; a person who took over must not be talked over.
  const isTakenOver =
    handoff !== undefined && handoff.by !== 'agent' && (handoff.untilMs ?? Number.POSITIVE_INFINITY) > nowMs
  return isTakenOver && (reply.kind === 'reply' || reply.kind === 'fallback') ? 'a person has taken over' : undefined
}
