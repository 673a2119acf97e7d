import { type CircuitBreaker, circuitBreaker } from '../circuit-breaker.ts'
import type { Clock } from '../clock.ts'
import { WaAgentError } from '../errors.ts'
import type { ConnectionState, SendResult } from '../transport.ts'
import { ChannelPace } from './channel-pace.ts'
import { ChatPace } from './chat-pace.ts'
import { ColdBudget } from './cold-budget.ts'
import type { SendLimits } from './limits.ts'
import { Line } from './line.ts'
import type { GovernorRecord } from './record.ts'
import type { Share } from './share.ts'

/**
 * A message that may go out now. Say once how it ended; `undefined` where it never left after all, which gives back what it
 * had used of the limits.
 */
export interface Permit {
  readonly status: 'now'
  /** What the governor knows must be durable before the message leaves. */
  readonly mustRemember: boolean
  end(result: SendResult | undefined): void
}

/** A message that has to wait until then; ask again. */
export interface Postponed {
  readonly status: 'later'
  readonly atMs: number
  readonly reason: string
  /** Enough are on their way: whoever joins the line of the governor is called earlier than that. */
  readonly isFull?: true
}

/** What is about to leave. */
export interface Leaving {
  readonly chat: string
  /** Nobody asked for it. */
  readonly isCold: boolean
}

/** What a governor is made with. */
export interface GovernorOptions {
  readonly limits: SendLimits
  readonly clock: Clock
  /** 0..1. */
  readonly random: () => number
  /** How many sends may be on their way at once. Default: any number. */
  readonly maxInFlight?: () => number
  /** Those who wait for one of these to end. */
  readonly line?: Line
  /** Told when a send has ended. */
  readonly onEnd?: () => void
  /** Told when the channel counts as down, and when it does no more. */
  readonly onCircuit: (state: CircuitBreaker['state']) => void
}

/** What cold messages leave free of a channel's speed, so that an answer never waits behind a campaign. */
const keptForAnswers = 0.2
const longestPauseMs = 60_000
/** A provider that asks for more has made a mistake, or is asked again for nothing. */
export const longestAskedMs = 3_600_000
/** Who comes later than that for a slot needs another one: together, late ones would be too many. */
const slotLifeMs = 100
const sweepFrom = 1024
/** How long a message waits where enough are on their way, and too many wait for one of them to end. */
const fullMs = 2000
/** A channel hangs when sends are on their way and none has gone through for twice as long as the last took, within these. */
const hangsAfterMs = { least: 500, most: 5000 }
/** What was well so lately is taken to be well still. */
const trustedForMs = 10_000
/** Why and how long a message waits that finds no connection and cannot be told when there is one. */
export const notConnected = { reason: 'the channel is not connected', forMs: 60_000 }
const away: ReadonlySet<ConnectionState> = new Set(['connecting', 'disconnected', 'needs-login'])

/**
 * The one place through which all sends of a channel go. Answers get slots in the order in which they ask; cold messages
 * get what is left. A refusal slows down what it was about: the channel, or one chat.
 */
export class Governor {
  readonly #clock: Clock
  readonly #onCircuit: GovernorOptions['onCircuit']
  readonly #messagesPerSecond: number | undefined
  #channel: ChannelPace | undefined
  readonly #chats: ChatPace
  readonly #cold: ColdBudget
  #breaker: CircuitBreaker
  /** The slot that an answer to this chat was given. */
  readonly #slots = new Map<string, number>()
  #coldSpacingMs: number
  #nextColdMs = 0
  #pausedUntilMs = 0
  #refusals = 0
  #inFlight = 0
  /** Since when there are any. */
  #busySinceMs = 0
  #wentThroughAtMs = Number.NEGATIVE_INFINITY
  #tookMs = 0
  #isAway = false
  #sweepAt = sweepFrom
  readonly #maxInFlight: () => number
  readonly #onEnd: () => void
  /** Those who wait until there is room. */
  readonly line: Line

  constructor({ limits, clock, random, onCircuit, maxInFlight, line, onEnd }: GovernorOptions) {
    const { messagesPerSecond, perChat = { everyMs: 0, burst: 1 }, cold = {} } = limits
    this.#clock = clock
    this.#onCircuit = onCircuit
    this.#maxInFlight = maxInFlight ?? (() => Number.POSITIVE_INFINITY)
    this.line = line ?? new Line()
    this.#onEnd = onEnd ?? (() => undefined)
    this.#messagesPerSecond = messagesPerSecond
    this.#channel = messagesPerSecond === undefined ? undefined : new ChannelPace(messagesPerSecond)
    this.#coldSpacingMs = coldSpacingMs(messagesPerSecond)
    this.#chats = new ChatPace(perChat)
    this.#cold = new ColdBudget(cold, random)
    this.#breaker = this.#breakerDownUntil(undefined)
  }

  /** Other workers send through the channel too: from now on only this part of the limits is ours. */
  share(share: Share): void {
    this.#cold.share(share)
    if (this.#messagesPerSecond === undefined) return
    const ours = this.#messagesPerSecond / share.workers
    this.#channel = this.#channel?.changedTo(ours)
    this.#coldSpacingMs = coldSpacingMs(ours)
  }

  /** Whether no cold message goes before `sentByOthers` was told. */
  get asksForOthers(): boolean {
    return this.#cold.asksForOthers
  }

  /** What the records of the other workers of this channel say. */
  sentByOthers(records: readonly GovernorRecord[]): void {
    const colds = records.flatMap(({ cold }) => (cold ? [cold] : []))
    this.#cold.sentByOthers(colds, this.#clock.now())
  }

  /** Whether the transport has said that it is not connected. Who says nothing is taken to be. */
  get isAway(): boolean {
    return this.#isAway
  }

  /** The transport says how its connection is; `undefined` where it has not said anything yet. */
  connection(state: ConnectionState | undefined): void {
    this.#isAway = state !== undefined && away.has(state)
  }

  /** How many sends are on their way or wait for room. */
  get demand(): number {
    return this.#inFlight + this.line.length
  }

  /** How many more may be on their way, without those who were called. */
  get room(): number {
    return this.#maxInFlight() - this.#inFlight - this.line.keptFrom()
  }

  /** Whether it answers as long as it is asked; `false` also for one that was not asked lately. */
  get isProven(): boolean {
    const nowMs = this.#clock.now()
    if (nowMs - this.#wentThroughAtMs > trustedForMs) return false
    const { least, most } = hangsAfterMs
    const patienceMs = Math.min(most, Math.max(least, 2 * this.#tookMs))
    return this.#inFlight === 0 || nowMs - Math.max(this.#wentThroughAtMs, this.#busySinceMs) <= patienceMs
  }

  /** Asks for a message that is ready to leave. */
  admit({ chat, isCold }: Leaving): Permit | Postponed {
    const nowMs = this.#clock.now()
    if (this.#isAway) return later(nowMs + notConnected.forMs, notConnected.reason)
    const closedMs = this.#breaker.retryAfterMs
    if (closedMs > 0) return later(nowMs + closedMs, 'the channel seems to be down')
    if (this.#pausedUntilMs > nowMs)
      return later(this.#pausedUntilMs, 'the provider wants fewer messages of this channel')
    // One provider that does not answer must not keep the others waiting.
    if (this.#isFullFor(chat, nowMs)) {
      return { ...later(nowMs + fullMs, 'enough of this channel is on its way'), isFull: true }
    }
    const chatMs = this.#chats.earliestMs(chat, nowMs)
    if (chatMs > nowMs) return later(chatMs, 'the pace of this chat')
    const slot = isCold ? (this.#whyColdWaits(nowMs) ?? this.#coldSlot(nowMs)) : this.#slotOf(chat, nowMs)
    return typeof slot === 'number' ? this.#permit(chat, { isCold, nowMs, slotMs: slot }) : slot
  }

  /** What has to survive a process that may die at any moment. */
  toRecord(): GovernorRecord {
    const nowMs = this.#clock.now()
    // Only then is anything used that no record tells of.
    const isRunning = this.#channel !== undefined || this.#chats.isLimited ? ({ isRunning: true } as const) : {}
    return { ...isRunning, ...this.#restsAndCounts(nowMs), chats: this.#chats.toRecords(nowMs) }
  }

  /** What has to survive a process that ends by itself. */
  toLastRecord(): GovernorRecord {
    const nowMs = this.#clock.now()
    const lastSlotMs = this.#channel?.newestMs ?? 0
    const slot = lastSlotMs + 1000 > nowMs ? { lastSlotMs } : {}
    return { ...slot, ...this.#restsAndCounts(nowMs), ...this.#chats.toLastRecords(nowMs) }
  }

  restore(record: GovernorRecord): void {
    const { pausedUntilMs = 0, refusals = 0, downUntilMs, lastSlotMs, chats = [], othersQuietAtMs = 0, cold } = record
    const nowMs = this.#clock.now()
    this.#pausedUntilMs = Math.min(pausedUntilMs, nowMs + longestAskedMs)
    this.#refusals = refusals
    if (downUntilMs !== undefined) this.#breaker = this.#breakerDownUntil(Math.min(downUntilMs, nowMs + longestAskedMs))
    this.#chats.restore({ chats, othersQuietAtMs }, nowMs)
    if (cold) this.#cold.restore(cold)
    if (lastSlotMs !== undefined) this.#channel?.fill(Math.min(lastSlotMs, nowMs))
    if (!record.isRunning) return
    // Killed: whatever may have gone out since the last write is taken to have.
    this.#channel?.fill(nowMs)
    this.#chats.assumeUsed(nowMs)
  }

  #restsAndCounts(nowMs: number): GovernorRecord {
    const { record } = this.#cold
    const { openUntilMs } = this.#breaker
    return {
      ...(this.#pausedUntilMs > nowMs ? { pausedUntilMs: this.#pausedUntilMs, refusals: this.#refusals } : {}),
      ...(openUntilMs === undefined ? {} : { downUntilMs: openUntilMs }),
      ...(record ? { cold: record } : {}),
    }
  }

  #breakerDownUntil(openUntilMs: number | undefined): CircuitBreaker {
    const options = { clock: this.#clock, refuse, isFailure: () => false, onChange: this.#onCircuit }
    return circuitBreaker(openUntilMs === undefined ? options : { ...options, openUntilMs })
  }

  #permit(
    chat: string,
    { isCold, nowMs, slotMs }: { readonly isCold: boolean; readonly nowMs: number; readonly slotMs: number },
  ): Permit {
    const use = this.#chats.take(chat, nowMs)
    const uncount = isCold ? this.#cold.take(nowMs) : undefined
    const call = this.#breaker.begin()
    if (this.#inFlight === 0) this.#busySinceMs = nowMs
    this.#inFlight += 1
    this.line.arrived(chat)
    return {
      status: 'now',
      mustRemember: use.mustRemember || (isCold && this.#cold.isKept),
      end: (result) => {
        this.#inFlight -= 1
        call.end(outcomeOf(result))
        if (result?.status === 'sent') this.#wentThrough(nowMs)
        if (result) this.#learn(chat, result)
        else {
          use.giveBack()
          uncount?.()
          this.#channel?.giveBack(slotMs)
        }
        this.#onEnd()
      },
    }
  }

  #wentThrough(beganMs: number): void {
    this.#wentThroughAtMs = this.#clock.now()
    this.#tookMs = this.#wentThroughAtMs - beganMs
  }

  #isFullFor(chat: string, nowMs: number): boolean {
    if (this.#inFlight + this.line.keptFrom(chat) < this.#maxInFlight()) return false
    // A slot that comes now would be lost: one of a channel that is well may be used.
    const slotMs = this.#slots.get(chat)
    return slotMs === undefined || slotMs > nowMs || nowMs - slotMs > slotLifeMs || !this.isProven
  }

  #coldSlot(nowMs: number): number {
    this.#channel?.take(nowMs)
    return nowMs
  }

  /** When the answer may go: a number where that is now. */
  #slotOf(chat: string, nowMs: number): number | Postponed {
    if (!this.#channel) return nowMs
    const given = this.#slots.get(chat)
    if (given !== undefined && given > nowMs) return later(given, 'the pace of this channel')
    this.#slots.delete(chat)
    if (given !== undefined && nowMs - given <= slotLifeMs) return given
    const slotMs = this.#channel.earliestMs(nowMs)
    this.#channel.take(slotMs)
    if (slotMs <= nowMs) return slotMs
    if (this.#slots.size >= this.#sweepAt) this.#sweep(nowMs)
    this.#slots.set(chat, slotMs)
    return later(slotMs, 'the pace of this channel')
  }

  /** Forgets slots that nobody came back for. */
  #sweep(nowMs: number): void {
    for (const [chat, slotMs] of this.#slots) if (nowMs - slotMs > slotLifeMs) this.#slots.delete(chat)
    this.#sweepAt = Math.max(sweepFrom, this.#slots.size * 2)
  }

  #whyColdWaits(nowMs: number): Postponed | undefined {
    const { atMs, reason } = this.#cold.earliest(nowMs)
    if (atMs > nowMs) return later(atMs, reason)
    if (!this.#channel || this.#channel.load(nowMs) < 1 - keptForAnswers) return undefined
    // Each of many that wait gets a time of its own: together they would come back for the same slot.
    this.#nextColdMs = Math.max(this.#nextColdMs, nowMs) + this.#coldSpacingMs
    return later(Math.ceil(this.#nextColdMs), 'answers go before cold messages')
  }

  #learn(chat: string, result: SendResult): void {
    if (result.status === 'sent') {
      this.#refusals = 0
      this.#chats.sent(chat)
    } else if (result.status === 'failed' && result.slowDown === 'chat') {
      this.#chats.pause(chat, this.#clock.now(), asked(result.retryAfterMs))
    } else if (result.status === 'failed' && result.slowDown === 'channel') {
      this.#pause(asked(result.retryAfterMs))
    }
  }

  #pause(askedMs: number | undefined): void {
    const nowMs = this.#clock.now()
    // What was on its way together is refused together: that is one refusal.
    if (this.#pausedUntilMs <= nowMs) this.#refusals += 1
    const pauseMs = askedMs ?? Math.min(2 ** (this.#refusals - 1) * 1000, longestPauseMs)
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + pauseMs)
    this.#slots.clear()
  }
}

function coldSpacingMs(messagesPerSecond: number | undefined): number {
  return messagesPerSecond === undefined ? 0 : 1000 / (messagesPerSecond * (1 - keptForAnswers))
}

function asked(retryAfterMs: number | undefined): number | undefined {
  return retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, longestAskedMs)
}

/** A provider that answers, even with a refusal, is not down. */
function outcomeOf(result: SendResult | undefined): 'success' | 'failure' | 'neither' {
  if (!result) return 'neither'
  if (result.status === 'sent') return 'success'
  if (result.status === 'uncertain') return 'failure'
  return result.retryable && result.slowDown === undefined ? 'failure' : 'success'
}

function later(atMs: number, reason: string): Postponed {
  return { status: 'later', atMs, reason }
}

function refuse(retryAfterMs: number): Error {
  return new WaAgentError('send_failed', 'The channel seems to be down. Wait before sending.', {
    retryable: true,
    retryAfterMs,
  })
}
