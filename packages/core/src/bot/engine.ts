import type { ChannelKey } from '../conversation.ts'
import type { Governors } from '../governor/governors.ts'
import type { Storage } from '../storage.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Transport } from '../transport.ts'
import type { Pipeline } from '../turn.ts'
import type { EarlyUpdates } from './early-updates.ts'
import type { Emit } from './events.ts'
import type { InFlight } from './in-flight.ts'
import type { LateReplies } from './late-replies.ts'
import type { Parked } from './parked.ts'
import type { Settings } from './settings.ts'

/** What the parts of a bot share. */
export interface Engine {
  readonly storage: Storage
  readonly pipeline: Pipeline
  readonly settings: Settings
  readonly emit: Emit
  readonly governors: Governors
  /** What waits for a connection. */
  readonly parked: Parked
  /** What waits for a window. */
  readonly late: LateReplies
  /** Sends whose result is not recorded yet. */
  readonly sends: InFlight
  /** What was told about them already. */
  readonly early: EarlyUpdates
  readonly telemetry: Telemetry
  /** The channels whose transports have been started: only their conversations are claimed. */
  readonly served: readonly ChannelKey[]
  /** Throws `not_found` for a channel that no transport serves. */
  transportOf(channel: ChannelKey): Transport
}
