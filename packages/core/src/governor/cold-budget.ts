import type { ColdLimits } from './limits.ts'
import { daysBetween, localTime, minuteOf, nextAt } from './local-time.ts'
import { countOf, type Share } from './share.ts'

/** What is kept of cold sends across restarts. */
export interface ColdRecord {
  /** The day of `sent`, and the first day on which anything cold was sent. */
  readonly day: string
  readonly firstDay: string
  readonly sent: number
  /** Until when there is a pause after the last one. */
  readonly pausedUntilMs?: number
}

const nothing = { day: '', ours: 0, others: 0 }
const askAgainMs = 1000

/** When the next cold message may go: so many a day, more each day while a number is new, not at night, not in a row. */
export class ColdBudget {
  readonly #limits: ColdLimits
  readonly #random: () => number
  readonly #timeZone: string
  #record: ColdRecord | undefined
  #share: Share = { place: 0, workers: 1 }
  /** What was sent until the share was told, by us and by all others. `undefined`: it is not known yet. */
  #before: { readonly day: string; readonly ours: number; readonly others: number } | undefined = nothing

  constructor(limits: ColdLimits, random: () => number) {
    this.#limits = limits
    this.#random = random
    this.#timeZone = limits.timeZone ?? 'UTC'
  }

  /**
   * Only this part of what is left of a day's messages is ours from now on, and the pauses are longer by as much. Nothing goes
   * until `sentByOthers` says what is left.
   */
  share(share: Share): void {
    this.#share = share
    if (this.#counts) this.#before = undefined
  }

  /** Whether it waits for `sentByOthers`. */
  get asksForOthers(): boolean {
    return this.#before === undefined
  }

  sentByOthers(records: readonly ColdRecord[], nowMs: number): void {
    const { day } = localTime(nowMs, this.#timeZone)
    const others = records.reduce((sum, record) => sum + (record.day === day ? record.sent : 0), 0)
    this.#before = { day, ours: this.#sentOn(nowMs), others }
  }

  /** Whether anything has to be kept of what was sent. */
  get isKept(): boolean {
    return this.#counts || this.#limits.pauseMs !== undefined
  }

  get record(): ColdRecord | undefined {
    return this.#record
  }

  restore(record: ColdRecord): void {
    this.#record = record
  }

  /** The earliest moment, and why it is not now. */
  earliest(nowMs: number): { readonly atMs: number; readonly reason: string } {
    const quietUntilMs = this.#quietUntilMs(nowMs)
    if (quietUntilMs > nowMs) return { atMs: quietUntilMs, reason: 'quiet hours' }
    if (this.asksForOthers) return { atMs: nowMs + askAgainMs, reason: 'what other workers have sent is looked up' }
    if (this.#counts && this.#sentOn(nowMs) >= this.#allowedOn(nowMs)) {
      const tomorrowMs = nextAt(nowMs, 0, this.#timeZone)
      return { atMs: Math.max(tomorrowMs, this.#quietUntilMs(tomorrowMs)), reason: 'enough cold messages today' }
    }
    return { atMs: Math.max(nowMs, this.#pausedUntilMs(nowMs)), reason: 'a pause between cold messages' }
  }

  /** Counts a message. What is returned undoes it, where the message did not leave after all. */
  take(nowMs: number): () => void {
    if (!this.isKept) return () => undefined
    const before = this.#record
    const { day } = localTime(nowMs, this.#timeZone)
    const taken = { day, firstDay: before?.firstDay ?? day, sent: this.#sentOn(nowMs) + 1, ...this.#pauseFrom(nowMs) }
    this.#record = taken
    return () => {
      if (this.#record === taken) this.#record = before
      // Others were counted meanwhile, and the pause is theirs.
      else if (this.#record?.day === day) this.#record = { ...this.#record, sent: this.#record.sent - 1 }
    }
  }

  get #counts(): boolean {
    return this.#limits.perDay !== undefined || this.#limits.warmUp !== undefined
  }

  #pauseFrom(nowMs: number): Pick<ColdRecord, 'pausedUntilMs'> {
    const { pauseMs } = this.#limits
    if (!pauseMs) return {}
    const waitMs = pauseMs.least + this.#random() * (pauseMs.most - pauseMs.least)
    return { pausedUntilMs: Math.ceil(nowMs + waitMs * this.#share.workers) }
  }

  /** Never longer than a pause can be: what was kept may be of other limits, or of a clock that was wrong. */
  #pausedUntilMs(nowMs: number): number {
    return Math.min(this.#record?.pausedUntilMs ?? 0, nowMs + (this.#limits.pauseMs?.most ?? 0) * this.#share.workers)
  }

  #sentOn(nowMs: number): number {
    return this.#record?.day === localTime(nowMs, this.#timeZone).day ? this.#record.sent : 0
  }

  #allowedOn(nowMs: number): number {
    const all = this.#allowedToAllOn(nowMs)
    const { day, ours, others } = this.#before ?? nothing
    if (day !== localTime(nowMs, this.#timeZone).day) return countOf(all, this.#share)
    return ours + countOf(Math.max(0, all - ours - others), this.#share)
  }

  #allowedToAllOn(nowMs: number): number {
    const { perDay = Number.POSITIVE_INFINITY, warmUp } = this.#limits
    if (!warmUp) return perDay
    const { day } = localTime(nowMs, this.#timeZone)
    const age = this.#record ? daysBetween(this.#record.firstDay, day) : 0
    return Math.min(perDay, Math.floor(warmUp.firstDay * warmUp.factor ** age))
  }

  #quietUntilMs(nowMs: number): number {
    const { quietHours } = this.#limits
    const from = quietHours && minuteOf(quietHours.from)
    const until = quietHours && minuteOf(quietHours.until)
    if (from === undefined || until === undefined) return nowMs
    const { minute } = localTime(nowMs, this.#timeZone)
    const isQuiet = from <= until ? minute >= from && minute < until : minute >= from || minute < until
    return isQuiet ? nextAt(nowMs, until, this.#timeZone) : nowMs
  }
}
