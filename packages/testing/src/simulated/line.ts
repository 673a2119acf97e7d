import type { Clock, TransportHost } from '@wa-agent/core'

/** The connection between the provider and us: at most one process is connected, the one that started last. */
export class Line {
  readonly #clock: Clock
  readonly #connectMs: number
  #host: TransportHost | undefined
  #starting: TransportHost | undefined
  #online = true
  /** Called each time that a host has become connected. */
  onConnected: () => void = () => undefined

  constructor(clock: Clock, connectMs: number) {
    this.#clock = clock
    this.#connectMs = connectMs
  }

  /** Who gets what arrives; `undefined` while nobody is connected. */
  get host(): TransportHost | undefined {
    return this.#online ? this.#host : undefined
  }

  get online(): boolean {
    return this.#online
  }

  /** Takes the line over, also from a process that died without hanging up. */
  start(host: TransportHost): void {
    this.#starting = host
    host.connection('connecting')
    const connect = () => {
      if (this.#starting !== host) return
      this.#host = host
      if (this.#online) this.#connected()
    }
    if (this.#connectMs === 0) connect()
    else this.#clock.after(this.#connectMs, connect)
  }

  stop(host: TransportHost): void {
    if (this.#starting === host) this.#starting = undefined
    if (this.#host === host) this.#host = undefined
    host.connection('stopped')
  }

  /** Cuts the line; `needs-login` where only a person can mend it. */
  cut(state: 'disconnected' | 'needs-login', reason: string): void {
    if (!this.#online) return
    this.#online = false
    this.#host?.connection(state, reason)
  }

  mend(): void {
    if (this.#online) return
    this.#online = true
    if (this.#host) this.#connected()
  }

  #connected(): void {
    this.#host?.connection('connected')
    this.onConnected()
  }
}
