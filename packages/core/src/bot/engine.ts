import { type ChannelKey, channelId } from '../conversation.ts'
import { WaAgentError } from '../errors.ts'
import type { Governors } from '../governor/governors.ts'
import type { Storage } from '../storage.ts'
import type { Transport } from '../transport.ts'
import type { Pipeline } from '../turn.ts'
import type { EarlyUpdates } from './early-updates.ts'
import type { Emit } from './events.ts'
import type { InFlight } from './in-flight.ts'
import type { Settings } from './settings.ts'

/** What the parts of a bot share. */
export interface Engine {
  readonly storage: Storage
  readonly pipeline: Pipeline
  readonly settings: Settings
  readonly emit: Emit
  readonly governors: Governors
  /** Sends whose result is not recorded yet. */
  readonly sends: InFlight
  /** What was told about them already. */
  readonly early: EarlyUpdates
  /** Throws `not_found` for a channel that no transport serves. */
  transportOf(channel: ChannelKey): Transport
}

/** Finds transports by channel. */
export function transportFinder(transports: readonly Transport[]): Engine['transportOf'] {
  const byChannel = new Map(transports.map((transport) => [channelId(transport), transport]))
  return (channel) => {
    const transport = byChannel.get(channelId(channel))
    if (transport) return transport
    throw new WaAgentError(
      'not_found',
      `No transport serves channel "${channelId(channel)}". Add one to createBot({ transports }).`,
    )
  }
}
