import { backoffMs } from '../backoff.ts'
import { waitFor } from '../clock.ts'
import type { ChannelKey } from '../conversation.ts'
import type { Storage } from '../storage.ts'
import { boundLogger } from '../telemetry/traced-logger.ts'
import type { ConnectionState, Transport, TransportHost, TransportRecords } from '../transport.ts'
import type { Door } from './door.ts'
import type { Engine } from './engine.ts'
import { track } from './track.ts'

const longestCatchUpPauseMs = 60_000
/** Replies wait for what was missed, a STOP perhaps or the owner's own answer, but no longer than this. */
const sendingWaitsMs = 10_000
/** Keeps what transports remember apart from what the engine does. */
const recordPrefix = 'transport.'

/** What a transport remembers, in the storage. */
export function transportRecords({ records }: Pick<Storage, 'records'>, channel: ChannelKey): TransportRecords {
  return {
    get: (name) => records.get(channel, recordPrefix + name),
    set: (name, value) => records.set(channel, recordPrefix + name, value),
  }
}

/** Starts and stops the transports, and asks for what arrived while one was away. */
export class Connections {
  readonly #engine: Engine
  readonly #transports: readonly Transport[]
  readonly #door: Door
  readonly #started: Transport[] = []
  /** Of each transport only the newest connection is asked. */
  readonly #catchingUp = new Map<Transport, AbortController>()
  readonly #asking = new Set<Promise<void>>()
  #stopping = new AbortController()

  constructor(engine: Engine, transports: readonly Transport[], door: Door) {
    this.#engine = engine
    this.#transports = transports
    this.#door = door
  }

  /** Starts all of them; where one fails, those that run are stopped again and its error is thrown. */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    try {
      // A copy: what is added meanwhile is started by `add`.
      for (const transport of [...this.#transports]) await this.add(transport)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Starts one. */
  async add(transport: Transport): Promise<void> {
    this.#engine.governors.of(transport).connection(undefined)
    await transport.start(this.#hostFor(transport))
    this.#started.push(transport)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const transport of this.#started.splice(0).reverse()) {
      await transport
        .stop()
        .catch((error: unknown) => this.#engine.emit('error', { error, doing: `stopping transport ${transport.name}` }))
    }
    await Promise.all(this.#asking)
  }

  #hostFor(transport: Transport): TransportHost {
    const { tenant, channel } = transport
    const { settings, emit, storage } = this.#engine
    return {
      receive: (messages) => this.#door.receiveFromProvider({ tenant, channel }, messages),
      track: async (updates) => void (await track(this.#engine, { tenant, channel }, updates)),
      release: async (chat) => {
        const conversation = { tenant, channel, chat }
        await storage.control(conversation, { handoff: null })
        emit('handoff-released', { conversation, by: 'owner' })
      },
      connection: (state, reason) => this.told(transport, state, reason),
      records: transportRecords(storage, { tenant, channel }),
      clock: settings.clock,
      logger: boundLogger(settings.logger, { tenant, channel }),
    }
  }

  /** The connection of a transport has changed, as it says itself or as its provider told another process. */
  told(transport: Transport, state: ConnectionState, reason: string | undefined): void {
    const { tenant, channel } = transport
    this.#engine.emit('connection-changed', { tenant, channel, state, ...(reason === undefined ? {} : { reason }) })
    this.#catchingUp.get(transport)?.abort()
    if (state === 'connected') this.#connected(transport)
    else this.#engine.governors.of(transport).connection(state)
  }

  #connected(transport: Transport): void {
    if (!transport.catchUp || this.#stopping.signal.aborted) {
      this.#letSend(transport)
      return
    }
    const { governors, settings } = this.#engine
    const controller = new AbortController()
    this.#catchingUp.set(transport, controller)
    governors.of(transport).connection('connecting')
    const isNewest = () => this.#catchingUp.get(transport) === controller && !controller.signal.aborted
    const cancel = settings.clock.after(sendingWaitsMs, () => isNewest() && this.#letSend(transport))
    const asking = this.#askUntilAnswered(transport, AbortSignal.any([controller.signal, this.#stopping.signal]))
    const running = asking.finally(() => {
      cancel()
      this.#asking.delete(running)
      if (isNewest()) this.#letSend(transport)
    })
    this.#asking.add(running)
  }

  #letSend(transport: Transport): void {
    this.#engine.governors.of(transport).connection('connected')
    this.#door.resume(transport)
  }

  /** Asks until it is answered: what arrived while the connection was away comes by no other way. */
  async #askUntilAnswered(transport: Transport, signal: AbortSignal): Promise<void> {
    const { clock, catchUpMaxAgeMs, random } = this.#engine.settings
    const sinceMs = Math.max(0, clock.now() - catchUpMaxAgeMs)
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await transport.catchUp?.({ sinceMs, signal })
        return
      } catch (error) {
        if (signal.aborted) return
        this.#engine.emit('error', { error, doing: `asking ${transport.name} for missed messages` })
        await waitFor(clock, backoffMs(attempt, { maxMs: longestCatchUpPauseMs }, random), signal)
      }
    }
  }
}
