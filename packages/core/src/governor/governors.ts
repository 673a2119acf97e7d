import type { Clock } from '../clock.ts'
import { type ChannelKey, channelId } from '../conversation.ts'
import { describeError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Storage } from '../storage.ts'
import type { Transport } from '../transport.ts'
import { Governor, type GovernorOptions } from './governor.ts'
import { checkLimits, type SendLimits } from './limits.ts'
import { readRecord, writeRecord } from './record.ts'

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
  /** The write in work, and the one after it. */
  saving: Promise<void> | undefined
  next: Promise<void> | undefined
}

/** The governors of all channels, and what of them survives a restart. */
export class Governors {
  readonly #options: GovernorsOptions
  readonly #byChannel = new Map<string, Governed>()
  #cancelTimer: (() => void) | undefined
  #isEnding = false

  constructor(options: GovernorsOptions) {
    this.#options = options
    for (const transport of options.transports) this.add(transport)
  }

  /** Makes the governor of one more channel. Throws `invalid_options` for limits that mean nothing. */
  add(transport: Transport): void {
    const { clock, random, onCircuit, concurrency } = this.#options
    const channel = { tenant: transport.tenant, channel: transport.channel }
    const limits = checkLimits({ ...transport.limits, ...this.#options.limits }, 'limits')
    const share = Math.max(2, Math.floor(concurrency * shareOfOne))
    const governor = new Governor({
      limits,
      clock,
      random,
      maxInFlight: () => (this.#byChannel.size > 1 ? share : Number.POSITIVE_INFINITY),
      onCircuit: (state) => onCircuit(channel, state),
    })
    this.#byChannel.set(channelId(channel), {
      channel,
      governor,
      saved: undefined,
      saving: undefined,
      next: undefined,
    })
  }

  of(channel: ChannelKey): Governor {
    return this.#governed(channel).governor
  }

  /** Restores all of them, and writes from now on what changes. */
  async start(): Promise<void> {
    this.#isEnding = false
    for (const { channel } of this.#byChannel.values()) await this.restore(channel)
    this.#saveLater()
  }

  /** Reads what was remembered of a channel, and marks it as that of a process that runs. */
  async restore(channel: ChannelKey): Promise<void> {
    const governed = this.#governed(channel)
    governed.saved = await this.#options.storage.records.get(governed.channel, recordName)
    governed.governor.restore(readRecord(governed.saved))
    await this.#saveOrWarn(governed)
  }

  /** Resolves once what the governor of the channel knows is durable. Those who ask meanwhile share the next write. */
  remember(channel: ChannelKey): Promise<void> {
    return this.#save(this.#governed(channel))
  }

  async stop(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#isEnding = true
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
    for (const governed of this.#byChannel.values()) await this.#saveOrWarn(governed)
  }

  async #saveOrWarn(governed: Governed): Promise<void> {
    try {
      await this.#save(governed)
    } catch (error) {
      this.#options.logger.warn({ ...governed.channel, error: describeError(error) }, 'limits could not be saved')
    }
  }

  #save(governed: Governed): Promise<void> {
    // The write in work may have begun too early to tell everything.
    if (governed.saving !== undefined)
      governed.next ??= governed.saving.catch(() => undefined).then(() => this.#write(governed))
    return governed.next ?? this.#write(governed)
  }

  #write(governed: Governed): Promise<void> {
    governed.next = undefined
    governed.saving = this.#writeNow(governed).finally(() => {
      governed.saving = undefined
    })
    return governed.saving
  }

  async #writeNow(governed: Governed): Promise<void> {
    const { governor, channel } = governed
    const json = writeRecord(this.#isEnding ? governor.toLastRecord() : governor.toRecord())
    if (json === governed.saved) return
    await this.#options.storage.records.set(channel, recordName, json)
    governed.saved = json
  }

  #governed(channel: ChannelKey): Governed {
    const governed = this.#byChannel.get(channelId(channel))
    if (!governed) throw new Error(`no governor for ${channelId(channel)}`)
    return governed
  }
}
