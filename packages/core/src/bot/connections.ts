import type { ConnectionState, Transport, TransportHost } from '../transport.ts'
import type { Door } from './door.ts'
import type { Engine } from './engine.ts'

/** Starts and stops the transports, and asks for what arrived while one was away. */
export class Connections {
  readonly #engine: Engine
  readonly #transports: readonly Transport[]
  readonly #door: Door
  readonly #started: Transport[] = []
  readonly #catchUps = new Set<Promise<void>>()
  #controller = new AbortController()

  constructor(engine: Engine, transports: readonly Transport[], door: Door) {
    this.#engine = engine
    this.#transports = transports
    this.#door = door
  }

  /** Starts all of them; where one fails, those that run are stopped again and its error is thrown. */
  async start(): Promise<void> {
    this.#controller = new AbortController()
    try {
      for (const transport of this.#transports) {
        await transport.start(this.#hostFor(transport))
        this.#started.push(transport)
      }
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    for (const transport of this.#started.splice(0).reverse()) {
      await transport
        .stop()
        .catch((error: unknown) => this.#engine.emit('error', { error, doing: `stopping transport ${transport.name}` }))
    }
    await Promise.all(this.#catchUps)
  }

  #hostFor(transport: Transport): TransportHost {
    const { tenant, channel } = transport
    const { settings, emit } = this.#engine
    return {
      receive: (messages) => this.#door.receiveFromProvider({ tenant, channel }, messages),
      connection: (state: ConnectionState, reason) => {
        emit('connection-changed', { tenant, channel, state, ...(reason === undefined ? {} : { reason }) })
        if (state === 'connected') this.#catchUp(transport)
      },
      clock: settings.clock,
      logger: settings.logger,
    }
  }

  #catchUp(transport: Transport): void {
    if (!transport.catchUp || this.#controller.signal.aborted) return
    const { settings, emit } = this.#engine
    const sinceMs = Math.max(0, settings.clock.now() - settings.catchUpMaxAgeMs)
    const running = transport
      .catchUp({ sinceMs, signal: this.#controller.signal })
      .catch((error: unknown) => emit('error', { error, doing: `asking ${transport.name} for missed messages` }))
      .finally(() => this.#catchUps.delete(running))
    this.#catchUps.add(running)
  }
}
