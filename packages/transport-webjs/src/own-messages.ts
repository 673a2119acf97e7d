import type { Clock } from '@wa-agent/core'

/** What became of a message at WhatsApp: 1 it has it, 2 the phone has it, 3 read, 4 played, -1 it failed. */
export type Ack = number

/** A message that this process sends, or has sent. */
interface OwnMessage {
  readonly replyId: string
  /** The whole key, once it is known. */
  providerId?: string
}

const mostRemembered = 5000

/** What this process sent: to tell its echoes from the owner's hand, and whose acks they are. By the short id in the key. */
export class OwnMessages {
  readonly #clock: Clock
  readonly #own = new Map<string, OwnMessage>()
  readonly #acks = new Map<string, (ack: Ack) => void>()
  readonly #leaving = new Set<Promise<unknown>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether something is on its way out. */
  get isIdle(): boolean {
    return this.#leaving.size === 0
  }

  /** A send: until it has ended, nobody can say whose an echo is. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    const ended = work.catch(() => undefined)
    this.#leaving.add(ended)
    try {
      return await work
    } finally {
      this.#leaving.delete(ended)
    }
  }

  /** Resolves once what is on its way now has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#leaving)
  }

  remember(shortId: string, message: OwnMessage): void {
    for (const oldest of this.#own.keys()) {
      if (this.#own.size < mostRemembered) break
      this.#own.delete(oldest)
    }
    this.#own.set(shortId, { ...this.#own.get(shortId), ...message })
  }

  get(shortId: string): Readonly<OwnMessage> | undefined {
    return this.#own.get(shortId)
  }

  /** An ack came; gives whether a send has waited for it. */
  acknowledge(shortId: string, ack: Ack): boolean {
    const end = ack === 0 ? undefined : this.#acks.get(shortId)
    end?.(ack)
    return end !== undefined
  }

  /** The first ack of one of these that says something, or `undefined` where none comes in time. Ask before it can come. */
  ackOf(shortIds: readonly string[], { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal }) {
    return new Promise<Ack | undefined>((resolve) => {
      const end = (ack: Ack | undefined) => {
        cancel()
        signal.removeEventListener('abort', give)
        // Another attempt may wait for the same ids by now.
        for (const id of shortIds) if (this.#acks.get(id) === end) this.#acks.delete(id)
        resolve(ack)
      }
      const give = () => end(undefined)
      const cancel = this.#clock.after(limitMs, give)
      signal.addEventListener('abort', give, { once: true })
      for (const id of shortIds) this.#acks.set(id, end)
      if (signal.aborted) give()
    })
  }
}
