interface Chat {
  /** When the chat will be as if nothing had been sent ("theoretical arrival time" of GCRA, ITU-T I.371). */
  quietAtMs: number
  /** The latest `quietAtMs` that is written down already, or about to be. */
  writtenMs: number
  /** Until when the provider wants silence, and how often in a row it did. */
  pausedUntilMs: number
  refusals: number
}

/** What is kept of a chat across restarts. */
export type ChatRecord = readonly [chat: string, quietAtMs: number, pausedUntilMs: number, refusals?: number]

/** What is kept of all chats: the few that matter, and when the others are quiet at the latest. */
export interface ChatRecords {
  readonly chats: readonly ChatRecord[]
  readonly othersQuietAtMs: number
}

/** What a message has used of its chat's pace. */
export interface ChatUse {
  /** The use must be written down before the message leaves. */
  readonly mustRemember: boolean
  /** The message did not leave after all. */
  giveBack(): void
}

const sweepFrom = 1024
const longestPauseMs = 3_600_000
/** So many messages to one chat are never worth a write: after a kill they are assumed. */
const unwrittenBurst = 10

/** `burst` messages at once to one chat, then one every `everyMs`; and silence where the provider asked for it. */
export class ChatPace {
  readonly #everyMs: number
  /** No chat is busy for longer than that. */
  readonly #longestMs: number
  readonly #toleranceMs: number
  /** How much a chat may use that no record tells of: what any chat is taken to have used after a kill. */
  readonly #unwrittenMs: number
  /** So much more than was used is written down, so that not each message needs a write. */
  readonly #aheadMs: number
  readonly #chats = new Map<string, Chat>()
  #othersQuietAtMs = 0
  #sweepAt = sweepFrom

  constructor({ everyMs, burst }: { readonly everyMs: number; readonly burst: number }) {
    this.#everyMs = everyMs
    this.#longestMs = burst * everyMs
    this.#toleranceMs = (burst - 1) * everyMs
    this.#unwrittenMs = Math.max(Math.ceil(burst / 2), Math.min(burst, unwrittenBurst)) * everyMs
    this.#aheadMs = Math.floor(burst / 4) * everyMs
  }

  get isLimited(): boolean {
    return this.#everyMs > 0
  }

  /** When the next message to the chat may go. */
  earliestMs(chat: string, nowMs: number): number {
    const { quietAtMs, pausedUntilMs = 0 } = this.#chats.get(chat) ?? { quietAtMs: this.#othersQuietAtMs }
    return Math.max(nowMs, pausedUntilMs, quietAtMs - this.#toleranceMs)
  }

  take(chat: string, atMs: number): ChatUse {
    if (!this.isLimited) return { mustRemember: false, giveBack: () => undefined }
    const known = this.#chatOf(chat, atMs)
    const { writtenMs } = known
    known.quietAtMs = Math.max(known.quietAtMs, atMs) + this.#everyMs
    const mustRemember = known.quietAtMs - atMs > this.#unwrittenMs && known.quietAtMs > writtenMs
    if (mustRemember) known.writtenMs = known.quietAtMs + this.#aheadMs
    return {
      mustRemember,
      giveBack: () => {
        known.quietAtMs -= this.#everyMs
        known.writtenMs = writtenMs
      },
    }
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

  /** Chats that have used more than is assumed of every chat after a kill, and those that are paused. */
  toRecords(nowMs: number): ChatRecord[] {
    const records: ChatRecord[] = []
    for (const [chat, known] of this.#chats) {
      const isBusy = known.writtenMs - nowMs > this.#unwrittenMs
      if (isBusy || known.pausedUntilMs > nowMs) records.push(recordOf(chat, known, known.writtenMs))
    }
    return records
  }

  /** For a process that ends by itself and can tell exactly: all but those whose next message need not wait anyway. */
  toLastRecords(nowMs: number): ChatRecords {
    const chats: ChatRecord[] = []
    let othersQuietAtMs = this.#othersQuietAtMs > nowMs ? this.#othersQuietAtMs : 0
    for (const [chat, known] of this.#chats) {
      const isBusy = known.quietAtMs > nowMs && known.quietAtMs - nowMs > this.#toleranceMs / 2
      if (isBusy || known.pausedUntilMs > nowMs) chats.push(recordOf(chat, known, known.quietAtMs))
      else if (known.quietAtMs > nowMs) othersQuietAtMs = Math.max(othersQuietAtMs, known.quietAtMs)
    }
    return { chats, othersQuietAtMs }
  }

  /** Never for longer than these limits can mean: what was kept may be of other limits, or of a clock that was wrong. */
  restore({ chats, othersQuietAtMs }: ChatRecords, nowMs: number): void {
    const latestMs = nowMs + this.#longestMs
    this.#othersQuietAtMs = Math.min(othersQuietAtMs, latestMs)
    for (const [chat, writtenMs, pausedMs, refusals = 0] of chats) {
      const quietAtMs = Math.max(Math.min(writtenMs, latestMs), this.#othersQuietAtMs)
      const pausedUntilMs = Math.min(pausedMs, nowMs + longestPauseMs)
      this.#chats.set(chat, { quietAtMs, pausedUntilMs, refusals, writtenMs: Math.min(writtenMs, latestMs) })
    }
  }

  /** Takes it that every chat has used as much as none needs a record for. */
  assumeUsed(nowMs: number): void {
    this.#othersQuietAtMs = Math.max(this.#othersQuietAtMs, nowMs + this.#unwrittenMs)
    for (const known of this.#chats.values()) known.quietAtMs = Math.max(known.quietAtMs, this.#othersQuietAtMs)
  }

  #chatOf(chat: string, nowMs: number): Chat {
    const known = this.#chats.get(chat)
    if (known) return known
    if (this.#chats.size >= this.#sweepAt) this.#sweep(nowMs)
    const made = { quietAtMs: this.#othersQuietAtMs, writtenMs: 0, pausedUntilMs: 0, refusals: 0 }
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

function recordOf(chat: string, { pausedUntilMs, refusals }: Chat, quietAtMs: number): ChatRecord {
  return refusals === 0 ? [chat, quietAtMs, pausedUntilMs] : [chat, quietAtMs, pausedUntilMs, refusals]
}
