import type { Clock } from '@wa-agent/core'
import type { LossReason } from './states.ts'
import { within } from './within.ts'

/** What the page says of itself. */
export interface Pulse {
  /** WhatsApp Web's own word. */
  readonly state: string
  /** The latest message of somebody else that the page has. */
  readonly newest?: { readonly id: string; readonly t: number }
}

/** What the watchdog looks at, and what it can do. */
export interface Watched {
  pulse(): Promise<Pulse>
  /** A round trip to WhatsApp. */
  reach(): Promise<unknown>
  /** Connects to WhatsApp anew. */
  reconnect(): Promise<void>
  memoryBytes(): Promise<number | undefined>
  /** Whether nothing is on its way out, so that a restart disturbs nobody. */
  isIdle(): boolean
  /** Whether we were told of the message with this short id. */
  hasHeardOf(id: string): boolean
  /** Fetches what the page has and nobody told us. */
  fetchMissed(sinceMs: number): Promise<void>
  pageState(state: string): void
  /** It has been well for a while. */
  steady(): void
  lose(reason: LossReason): void
}

export interface WatchdogSettings {
  readonly heartbeatMs: number
  readonly pageTimeoutMs: number
  readonly silenceMs: number
  readonly plannedRestartMs: number | false
  readonly maxBrowserMemoryBytes: number | false
}

/** So many round trips in a row may fail. */
const mostMisses = 2
/** So many heartbeats may pass until WhatsApp is reached again: it tries by itself. */
const mostInterrupted = 6
/** So often what nobody told us is fetched, before the page is taken for deaf. */
const mostFetched = 3
/** After so many times the silence that calls for a sign of life, it is connected anew: who answers may yet deliver nothing. */
const silencesUntilReconnect = 3
/** So many heartbeats a restart waits for what is on its way out. */
const mostBusy = 4
const steadyHeartbeats = 2

/**
 * Proves again and again that a session lives, by round trips with a time limit: to the page, and after a silence to
 * WhatsApp. A library that says `ready` once and never again proves nothing.
 */
export class Watchdog {
  readonly #clock: Clock
  readonly #watched: Watched
  readonly #settings: WatchdogSettings
  readonly #startedMs: number
  /** When something last came by itself. */
  #heardMs: number
  /** When it was last sure that WhatsApp is reached. */
  #provedMs: number
  #baseline: Pulse['newest']
  #unheard: string | undefined
  #beats = 0
  #misses = 0
  #unreached = 0
  #interrupted = 0
  #fetched = 0
  #busy = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock, watched: Watched, settings: WatchdogSettings) {
    this.#clock = clock
    this.#watched = watched
    this.#settings = settings
    this.#startedMs = clock.now()
    this.#heardMs = this.#startedMs
    this.#provedMs = this.#startedMs
    this.#wait()
  }

  /** Something came from WhatsApp. */
  heard(): void {
    this.#heardMs = this.#clock.now()
    this.#provedMs = this.#heardMs
    this.#unreached = 0
    this.#fetched = 0
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #wait(): void {
    this.#cancel = this.#clock.after(this.#settings.heartbeatMs, () => {
      void this.#beat().finally(() => {
        if (this.#cancel) this.#wait()
      })
    })
  }

  async #beat(): Promise<void> {
    const pulse = await this.#limited(this.#watched.pulse()).catch(() => undefined)
    if (!this.#cancel) return
    if (!pulse) {
      this.#misses += 1
      if (this.#misses >= mostMisses) this.#lose('frozen')
      return
    }
    this.#misses = 0
    this.#watched.pageState(pulse.state)
    if (!this.#cancel) return
    this.#interrupted = pulse.state === 'CONNECTED' ? 0 : this.#interrupted + 1
    if (this.#interrupted > mostInterrupted) return this.#lose('silent')
    if (pulse.state !== 'CONNECTED') return
    await this.#lookForMissed(pulse)
    await this.#lookForLife()
    await this.#lookAtAge()
    this.#beats += 1
    if (this.#beats === steadyHeartbeats) this.#watched.steady()
  }

  /** What the page has and we were not told of, twice in a row: the library's listeners are gone, or were too slow. */
  async #lookForMissed({ newest }: Pulse): Promise<void> {
    if (this.#beats === 0) this.#baseline = newest
    const isNew = newest !== undefined && newest.t > (this.#baseline?.t ?? this.#startedMs / 1000)
    if (!isNew || this.#watched.hasHeardOf(newest.id)) {
      this.#unheard = undefined
      return
    }
    if (this.#unheard === newest.id) {
      this.#fetched += 1
      if (this.#fetched >= mostFetched) return this.#lose('silent')
      const sinceMs = (this.#baseline?.t ?? newest.t) * 1000
      await this.#watched.fetchMissed(sinceMs).then(
        () => {
          this.#baseline = newest
        },
        () => undefined,
      )
    }
    this.#unheard = newest.id
  }

  async #lookForLife(): Promise<void> {
    const nowMs = this.#clock.now()
    const { silenceMs } = this.#settings
    if (!this.#cancel || nowMs - this.#provedMs < silenceMs) return
    try {
      await this.#limited(this.#watched.reach())
      this.#provedMs = nowMs
      this.#unreached = 0
    } catch {
      this.#unreached += 1
      if (this.#unreached >= mostMisses) this.#lose('silent')
      return
    }
    if (nowMs - this.#heardMs < silencesUntilReconnect * silenceMs) return
    this.#heardMs = nowMs
    // A new browser does the same, and at this hour it disturbs nobody.
    await this.#limited(this.#watched.reconnect()).catch(() => this.#lose('planned'))
  }

  async #lookAtAge(): Promise<void> {
    if (!this.#cancel) return
    const { maxBrowserMemoryBytes, plannedRestartMs } = this.#settings
    const bytes = maxBrowserMemoryBytes === false ? undefined : await this.#watched.memoryBytes()
    const isTooLarge = maxBrowserMemoryBytes !== false && bytes !== undefined && bytes > maxBrowserMemoryBytes
    const isDue = plannedRestartMs !== false && this.#clock.now() - this.#startedMs >= plannedRestartMs
    if (!isTooLarge && !isDue) return
    this.#busy += 1
    if (this.#watched.isIdle() || this.#busy > mostBusy) this.#lose(isTooLarge ? 'too-much-memory' : 'planned')
  }

  #limited<Value>(work: Promise<Value>): Promise<Value> {
    return within({ clock: this.#clock, limitMs: this.#settings.pageTimeoutMs }, work)
  }

  #lose(reason: LossReason): void {
    if (!this.#cancel) return
    this.stop()
    this.#watched.lose(reason)
  }
}
