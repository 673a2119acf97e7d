import { type Bot, type ChannelKey, type Clock, channelId, waitFor } from '@wa-agent/core'

/** Messages that somebody waits for the end of. */
export interface Wait {
  /** This one needs no waiting (any more). */
  over(id: string): void
  /** Resolves when none is left, after `timeoutMs`, or with the signal: look with `isOver`. */
  within(timeoutMs: number, signal: AbortSignal): Promise<void>
  readonly isOver: boolean
  /** Nobody waits any more. */
  end(): void
}

interface Waiter {
  readonly ids: Set<string>
  tell(): void
}

/** Knows who waits for which messages, and hears of the bot when their turns end. */
export class Waiting {
  readonly #clock: Clock
  readonly #byMessage = new Map<string, Set<Waiter>>()

  constructor(bot: Bot, clock: Clock) {
    this.#clock = clock
    const ended = (event: { readonly conversation: ChannelKey; readonly messageIds: readonly string[] }) => {
      for (const id of event.messageIds) this.#tell(event.conversation, id)
    }
    bot.on('turn-committed', ended)
    bot.on('turn-dead', ended)
  }

  /** Begins to wait: do it before the messages are handed over. */
  begin(channel: ChannelKey, ids: readonly string[]): Wait {
    let resolve: () => void = () => undefined
    const waiter: Waiter = { ids: new Set(ids), tell: () => waiter.ids.size === 0 && resolve() }
    const keys = ids.map((id) => keyOf(channel, id))
    for (const key of keys) {
      const waiters = this.#byMessage.get(key) ?? new Set()
      this.#byMessage.set(key, waiters.add(waiter))
    }
    return {
      over: (id) => void waiter.ids.delete(id),
      within: async (timeoutMs, signal) => {
        if (waiter.ids.size === 0) return
        const ended = new AbortController()
        resolve = () => ended.abort()
        await waitFor(this.#clock, timeoutMs, AbortSignal.any([ended.signal, signal]))
      },
      get isOver() {
        return waiter.ids.size === 0
      },
      end: () => {
        for (const key of keys) {
          const waiters = this.#byMessage.get(key)
          waiters?.delete(waiter)
          if (waiters?.size === 0) this.#byMessage.delete(key)
        }
      },
    }
  }

  #tell(channel: ChannelKey, id: string): void {
    for (const waiter of this.#byMessage.get(keyOf(channel, id)) ?? []) {
      waiter.ids.delete(id)
      waiter.tell()
    }
  }
}

function keyOf(channel: ChannelKey, id: string): string {
  return `${channelId(channel)}/${id}`
}
