import { backoffMs } from '../backoff.ts'
import { waitFor } from '../clock.ts'
import type { ConversationKey } from '../conversation.ts'
import { describeError, isWaAgentError } from '../errors.ts'
import { type Governor, longestAskedMs, notConnected, type Permit, type Postponed } from '../governor/governor.ts'
import type { OutboundMessage } from '../message.ts'
import type { Flags, ReplyOutcome, StoredReply } from '../storage.ts'
import { logFieldsOf } from '../telemetry/log-fields.ts'
import { observeSend } from '../telemetry/observed-send.ts'
import type { Delivery, FindResult, SendResult, Transport } from '../transport.ts'
import type { Engine } from './engine.ts'
import type { KeptLease } from './lease-keeper.ts'
import { persist } from './persist.ts'
import { canSend, isCold, sendableIn, whyForbidden } from './send-rules.ts'
import { trackEarly } from './track.ts'
import { withTimeout } from './with-timeout.ts'

/** The circumstances of an attempt. */
export interface AttemptOptions {
  readonly reply: StoredReply
  /** As of the claim or the commit. */
  readonly flags: Flags
  /** Present where the attempt has begun with the commit of its turn. */
  readonly permit: Permit | undefined
  /** A template went out a moment ago in place of an earlier reply. */
  readonly templateWent: boolean
}

/** `parked`: it has not ended, and goes on when the channel is connected, or when there is room on it. */
type Ending = ReplyOutcome | Postponed | 'parked'

/** What a provider said beside no. */
type Refusal = Pick<Extract<SendResult, { status: 'failed' }>, 'retryAfterMs' | 'slowDown'>

/** So many times more often than after failures a message is tried that was only too much. */
const patience = 20
const unknown: FindResult = { status: 'unknown' }
const maxFindAttempts = 6
/** A shorter wait is not worth giving the conversation back. */
const longestWaitMs = 1000

/** One attempt to bring one reply out, or to find out what became of the last one. */
export class Attempt {
  readonly #engine: Engine
  readonly #lease: KeptLease
  readonly #options: AttemptOptions
  readonly #reply: StoredReply
  readonly #conversation: ConversationKey
  #isTemplated = false

  constructor(engine: Engine, lease: KeptLease, options: AttemptOptions) {
    this.#engine = engine
    this.#lease = lease
    this.#options = options
    this.#reply = options.reply
    this.#conversation = lease.current.conversation
  }

  /** Whether the template went out in place of the reply. */
  get isTemplated(): boolean {
    return this.#isTemplated
  }

  /**
   * `undefined` where somebody else has settled the reply meanwhile, e.g. its echo came in; `parked` where it stays as it is
   * until the channel is connected or has room.
   */
  run(): Promise<ReplyOutcome | 'parked' | undefined> {
    return this.#engine.telemetry.withTrace(this.#reply.trace, () => this.#run())
  }

  async #run(): Promise<ReplyOutcome | 'parked' | undefined> {
    const { storage } = this.#engine
    const ending = await this.#end()
    if (!ending) return undefined
    if (ending === 'parked') return this.#park()
    const isPostponed = ending.status === 'later'
    const outcome: ReplyOutcome = isPostponed
      ? { status: 'retry', notBeforeMs: ending.atMs, reason: ending.reason }
      : ending
    const settled = { conversation: this.#conversation, id: this.#reply.id }
    await persist(this.#engine, () => storage.settle(settled, outcome), {
      lease: this.#lease,
      doing: 'recording a send',
    })
    this.#tell(outcome, isPostponed)
    if (outcome.status !== 'retry') this.#engine.telemetry.given.forget(this.#reply.id)
    if (outcome.status === 'dead') this.#engine.late.note(this.#conversation, outcome.reason)
    if (outcome.status === 'sent' && outcome.providerId !== undefined) {
      await trackEarly(this.#engine, this.#conversation, outcome.providerId)
    }
    return outcome
  }

  async #end(): Promise<Ending | undefined> {
    // What has begun with the commit of its turn must end as well.
    if (this.#governor.isAway && !this.#options.permit) return this.#away()
    const transport = this.#engine.transportOf(this.#conversation)
    return (await this.#resolveCutOff(transport)) ?? (await this.#attempt(transport).catch(asSettled))
  }

  get #governor(): Governor {
    return this.#engine.governors.of(this.#conversation)
  }

  /** Nothing can be sent or asked now. What perhaps went out must stay marked as such. */
  #away(): 'parked' | Postponed {
    const { parked, settings } = this.#engine
    if (!parked.isFull || parked.has(this.#conversation) || this.#reply.status === 'sending') return 'parked'
    const { reason, forMs } = notConnected
    return { status: 'later', atMs: settings.clock.now() + forMs, reason }
  }

  #park(): 'parked' {
    const { parked, emit } = this.#engine
    const { id: replyId, inReplyTo } = this.#reply
    // The connection may be back by now: then the reply is still due.
    if (!this.#governor.isAway) return 'parked'
    if (!parked.has(this.#conversation)) {
      const { reason } = notConnected
      emit('reply-postponed', { conversation: this.#conversation, replyId, inReplyTo, reason })
    }
    parked.add(this.#conversation)
    return 'parked'
  }

  /** What became of an attempt whose end nobody recorded; `undefined` where it is to be sent (again) now. */
  async #resolveCutOff(transport: Transport): Promise<ReplyOutcome | 'parked' | undefined> {
    if (this.#reply.status !== 'sending') return undefined
    const outcome = await this.#resolve(transport, 'the last attempt was cut off')
    // Nobody refused anything, so there is no reason to pause.
    return outcome !== 'parked' && outcome.status === 'retry' ? undefined : outcome
  }

  async #attempt(transport: Transport): Promise<Ending> {
    if (!canSend(transport, this.#reply.message)) {
      return { status: 'dead', reason: `the transport ${transport.name} cannot send a ${this.#reply.message.type}` }
    }
    const permit = this.#options.permit ?? (await this.#ask())
    if (permit === 'parked') return permit
    if (permit.status === 'later') return this.#governor.isAway ? this.#away() : permit
    let result: SendResult | undefined
    try {
      // The flags are as of now: an order that came while the turn was running counts.
      const flags = this.#options.permit ? this.#options.flags : await this.#begin(permit)
      const sendable = this.#sendable(transport, flags)
      if ('status' in sendable) return sendable
      this.#isTemplated = sendable.isTemplated
      result = await this.#observedSend(transport, sendable.message)
    } finally {
      permit.end(result)
    }
    return this.#outcomeOf(transport, result)
  }

  /** Waits for its turn where that is soon; `parked` where it is called when the channel has room. */
  async #ask(): Promise<Permit | Postponed | 'parked'> {
    const { settings } = this.#engine
    const { signal } = this.#lease
    const { chat } = this.#conversation
    for (;;) {
      const nowMs = settings.clock.now()
      const cold = isCold(this.#reply, this.#options.flags, nowMs)
      const admission = this.#governor.admit({ chat, isCold: cold })
      if (admission.status === 'now') return admission
      if (admission.isFull && this.#governor.line.join(chat, cold)) return 'parked'
      if (cold || admission.atMs - nowMs > longestWaitMs) return admission
      await waitFor(settings.clock, admission.atMs - nowMs, signal)
      if (signal.aborted) return admission
    }
  }

  async #begin(permit: Permit): Promise<Flags> {
    const { storage, settings, governors } = this.#engine
    const lease = this.#lease
    if (permit.mustRemember) {
      await persist(this.#engine, () => governors.remember(this.#conversation), { lease, doing: 'counting a send' })
    }
    return persist(
      this.#engine,
      () => storage.commit(this.#lease.current, { nowMs: settings.clock.now(), sending: this.#reply.id }),
      { lease, doing: 'beginning a send' },
    )
  }

  /** What is to be sent now, or how the attempt ends without sending anything. */
  #sendable(transport: Transport, flags: Flags) {
    const nowMs = this.#engine.settings.clock.now()
    // Who stood still may not have been told yet that another has the conversation.
    if (this.#lease.signal.aborted || this.#lease.current.expiresAtMs <= nowMs) {
      return { status: 'retry', notBeforeMs: nowMs, reason: 'stopped before it was sent' } as const
    }
    const forbidden = whyForbidden(this.#reply, flags, nowMs)
    if (forbidden !== undefined) return { status: 'suppressed', reason: forbidden } as const
    const { lastInboundAtMs } = flags
    const { templateWent } = this.#options
    const { windowReleaseMs: releaseMs } = this.#engine.settings
    const sendable = sendableIn(transport, this.#reply, { nowMs, lastInboundAtMs, templateWent, releaseMs })
    return 'refusal' in sendable ? ({ status: 'dead', reason: sendable.refusal } as const) : sendable
  }

  async #outcomeOf(transport: Transport, result: SendResult): Promise<ReplyOutcome | 'parked'> {
    switch (result.status) {
      case 'sent':
        return result
      case 'failed':
        if (!result.retryable) return { status: 'dead', reason: result.reason }
        return this.#later(result.reason, result)
      case 'uncertain':
        return this.#resolve(transport, result.reason)
    }
  }

  /** With the one in hand. */
  get #attempts(): number {
    return this.#reply.attempts + 1
  }

  #delivery(message = this.#reply.message): Delivery {
    const { id, inReplyTo } = this.#reply
    return { id, chat: this.#conversation.chat, message, inReplyTo, attempt: this.#attempts }
  }

  #observedSend(transport: Transport, message: OutboundMessage): Promise<SendResult> {
    const { telemetry, settings } = this.#engine
    const about = { conversation: this.#conversation, reply: this.#reply, attempt: this.#attempts }
    const start = { ...about, transport: transport.name, now: () => settings.clock.now() }
    return observeSend(telemetry, start, () => this.#send(transport, message))
  }

  /** Not bound to the lease: what has begun to leave is better waited for than cut off in the middle. */
  async #send(transport: Transport, message: OutboundMessage): Promise<SendResult> {
    const { settings } = this.#engine
    try {
      return await withTimeout((limit) => transport.send(this.#delivery(message), limit), {
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
  async #resolve(transport: Transport, reason: string): Promise<ReplyOutcome | 'parked'> {
    const { settings } = this.#engine
    const found = await this.#find(transport)
    if (found === 'parked') return found
    if (found.status === 'sent') return found
    if (found.status === 'absent') return this.#later(`${reason}; it did not arrive`, {})
    if (settings.uncertain === 'resend') return this.#later(`${reason}; sent again as configured`, {})
    return { status: 'held', reason: `${reason}; the transport ${transport.name} cannot tell whether it arrived` }
  }

  /** Asks as often as a reply is worth it: a transport that is not connected yet cannot tell, and will. */
  async #find(transport: Transport): Promise<FindResult | 'parked'> {
    const { clock, logger, random, sendTimeoutMs, sendRetry } = this.#engine.settings
    const { signal } = this.#lease
    for (let attempt = 1; transport.find; attempt += 1) {
      if (this.#governor.isAway) return 'parked'
      try {
        return await withTimeout((limit) => transport.find?.(this.#delivery(), limit) ?? Promise.resolve(unknown), {
          clock,
          timeoutMs: sendTimeoutMs,
        })
      } catch (error) {
        logger.warn(
          { ...logFieldsOf(this.#conversation), replyId: this.#reply.id, attempt, error: describeError(error) },
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

  #later(reason: string, { retryAfterMs = 0, slowDown }: Refusal): ReplyOutcome {
    const { sendRetry, clock, random } = this.#engine.settings
    // The governor sees to it that too much does not stay too much: it is no failure of this message.
    const most = slowDown === undefined ? sendRetry.maxAttempts : sendRetry.maxAttempts * patience
    if (this.#attempts >= most) return { status: 'dead', reason }
    const attempt = slowDown === undefined ? this.#attempts : 1
    const pauseMs = Math.max(backoffMs(attempt, sendRetry, random), Math.min(retryAfterMs, longestAskedMs))
    return { status: 'retry', notBeforeMs: clock.now() + pauseMs, reason }
  }

  #tell(outcome: ReplyOutcome, isPostponed: boolean): void {
    const { emit } = this.#engine
    const { id: replyId, inReplyTo } = this.#reply
    const event = { conversation: this.#conversation, replyId, inReplyTo, attempts: this.#attempts }
    switch (outcome.status) {
      case 'sent':
        emit('reply-sent', outcome.providerId === undefined ? event : { ...event, providerId: outcome.providerId })
        break
      case 'retry': {
        const { reason, notBeforeMs } = outcome
        if (isPostponed) emit('reply-postponed', { ...event, reason, untilMs: notBeforeMs })
        else emit('reply-retried', { ...event, reason, retryAtMs: notBeforeMs })
        break
      }
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
