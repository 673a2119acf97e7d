import type { ChannelKey } from '../conversation.ts'

/** Sends that have begun and whose result is not recorded yet, by channel. */
export class InFlight {
  readonly #byChannel = new Map<string, Set<Promise<unknown>>>()

  /** Counts `send` in until it has ended. */
  async during<Result>(channel: ChannelKey, send: Promise<Result>): Promise<Result> {
    const id = `${channel.tenant}/${channel.channel}`
    const sends = this.#byChannel.get(id) ?? new Set()
    this.#byChannel.set(id, sends)
    sends.add(send)
    try {
      return await send
    } finally {
      sends.delete(send)
    }
  }

  /** Resolves when all that are in flight now have ended, however they ended; says whether there were any. */
  async ended(channel: ChannelKey): Promise<boolean> {
    const sends = [...(this.#byChannel.get(`${channel.tenant}/${channel.channel}`) ?? [])]
    await Promise.allSettled(sends)
    return sends.length > 0
  }
}
