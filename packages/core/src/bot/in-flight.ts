import { type ChannelKey, channelId } from '../conversation.ts'

/** How many sends have begun on each channel whose result is not recorded yet. */
export class InFlight {
  readonly #byChannel = new Map<string, number>()

  begin(channel: ChannelKey): void {
    this.#add(channel, 1)
  }

  end(channel: ChannelKey): void {
    this.#add(channel, -1)
  }

  any(channel: ChannelKey): boolean {
    return (this.#byChannel.get(channelId(channel)) ?? 0) > 0
  }

  #add(channel: ChannelKey, count: number): void {
    const id = channelId(channel)
    this.#byChannel.set(id, (this.#byChannel.get(id) ?? 0) + count)
  }
}
