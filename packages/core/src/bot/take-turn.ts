import { backoffMs } from '../backoff.ts'
import type { ConversationState, Handoff } from '../conversation.ts'
import { describeError, framesOf, isWaAgentError, WaAgentError } from '../errors.ts'
import type { Permit } from '../governor/governor.ts'
import type { OutboundMessage } from '../message.ts'
import type { OptOutOrder } from '../opt-out.ts'
import { type Prepared, prepareMessages } from '../outgoing/prepare.ts'
import type { Change, Claim, Control, Flags, NewReply, ReplyKind, StoredMessage, Usage } from '../storage.ts'
import { logFieldsOf } from '../telemetry/log-fields.ts'
import { type ObservedTurn, observeTurn } from '../telemetry/observed-turn.ts'
import type { TurnResult } from '../turn.ts'
import type { Committed } from './deliver.ts'
import type { Engine } from './engine.ts'
import type { KeptLease } from './lease-keeper.ts'
import { sortMessages } from './orders.ts'
import { persist } from './persist.ts'
import { canSend } from './send-rules.ts'
import { utcDay } from './utc-day.ts'

/**
 * Answers the pending messages of a claimed conversation as one turn, and commits. Returns what is now in the outbox. A turn
 * that fails is committed as failed; rejects only where the conversation is not ours any more.
 */
export async function takeTurn(engine: Engine, lease: KeptLease, claim: Claim): Promise<Committed> {
  const messages = messagesOfTurn(claim.messages)
  if (messages.length === 0) return { replies: [], flags: claim.flags }
  const { telemetry, settings } = engine
  const start = { conversation: claim.lease.conversation, messages, now: () => settings.clock.now() }
  return observeTurn(telemetry, start, (observed) => new TurnTaker(engine, lease, { claim, messages, observed }).take())
}

/**
 * What failed before is tried again alone, as it was: a message that came later must neither hide a failure nor die for it.
 */
function messagesOfTurn(pending: readonly StoredMessage[]): readonly StoredMessage[] {
  const attempts = pending[0]?.attempts
  const end = pending.findIndex((stored) => stored.attempts !== attempts)
  return end === -1 ? pending : pending.slice(0, end)
}

/** An answer before it is committed. */
interface Answer {
  readonly change: Omit<Change, 'nowMs' | 'usage' | 'done'>
  readonly order: OptOutOrder | undefined
  readonly result?: TurnResult
}

class TurnTaker {
  readonly #engine: Engine
  readonly #lease: KeptLease
  readonly #claim: Claim
  readonly #messages: readonly StoredMessage[]
  readonly #turnId: string
  readonly #observed: ObservedTurn
  #spent: Usage = { tokens: 0, costUsd: 0 }

  constructor(
    engine: Engine,
    lease: KeptLease,
    { claim, messages, observed }: { claim: Claim; messages: readonly StoredMessage[]; observed: ObservedTurn },
  ) {
    const { tenant, channel } = claim.lease.conversation
    this.#engine = engine
    this.#lease = lease
    this.#claim = claim
    this.#messages = messages
    this.#observed = observed
    // Named after its first message: after a crash a turn may have grown, and is still the same piece of work.
    this.#turnId = `${tenant}/${channel}/${messages[0]?.message.id}`
  }

  async take(): Promise<Committed> {
    const { clock } = this.#engine.settings
    const beganMs = clock.now()
    this.#engine.emit('turn-started', { ...this.#event(), attempt: this.#attempt })
    let answer: Answer
    let flags: Flags
    let permit: Permit | undefined
    try {
      answer = await this.#answer()
      const [first] = answer.change.replies ?? []
      permit = first && this.#permitFor(first)
      const sending = first && permit ? { sending: first.id } : {}
      flags = await this.#commit({ ...answer.change, done: this.#seqs(), ...sending })
    } catch (error) {
      permit?.end(undefined)
      // A lost lease or the end of the bot: nothing is committed, the messages stay pending.
      if (this.#lease.signal.aborted) throw this.#lease.signal.reason
      if (isWaAgentError(error) && error.code === 'lease_lost') throw error
      return this.#fail(error)
    }
    const { control, replies = [] } = answer.change
    this.#observed.committed(replies, answer.result?.trace)
    this.#engine.emit('turn-committed', {
      ...this.#event(),
      replies,
      durationMs: clock.now() - beganMs,
      ...(answer.result ? { trace: answer.result.trace } : {}),
    })
    if (answer.order)
      this.#engine.emit(answer.order === 'stop' ? 'opted-out' : 'opted-in', { conversation: this.#conversation })
    this.#tellHandoff(control, flags)
    return permit ? { replies, flags, begun: permit } : { replies, flags }
  }

  /** The first reply begins to leave with the commit itself, unless something has to leave before it: one sync less. */
  #permitFor({ message }: NewReply): Permit | undefined {
    if (this.#claim.replies.length > 0) return undefined
    if (!canSend(this.#engine.transportOf(this.#conversation), message)) return undefined
    const { chat } = this.#conversation
    const admission = this.#engine.governors.of(this.#conversation).admit({ chat, isCold: false })
    if (admission.status === 'later') return undefined
    if (!admission.mustRemember) return admission
    // What is written down before it leaves cannot begin here.
    admission.end(undefined)
    return undefined
  }

  async #answer(): Promise<Answer> {
    const { optOut } = this.#engine.settings
    const { forAgents, order } = sortMessages(this.#messages, this.#claim.flags.optedOut)
    const confirmation = order ? this.#confirm(optOut.confirmation[order]) : []
    if (forAgents.length === 0) return { change: { replies: confirmation }, order }

    const { handoff, isOver } = this.#handoff()
    const result = await this.#run(forAgents, handoff)
    const prepared = this.#prepare(result.replies)
    for (const warning of [...result.trace.warnings, ...prepared.warnings]) {
      this.#engine.settings.logger.warn({ ...this.#logFields(), agent: result.trace.route.agent }, warning)
    }
    return {
      change: {
        state: withChoices(result, prepared, this.#engine.settings.clock.now()),
        replies: [...confirmation, ...this.#replies(prepared.messages, 'reply')],
        ...controlOf(result.handoff === undefined && isOver ? null : result.handoff, this.#claim.flags.handoff),
      },
      order,
      result,
    }
  }

  #run(messages: readonly StoredMessage[], handoff: Handoff | undefined): Promise<TurnResult> {
    const { pipeline } = this.#engine
    const transport = this.#engine.transportOf(this.#conversation)
    return pipeline.run(
      {
        ...this.#conversation,
        messages: messages.map((stored) => stored.message),
        state: this.#claim.state,
        handoff,
        history: this.#claim.history,
        usage: this.#claim.usage,
        turnId: this.#turnId,
      },
      {
        signal: this.#lease.signal,
        onUsage: ({ inputTokens, outputTokens, costUsd }) => {
          this.#spent = {
            tokens: this.#spent.tokens + inputTokens + outputTokens,
            costUsd: this.#spent.costUsd + costUsd,
          }
        },
        ...(transport.openMedia ? { openMedia: transport.openMedia.bind(transport) } : {}),
      },
    )
  }

  /** Counts the failure: another attempt later, or the end and the fallback answer. */
  async #fail(error: unknown): Promise<Committed> {
    const { clock, retry, random, fallbackText, logger } = this.#engine.settings
    const reason = describeError(error)
    const attempt = this.#attempt
    // Nobody was asked: no attempt was made, however often that happens.
    const counts = !isWaAgentError(error) || error.code !== 'pipeline_unavailable'
    const isFinal = counts && (attempt >= retry.maxAttempts || (isWaAgentError(error) && !error.retryable))
    logger.warn({ ...this.#logFields(), attempt, error: reason, frames: framesOf(error), isFinal }, 'a turn failed')
    if (!isFinal) {
      const retryAfterMs = isWaAgentError(error) ? (error.retryAfterMs ?? 0) : 0
      const atMs = clock.now() + Math.max(backoffMs(attempt, retry, random), retryAfterMs)
      await this.#commit({ retry: { messages: this.#seqs(), atMs, reason, ...(counts ? {} : { counts }) } })
      this.#observed.failed(reason)
      this.#engine.emit('turn-failed', { ...this.#event(), attempt, error, retryAtMs: atMs })
      return { replies: [], flags: this.#claim.flags }
    }
    const fallback = fallbackText === false ? [] : this.#prepare([{ type: 'text', text: fallbackText }]).messages
    const replies = this.#replies(fallback, 'fallback')
    const flags = await this.#commit({ dead: { messages: this.#seqs(), reason }, replies })
    this.#observed.failed(reason, { replies })
    this.#engine.emit('turn-dead', { ...this.#event(), attempt, error })
    return { replies, flags }
  }

  #commit(change: Omit<Change, 'nowMs' | 'usage'>): Promise<Flags> {
    const { storage, settings } = this.#engine
    const nowMs = settings.clock.now()
    const usage =
      this.#spent.tokens > 0 || this.#spent.costUsd > 0 ? { usage: { ...this.#spent, day: utcDay(nowMs) } } : {}
    return persist(
      this.#engine,
      () => storage.commit(this.#lease.current, { ...change, ...usage, nowMs: settings.clock.now() }),
      {
        lease: this.#lease,
        doing: 'committing a turn',
      },
    )
  }

  #prepare(messages: readonly OutboundMessage[]): Prepared {
    const { capabilities } = this.#engine.transportOf(this.#conversation)
    return prepareMessages(messages, { capabilities, fallbackText: this.#engine.settings.fallbackText })
  }

  #confirm(text: string | false): readonly NewReply[] {
    return text === false ? [] : this.#replies(this.#prepare([{ type: 'text', text }]).messages, 'confirmation')
  }

  #replies(messages: readonly OutboundMessage[], kind: ReplyKind): NewReply[] {
    const { createId, clock } = this.#engine.settings
    const trace = this.#engine.telemetry.injectTrace()
    const common = { kind, inReplyTo: this.#messageIds(), notBeforeMs: clock.now(), ...(trace && { trace }) }
    return messages.map((message) => ({ id: createId(), message, ...common }))
  }

  /** A handoff whose time is over counts no more, and is taken off with this turn. */
  #handoff(): { handoff: Handoff | undefined; isOver: boolean } {
    const { handoff } = this.#claim.flags
    const isOver = handoff?.untilMs !== undefined && handoff.untilMs <= this.#engine.settings.clock.now()
    return { handoff: isOver ? undefined : handoff, isOver }
  }

  #tellHandoff(control: Control | undefined, flags: Flags): void {
    const conversation = this.#conversation
    if (control?.handoff === null && !flags.handoff) this.#engine.emit('handoff-released', { conversation, by: 'turn' })
    else if (control?.handoff && flags.handoff)
      this.#engine.emit('handoff-started', { conversation, handoff: flags.handoff })
  }

  get #conversation() {
    return this.#claim.lease.conversation
  }

  get #attempt(): number {
    return (this.#messages[0]?.attempts ?? 0) + 1
  }

  #seqs(): readonly number[] {
    return this.#messages.map((stored) => stored.seq)
  }

  #messageIds(): readonly string[] {
    const written = this.#messages.filter(({ message }) => !message.fromMe && !message.automated)
    return written.map(({ message }) => message.id)
  }

  /** The turn's id would not do: some providers' ids of messages are phone numbers. */
  #logFields() {
    return logFieldsOf(this.#conversation, this.#messages[0]?.message.id)
  }

  #event() {
    return { conversation: this.#conversation, turnId: this.#turnId, messageIds: this.#messageIds() }
  }
}

/** A handoff that was decided when the turn began must not undo one that began meanwhile: only the one seen is released. */
function controlOf(handoff: Handoff | null | undefined, seen: Handoff | undefined): { readonly control?: Control } {
  if (handoff === undefined) return {}
  return { control: handoff === null && seen ? { handoff, releasesSinceMs: seen.sinceMs } : { handoff } }
}

/** New choices replace old ones; an answer of the agent that offered the old ones makes them void. */
function withChoices({ state, trace }: TurnResult, { choices, messages }: Prepared, nowMs: number): ConversationState {
  const agent = trace.route.agent
  if (agent !== undefined && choices) return { ...state, choices: { agent, offeredAtMs: nowMs, options: choices } }
  if (!state.choices || messages.length === 0 || state.choices.agent !== agent) return state
  const { choices: _, ...rest } = state
  return rest
}

/** The error of a turn that was stopped because the bot ends. */
export function stopped(): WaAgentError {
  return new WaAgentError('not_running', 'The bot stopped before the turn was finished; its messages stay pending.', {
    retryable: true,
  })
}
