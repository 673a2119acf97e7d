import type { Clock } from '../clock.ts'
import { type ChannelKey, channelId } from '../conversation.ts'
import { describeError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Storage } from '../storage.ts'
import type { Transport } from '../transport.ts'
import { Governor, type GovernorOptions, type GovernorRecord } from './governor.ts'
import { checkLimits, type SendLimits } from './limits.ts'

/** What the governors of a bot work with. */
export interface GovernorsOptions extends Pick<GovernorOptions, 'clock' | 'random'> {
  readonly transports: readonly Transport[]
  /** Come before the limits of the transports. */
  readonly limits: SendLimits | undefined
  readonly storage: Storage
  readonly clock: Clock
  /** How many conversations are worked on at once, of all channels. */
  readonly concurrency: number
  readonly logger: Logger
  readonly onCircuit: (channel: ChannelKey, state: 'closed' | 'open' | 'half-open') => void
}

const recordName = 'governor'
const saveEveryMs = 1000
/** Of the conversations that are worked on at once, so many may be sending on one of several channels. */
const shareOfOne = 0.25

interface Governed {
  readonly channel: ChannelKey
  readonly governor: Governor
  /** As it was last written. */
  saved: string | undefined
}

/** The governors of all channels, and what of them survives a restart. */
export class Governors {
  readonly #options: GovernorsOptions
  readonly #byChannel = new Map<string, Governed>()
  #cancelTimer: (() => void) | undefined

  constructor(options: GovernorsOptions) {
    this.#options = options
    const { clock, random, onCircuit } = options
    const share = Math.max(2, Math.floor(options.concurrency * shareOfOne))
    const most = options.transports.length > 1 ? { maxInFlight: share } : {}
    for (const transport of options.transports) {
      const channel = { tenant: transport.tenant, channel: transport.channel }
      const limits = checkLimits({ ...transport.limits, ...options.limits }, 'limits')
      const governor = new Governor({ limits, clock, random, ...most, onCircuit: (state) => onCircuit(channel, state) })
      this.#byChannel.set(channelId(channel), { channel, governor, saved: undefined })
    }
  }

  of(channel: ChannelKey): Governor {
    return this.#governed(channel).governor
  }

  /** Reads what was remembered. What cannot be read is forgotten: a limit is too old to matter, a bot is not. */
  async start(): Promise<void> {
    for (const governed of this.#byChannel.values()) {
      governed.saved = await this.#options.storage.records.get(governed.channel, recordName)
      const record = parseRecord(governed.saved)
      if (record) governed.governor.restore(record)
    }
    this.#saveLater()
  }

  /** Resolves once what the governor of the channel knows is durable. */
  remember(channel: ChannelKey): Promise<void> {
    return this.#save(this.#governed(channel))
  }

  async stop(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    await this.#saveAll()
  }

  #saveLater(): void {
    this.#cancelTimer = this.#options.clock.after(saveEveryMs, () => {
      void this.#saveAll().then(() => {
        if (this.#cancelTimer) this.#saveLater()
      })
    })
  }

  async #saveAll(): Promise<void> {
    for (const governed of this.#byChannel.values()) {
      try {
        await this.#save(governed)
      } catch (error) {
        this.#options.logger.warn({ ...governed.channel, error: describeError(error) }, 'limits could not be saved')
      }
    }
  }

  async #save(governed: Governed): Promise<void> {
    const record = governed.governor.toRecord()
    const isEmpty = record.pausedUntilMs === 0 && record.chats.length === 0 && !record.cold
    const json = isEmpty ? undefined : JSON.stringify(record)
    if (json === governed.saved) return
    await this.#options.storage.records.set(governed.channel, recordName, json)
    governed.saved = json
  }

  #governed(channel: ChannelKey): Governed {
    const governed = this.#byChannel.get(channelId(channel))
    if (!governed) throw new Error(`no governor for ${channelId(channel)}`)
    return governed
  }
}

function parseRecord(json: string | undefined): GovernorRecord | undefined {
  if (json === undefined) return undefined
  try {
    const { pausedUntilMs, chats, cold }: Partial<GovernorRecord> = JSON.parse(json)
    if (typeof pausedUntilMs !== 'number' || !Array.isArray(chats)) return undefined
    return { pausedUntilMs, chats, ...(cold && typeof cold.sent === 'number' ? { cold } : {}) }
  } catch {
    return undefined
  }
}
