import type { Clock } from '../clock.ts'
import { type ChannelKey, type ConversationKey, channelId, conversationId } from '../conversation.ts'
import { describeError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Storage } from '../storage.ts'
import type { Transport } from '../transport.ts'
import { Governor, type GovernorOptions } from './governor.ts'
import { checkLimits, type SendLimits } from './limits.ts'
import { Line } from './line.ts'
import { readRecord, writeRecord } from './record.ts'
import type { Share } from './share.ts'

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
  /** A send has ended: perhaps there is room for the `next` of the channel. */
  readonly onEnd: (channel: ChannelKey) => void
}

/** Each worker keeps what it has used itself. */
const recordPrefix = 'governor'
const recordName = ({ place }: Share) => (place === 0 ? recordPrefix : `${recordPrefix}.${place}`)
const saveEveryMs = 1000
/** Of the conversations that are worked on at once, one of several channels leaves so many free for the others ... */
const keptForOthers = 0.05
/** ... and one that hangs, or has not been used lately, may have so many. */
const shareOfUnproven = 0.25
/** So many conversations per slot may wait in memory, about. What is more is postponed in the storage. */
const waitingPerSlot = 100

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
  readonly #waiting = new Set<string>()
  #cancelTimer: (() => void) | undefined
  #isEnding = false
  #share: Share = { place: 0, workers: 1 }

  constructor(options: GovernorsOptions) {
    this.#options = options
    for (const transport of options.transports) this.add(transport)
  }

  /** Makes the governor of one more channel. Throws `invalid_options` for limits that mean nothing. */
  add(transport: Transport): void {
    const { clock, random, onCircuit, onEnd, concurrency } = this.#options
    const channel = { tenant: transport.tenant, channel: transport.channel }
    const limits = checkLimits({ ...transport.limits, ...this.#options.limits }, 'limits')
    const governor: Governor = new Governor({
      limits,
      clock,
      random,
      maxInFlight: () => this.#mostOf(governor),
      line: new Line({
        idOf: (chat) => conversationId({ ...channel, chat }),
        ids: this.#waiting,
        most: concurrency * waitingPerSlot,
      }),
      onCircuit: (state) => onCircuit(channel, state),
      onEnd: () => onEnd(channel),
    })
    governor.share(this.#share)
    this.#byChannel.set(channelId(channel), {
      channel,
      governor,
      saved: undefined,
      saving: undefined,
      next: undefined,
    })
  }

  /** From now on only this part of every limit is ours: other workers send through the same channels. */
  share(share: Share): void {
    const isElsewhere = share.place !== this.#share.place
    this.#share = share
    for (const governed of this.#byChannel.values()) {
      governed.governor.share(share)
      // What stands in the record of the new place is another worker's until ours is written.
      if (isElsewhere) governed.saved = undefined
    }
  }

  of(channel: ChannelKey): Governor {
    return this.#governed(channel).governor
  }

  /** Conversations that wait until sends of their channel have ended, as `conversationId` writes them. */
  get waiting(): ReadonlySet<string> {
    return this.#waiting
  }

  /** Those who may go on: there is room for them now, and kept until they ask or `left` says that they did not. */
  next(channel: ChannelKey): readonly ConversationKey[] {
    const { governor, channel: key } = this.#governed(channel)
    if (governor.line.length === 0) return []
    return governor.line.call(governor.room).map((chat) => ({ ...key, chat }))
  }

  /** The same of all channels, also in place of those who were called and did not come. */
  nextOfAll(): readonly ConversationKey[] {
    if (this.#waiting.size === 0) return []
    return [...this.#byChannel.values()].flatMap(({ channel, governor }) => {
      governor.line.forgetCalled()
      return this.next(channel)
    })
  }

  /** A conversation is not worked on any more. True where room was kept for it that others may have now. */
  left(conversation: ConversationKey): boolean {
    return this.#byChannel.get(channelId(conversation))?.governor.line.arrived(conversation.chat) ?? false
  }

  /** Restores all of them, and writes from now on what changes. */
  async start(): Promise<void> {
    this.#isEnding = false
    for (const { governor } of this.#byChannel.values()) governor.line.clear()
    for (const { channel } of this.#byChannel.values()) await this.restore(channel)
    this.#saveLater()
  }

  /** Reads what was remembered of a channel, and marks it as that of a process that runs. */
  async restore(channel: ChannelKey): Promise<void> {
    const governed = this.#governed(channel)
    governed.saved = await this.#options.storage.records.get(governed.channel, recordName(this.#share))
    governed.governor.restore(readRecord(governed.saved))
    await this.#saveOrWarn(governed)
    await this.#askForOthers(governed)
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
      void this.#saveAll(true).then(() => {
        if (this.#cancelTimer) this.#saveLater()
      })
    })
  }

  async #saveAll(goesOn = false): Promise<void> {
    for (const governed of this.#byChannel.values()) {
      await this.#saveOrWarn(governed)
      if (goesOn) await this.#askForOthers(governed)
    }
  }

  /** What is left of a day is divided: also what those who are gone have sent counts. */
  async #askForOthers({ governor, channel }: Governed): Promise<void> {
    if (!governor.asksForOthers) return
    const share = this.#share
    try {
      const all = await this.#options.storage.records.list(channel, recordPrefix)
      const others = [...all].filter(([name]) => name !== recordName(share))
      if (share === this.#share) governor.sentByOthers(others.map(([, json]) => readRecord(json)))
    } catch (error) {
      this.#options.logger.warn(
        { ...channel, error: describeError(error) },
        'what other workers have sent is not known',
      )
    }
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
    await this.#options.storage.records.set(channel, recordName(this.#share), json)
    governed.saved = json
  }

  /** How many sends of a channel may be on their way: what the others leave, at least a fair part, as long as it is well. */
  #mostOf(governor: Governor): number {
    if (this.#byChannel.size < 2) return Number.POSITIVE_INFINITY
    const { concurrency } = this.#options
    const unproven = Math.max(1, Math.floor(concurrency * shareOfUnproven))
    if (!governor.isProven) return unproven
    const all = Math.max(1, concurrency - Math.max(1, Math.floor(concurrency * keptForOthers)))
    let busy = 1
    let used = 0
    for (const { governor: other } of this.#byChannel.values()) {
      if (other === governor || other.demand === 0) continue
      busy += 1
      used += other.isProven ? other.demand : Math.min(other.demand, unproven)
    }
    return Math.max(1, Math.floor(all / busy), all - used)
  }

  #governed(channel: ChannelKey): Governed {
    const governed = this.#byChannel.get(channelId(channel))
    if (!governed) throw new Error(`no governor for ${channelId(channel)}`)
    return governed
  }
}
