import type { ChannelKey } from '../conversation.ts'

/** Sends that have begun and whose result is not recorded yet, by channel. */
export class InFlight {
  readonly #byChannel = new Map<string, number>()

  /** Counts `send` in until it has ended. */
  async during<Result>(channel: ChannelKey, send: Promise<Result>): Promise<Result> {
    const id = `${channel.tenant}/${channel.channel}`
    this.#add(id, 1)
    try {
      return await send
    } finally {
      this.#add(id, -1)
    }
  }

  any(channel: ChannelKey): boolean {
    return (this.#byChannel.get(`${channel.tenant}/${channel.channel}`) ?? 0) > 0
  }

  #add(id: string, count: number): void {
    this.#byChannel.set(id, (this.#byChannel.get(id) ?? 0) + count)
  }
}
