/** At most so many messages in any second, counted exactly. Slots are given out in advance, first come first served. */
export class ChannelPace {
  readonly #perSecond: number
  /** A second, or longer where less than one message a second is ours. */
  readonly #windowMs: number
  /** When the last slots are, oldest at `#next`; -Infinity where there was none. */
  readonly #slotsMs: number[]
  #next = 0

  constructor(messagesPerSecond: number) {
    this.#perSecond = Math.max(1, Math.floor(messagesPerSecond))
    this.#windowMs = Math.max(1000, 1000 / messagesPerSecond)
    this.#slotsMs = new Array<number>(this.#perSecond).fill(Number.NEGATIVE_INFINITY)
  }

  /** When the next message may go; a slot that is taken later does not come earlier. */
  earliestMs(nowMs: number): number {
    return Math.max(nowMs, (this.#slotsMs[this.#next] ?? 0) + this.#windowMs)
  }

  take(atMs: number): void {
    this.#slotsMs[this.#next] = atMs
    this.#next = (this.#next + 1) % this.#perSecond
  }

  /** A message did not leave after all. Only the newest slot is worth giving back: behind it others are promised. */
  giveBack(atMs: number): void {
    const newest = (this.#next - 1 + this.#perSecond) % this.#perSecond
    if (this.#slotsMs[newest] !== atMs) return
    this.#slotsMs[newest] = Number.NEGATIVE_INFINITY
    this.#next = newest
  }

  /** When the newest slot is; -Infinity where there was none. */
  get newestMs(): number {
    return this.#slotsMs[(this.#next - 1 + this.#perSecond) % this.#perSecond] ?? Number.NEGATIVE_INFINITY
  }

  /** Takes it that everything was used up then, since nobody knows. */
  fill(atMs: number): void {
    this.#slotsMs.fill(atMs)
  }

  /** The same history under another limit. */
  changedTo(messagesPerSecond: number): ChannelPace {
    const changed = new ChannelPace(messagesPerSecond)
    const known = this.#slotsMs.toSorted((one, other) => one - other)
    for (const slotMs of known.slice(-changed.#perSecond)) changed.take(slotMs)
    return changed
  }

  /** How much of the last second is used or promised, 0 to 1. */
  load(nowMs: number): number {
    const used = this.#slotsMs.filter((atMs) => atMs > nowMs - this.#windowMs).length
    return used / this.#perSecond
  }
}
