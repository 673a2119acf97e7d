import type { ConnectionState, InboundMessageInput, TransportHost } from '@wa-agent/core'
import type { ParsedEvent } from './parse.ts'

/** Under this name is remembered how the phone is away, and since when: `needs-login 1764000000000`. */
const record = 'phone'
const recorded = /^(connecting|disconnected|needs-login) (\d+)$/

/** Whether the phone is linked and connected, as its status events tell. Before the first one it is taken to be. */
export class Phone {
  #awaySinceMs: number | undefined
  #changes = 0

  /** Begins with the state in which it was left: no event tells it anew. */
  async begin(host: TransportHost): Promise<void> {
    const [, state, sinceMs] = recorded.exec((await host.records.get(record)) ?? '') ?? []
    this.#awaySinceMs = state === undefined ? undefined : Number(sinceMs)
    if (state === undefined) host.connection('connected')
    else host.connection(state as ConnectionState, 'the phone was away before the start')
  }

  /** Asks whether a phone that was left away is back: the event may have been lost, and perhaps nobody writes. */
  async ask(isConnected: () => Promise<boolean>, host: TransportHost): Promise<void> {
    const changes = this.#changes
    if (this.#awaySinceMs === undefined || !(await isConnected()) || this.#changes !== changes) return
    await this.tell({ state: 'connected', reason: 'Maytapi says that the phone is connected' }, host)
  }

  /** A status event came. Resolves once it is remembered. */
  async tell({ state, reason }: NonNullable<ParsedEvent['connection']>, host: TransportHost): Promise<void> {
    this.#changes += 1
    const sinceMs = state === 'connected' ? undefined : (this.#awaySinceMs ?? host.clock.now())
    await host.records.set(record, sinceMs === undefined ? undefined : `${state} ${sinceMs}`)
    this.#awaySinceMs = sinceMs
    host.connection(state, reason)
  }

  /** The event that it is back may get lost. What was written since it was away came over it, so it is. */
  async hear(messages: readonly InboundMessageInput[], host: TransportHost): Promise<void> {
    const since = this.#awaySinceMs
    if (since === undefined || !messages.some(({ sentAtMs }) => sentAtMs > since)) return
    await this.tell({ state: 'connected', reason: 'a message came in' }, host)
  }
}
