import type { Clock } from '../clock.ts'
import { describeError } from '../errors.ts'
import type { Share } from '../governor/share.ts'
import type { Logger } from '../logger.ts'
import type { Storage } from '../storage.ts'
import {
  connectionsKey,
  fleetKey,
  type Place,
  pausedRecord,
  readConnection,
  readPlace,
  type ToldConnection,
  workerPrefix,
} from './fleet-records.ts'

/** How often a worker looks what the others have left word of. */
const lookEveryMs = 1000
/** How often it says that it is there ... */
const sayEveryMs = 5000
/** ... and how long it may be silent before its place is another's. */
const deadAfterMs = 20_000
/** How often it looks how the channels are connected. */
const connectionsEveryMs = 5000

/** What a fleet works with. */
export interface FleetOptions {
  readonly storage: Storage
  readonly id: string
  readonly clock: Clock
  readonly logger: Logger
  onShare(share: Share): void
  onPaused(isPaused: boolean): void
  /** By `channelId`. Told once for each change. */
  onConnection(channel: string, told: ToldConnection): void
  /** Told every few seconds while there are other workers. */
  onOthers(): void
}

/** One worker among those that share a storage: it has a place, knows how many there are, and does what all are told. */
export class Fleet {
  readonly #options: FleetOptions
  #place = 0
  /** What stands at our place, as we wrote it; `undefined` where we have none. */
  #written: string | undefined
  #saidAtMs = Number.NEGATIVE_INFINITY
  /** What was last seen at each place, and since when by our own clock: that of its worker may be wrong. */
  readonly #seen = new Map<string, { readonly json: string; readonly sinceMs: number }>()
  #share: Share = { place: 0, workers: 0 }
  #isPaused = false
  readonly #connections = new Map<string, string>()
  #connectionsAtMs = Number.NEGATIVE_INFINITY
  #cancel: (() => void) | undefined
  #looking: Promise<void> | undefined

  constructor(options: FleetOptions) {
    this.#options = options
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get share(): Share {
    return this.#share
  }

  /** Takes a place and looks round. Rejects as the storage does. */
  async join(): Promise<void> {
    await this.#look()
    this.#lookLater()
  }

  /** Gives the place back. Never rejects: after a while it is free anyway. */
  async leave(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    await this.#looking
    const from = this.#written
    this.#written = undefined
    if (from === undefined) return
    await this.#options.storage.records
      .replace(fleetKey, workerPrefix + this.#place, { from, to: undefined })
      .catch((error: unknown) => this.#warn(error))
  }

  /** Tells soon how the channels are connected, also what was told before. */
  tellConnectionsAgain(): void {
    this.#connections.clear()
    this.#connectionsAtMs = Number.NEGATIVE_INFINITY
  }

  /** All workers begin nothing new, or go on. Resolves once it is durable; the others notice within a second or two. */
  async setPaused(isPaused: boolean): Promise<void> {
    const { storage, clock } = this.#options
    await storage.records.set(fleetKey, pausedRecord, isPaused ? String(clock.now()) : undefined)
    this.#tellPaused(isPaused)
  }

  #lookLater(): void {
    this.#cancel = this.#options.clock.after(lookEveryMs, () => {
      this.#looking = this.#look()
        .catch((error: unknown) => this.#warn(error))
        .then(() => {
          if (this.#cancel) this.#lookLater()
        })
    })
  }

  async #look(): Promise<void> {
    const { storage, clock } = this.#options
    const all = await storage.records.list(fleetKey, '')
    const nowMs = clock.now()
    this.#notice(all, nowMs)
    const isOurs = this.#written !== undefined && all.get(workerPrefix + this.#place) === this.#written
    if (!isOurs) await this.#takePlace(all)
    else if (nowMs - this.#saidAtMs >= sayEveryMs) {
      await this.#say(this.#place, this.#written)
      if (this.#share.workers > 1) this.#options.onOthers()
    }
    this.#tellShare(all, nowMs)
    this.#tellPaused(all.has(pausedRecord))
    if (nowMs - this.#connectionsAtMs >= connectionsEveryMs) await this.#tellConnections(nowMs)
  }

  /** Takes the first place that is free or whose worker has died; another may be faster. */
  async #takePlace(seen: ReadonlyMap<string, string>): Promise<void> {
    this.#written = undefined
    let all = seen
    for (;;) {
      const place = this.#freePlace(all)
      if (await this.#say(place, all.get(workerPrefix + place))) return
      all = await this.#options.storage.records.list(fleetKey, workerPrefix)
      this.#notice(all, this.#options.clock.now())
    }
  }

  /** Who is there says so again and again. Of what is seen for the first time only its own time is known. */
  #notice(all: ReadonlyMap<string, string>, nowMs: number): void {
    for (const name of this.#seen.keys()) if (!all.has(name)) this.#seen.delete(name)
    for (const [name, json] of all) {
      if (!name.startsWith(workerPrefix)) continue
      const before = this.#seen.get(name)
      if (before?.json === json) continue
      const writtenMs = readPlace(json)?.seenMs ?? Number.NEGATIVE_INFINITY
      this.#seen.set(name, { json, sinceMs: before ? nowMs : Math.min(nowMs, writtenMs) })
    }
  }

  #isAlive(name: string, nowMs: number): boolean {
    const seen = this.#seen.get(name)
    return seen !== undefined && nowMs - seen.sinceMs < deadAfterMs
  }

  #freePlace(all: ReadonlyMap<string, string>): number {
    const nowMs = this.#options.clock.now()
    for (let place = 0; ; place += 1) {
      const name = workerPrefix + place
      if (!all.has(name) || !this.#isAlive(name, nowMs)) return place
    }
  }

  async #say(place: number, from: string | undefined): Promise<boolean> {
    const { storage, clock, id } = this.#options
    const seenMs = clock.now()
    const to = JSON.stringify({ id, seenMs } satisfies Place)
    if (!(await storage.records.replace(fleetKey, workerPrefix + place, { from, to }))) {
      this.#written = undefined
      return false
    }
    this.#place = place
    this.#written = to
    this.#saidAtMs = seenMs
    return true
  }

  #tellShare(all: ReadonlyMap<string, string>, nowMs: number): void {
    const own = workerPrefix + this.#place
    const others = [...all.keys()].filter(
      (name) => name.startsWith(workerPrefix) && name !== own && this.#isAlive(name, nowMs),
    )
    const workers = others.length + 1
    if (workers === this.#share.workers && this.#place === this.#share.place) return
    this.#share = { place: this.#place, workers }
    this.#options.onShare(this.#share)
  }

  #tellPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return
    this.#isPaused = isPaused
    this.#options.onPaused(isPaused)
  }

  async #tellConnections(nowMs: number): Promise<void> {
    const all = await this.#options.storage.records.list(connectionsKey, '')
    this.#connectionsAtMs = nowMs
    for (const [channel, json] of all) {
      if (this.#connections.get(channel) === json) continue
      this.#connections.set(channel, json)
      const told = readConnection(json)
      if (told) this.#options.onConnection(channel, told)
    }
  }

  #warn(error: unknown): void {
    this.#options.logger.warn({ error: describeError(error) }, 'the other workers could not be looked at')
  }
}
