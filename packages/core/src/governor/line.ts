/** Where the line of one channel counts among those of all channels. */
export interface LineOptions {
  /** As `conversationId` writes it. */
  readonly idOf: (chat: string) => string
  /** Those who wait, of all channels. */
  readonly ids: Set<string>
  /** So many may wait, of all channels. */
  readonly most: number
}

/**
 * Chats that wait until sends of their channel have ended: those who wrote before those who did not, in the order in which they
 * came. Only in memory, since whoever starts anew finds them due.
 */
export class Line {
  readonly #options: LineOptions
  readonly #answers = new Set<string>()
  readonly #cold = new Set<string>()
  /** Told that there is room, and not here yet: it is theirs. */
  readonly #called = new Set<string>()

  constructor(options: LineOptions = { idOf: (chat) => chat, ids: new Set(), most: Number.POSITIVE_INFINITY }) {
    this.#options = options
  }

  get length(): number {
    return this.#answers.size + this.#cold.size
  }

  /** How many places are kept for others than this chat. */
  keptFrom(chat?: string): number {
    return this.#called.size - (chat !== undefined && this.#called.has(chat) ? 1 : 0)
  }

  /** Who waits already keeps its place. False where too many do. */
  join(chat: string, isCold: boolean): boolean {
    const { ids, idOf, most } = this.#options
    const id = idOf(chat)
    if (ids.size >= most && !ids.has(id)) return false
    ids.add(id)
    this.#called.delete(chat)
    if (isCold && !this.#answers.has(chat)) this.#cold.add(chat)
    if (isCold) return true
    this.#cold.delete(chat)
    this.#answers.add(chat)
    return true
  }

  /** Lets the next go, so many that `room` is used up. */
  call(room: number): readonly string[] {
    const next: string[] = []
    for (const chats of [this.#answers, this.#cold]) {
      for (const chat of chats) {
        if (next.length >= room) break
        next.push(chat)
        chats.delete(chat)
        this.#called.add(chat)
        this.#options.ids.delete(this.#options.idOf(chat))
      }
    }
    return next
  }

  /** A chat that was called is here, or does not come. False for one that was not called. */
  arrived(chat: string): boolean {
    return this.#called.delete(chat)
  }

  /** Who was called and is not here yet keeps no place any longer. */
  forgetCalled(): void {
    this.#called.clear()
  }

  clear(): void {
    this.call(Number.POSITIVE_INFINITY)
    this.#called.clear()
  }
}
