import { type ChannelKey, channelId, isKeyName } from '../conversation.ts'
import { WaAgentError } from '../errors.ts'
import type { Transport } from '../transport.ts'

/** The transports of a bot by channel. More may be added while it runs. */
export class TransportList {
  readonly #all: Transport[] = []
  readonly #served: ChannelKey[] = []
  readonly #byChannel = new Map<string, Transport>()

  /** Throws `invalid_options` as `add` does. */
  constructor(transports: readonly Transport[]) {
    for (const transport of transports) {
      this.add(transport)
      this.serve(transport)
    }
  }

  /** In the order in which they were added; it grows with them. */
  get all(): readonly Transport[] {
    return this.#all
  }

  /** The channels whose mail may be taken up; it grows with them. */
  get served(): readonly ChannelKey[] {
    return this.#served
  }

  /** Throws `not_found` for a channel that no transport serves. */
  of(channel: ChannelKey): Transport {
    const transport = this.#byChannel.get(channelId(channel))
    if (transport) return transport
    throw new WaAgentError(
      'not_found',
      `No transport serves channel "${channelId(channel)}". Add one to createBot({ transports }).`,
    )
  }

  /** Throws `invalid_options` for what is no transport, a name that cannot be, and a second transport of a channel. */
  add(transport: Transport): void {
    checkShape(transport)
    checkNames(transport)
    const id = channelId(transport)
    if (this.#byChannel.has(id)) {
      throw new WaAgentError(
        'invalid_options',
        `Expected one transport for each channel, got two for "${id}". Give one of them another channel name.`,
      )
    }
    this.#byChannel.set(id, transport)
    this.#all.push(transport)
  }

  /** From now on the mail of its channel may be taken up. */
  serve({ tenant, channel }: Transport): void {
    this.#served.push({ tenant, channel })
  }

  /** Takes out one that is not served yet. */
  remove(transport: Transport): void {
    this.#byChannel.delete(channelId(transport))
    this.#all.splice(this.#all.indexOf(transport), 1)
  }
}

/** What a program in JavaScript gives may be anything. */
function checkShape(transport: Partial<Transport> | null | undefined): void {
  const { name, tenant, channel, capabilities, start, send, stop } = transport ?? {}
  const isNamed = [name, tenant, channel].every((part) => typeof part === 'string')
  const isWorking = [start, send, stop].every((part) => typeof part === 'function')
  if (isNamed && isWorking && Array.isArray(capabilities?.types)) return
  throw new WaAgentError(
    'invalid_options',
    'Expected a transport such as cloudApiTransport(): name, tenant, channel, capabilities, start(), send() and stop().',
  )
}

function checkNames({ name, tenant, channel }: Transport): void {
  for (const [what, value] of Object.entries({ tenant, channel })) {
    if (isKeyName(value)) continue
    throw new WaAgentError(
      'invalid_options',
      `[createBot] Expected \`${what} of transport ${name}\` to be 1-128 letters, digits or . _ : @ + -, got ${JSON.stringify(value)}.`,
    )
  }
}
