interface Chat {
  /** When the chat will be as if nothing had been sent ("theoretical arrival time" of GCRA, ITU-T I.371). */
  quietAtMs: number
  /** Until when the provider wants silence, and how often in a row it did. */
  pausedUntilMs: number
  refusals: number
}

/** What is kept of a chat across restarts. */
export type ChatRecord = readonly [chat: string, quietAtMs: number, pausedUntilMs: number]

const sweepFrom = 1024

/** `burst` messages at once to one chat, then one every `everyMs`; and silence where the provider asked for it. */
export class ChatPace {
  readonly #everyMs: number
  readonly #toleranceMs: number
  readonly #chats = new Map<string, Chat>()
  #sweepAt = sweepFrom

  constructor({ everyMs, burst }: { readonly everyMs: number; readonly burst: number }) {
    this.#everyMs = everyMs
    this.#toleranceMs = (burst - 1) * everyMs
  }

  /** When the next message to the chat may go. */
  earliestMs(chat: string, nowMs: number): number {
    const known = this.#chats.get(chat)
    return known ? Math.max(nowMs, known.pausedUntilMs, known.quietAtMs - this.#toleranceMs) : nowMs
  }

  take(chat: string, atMs: number): void {
    if (this.#everyMs === 0) return
    const known = this.#chatOf(chat, atMs)
    known.quietAtMs = Math.max(known.quietAtMs, atMs) + this.#everyMs
  }

  /** The provider refused: silence for `retryAfterMs`, or 4, 16, 64, ... seconds where it did not say for how long. */
  pause(chat: string, nowMs: number, retryAfterMs: number | undefined): void {
    const known = this.#chatOf(chat, nowMs)
    known.refusals += 1
    known.pausedUntilMs = nowMs + (retryAfterMs ?? Math.min(4 ** known.refusals * 1000, longestPauseMs))
  }

  /** A message went through. */
  sent(chat: string): void {
    const known = this.#chats.get(chat)
    if (known) known.refusals = 0
  }

  /** Chats that used up more than half of their burst, or that are paused: the few that a restart must not forget. */
  toRecords(nowMs: number): ChatRecord[] {
    const records: ChatRecord[] = []
    for (const [chat, { quietAtMs, pausedUntilMs }] of this.#chats) {
      const isBusy = quietAtMs - nowMs > this.#toleranceMs / 2 && quietAtMs > nowMs
      if (isBusy || pausedUntilMs > nowMs) records.push([chat, quietAtMs, pausedUntilMs])
    }
    return records
  }

  restore(records: readonly ChatRecord[]): void {
    for (const [chat, quietAtMs, pausedUntilMs] of records) {
      this.#chats.set(chat, { quietAtMs, pausedUntilMs, refusals: 0 })
    }
  }

  #chatOf(chat: string, nowMs: number): Chat {
    const known = this.#chats.get(chat)
    if (known) return known
    if (this.#chats.size >= this.#sweepAt) this.#sweep(nowMs)
    const made = { quietAtMs: 0, pausedUntilMs: 0, refusals: 0 }
    this.#chats.set(chat, made)
    return made
  }

  #sweep(nowMs: number): void {
    for (const [chat, { quietAtMs, pausedUntilMs }] of this.#chats) {
      if (quietAtMs <= nowMs && pausedUntilMs <= nowMs) this.#chats.delete(chat)
    }
    this.#sweepAt = Math.max(sweepFrom, this.#chats.size * 2)
  }
}

const longestPauseMs = 3_600_000
