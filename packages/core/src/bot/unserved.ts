import { type ChannelKey, channelId } from '../conversation.ts'
import type { Engine } from './engine.ts'

/** Mail that waited for so long is taken by nobody. */
const patienceMs = 60_000
const lookEveryMs = 60_000

/** Warns, once for each channel, of mail that nobody takes up and that no transport of this bot could: it was forgotten, or renamed. */
export class Unserved {
  readonly #engine: Engine
  readonly #told = new Set<string>()
  #nextLookMs = 0

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Looks, now and then. Never rejects. */
  async look(): Promise<void> {
    const { clock } = this.#engine.settings
    const nowMs = clock.now()
    if (nowMs < this.#nextLookMs) return
    this.#nextLookMs = nowMs + lookEveryMs
    const { storage, served } = this.#engine
    try {
      const channels = await storage.overdue({ nowMs, beforeMs: nowMs - patienceMs, except: served })
      for (const channel of channels) this.#tell(channel)
    } catch {
      // The storage is away: the sweep tells that.
    }
  }

  #tell({ tenant, channel }: ChannelKey): void {
    const id = channelId({ tenant, channel })
    if (this.#told.has(id)) return
    this.#told.add(id)
    this.#engine.settings.logger.warn(
      { tenant, channel },
      'nobody takes up the mail of a channel that no transport here serves: add one, unless another process has it and is away',
    )
  }
}
