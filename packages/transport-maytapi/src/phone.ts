import type { InboundMessageInput, TransportHost } from '@wa-agent/core'
import type { ParsedEvent } from './parse.ts'

/** Whether the phone is linked and connected, as its status events tell. Before the first one it is taken to be. */
export class Phone {
  #awaySinceMs: number | undefined

  /** A status event came. */
  tell({ state, reason }: NonNullable<ParsedEvent['connection']>, host: TransportHost): void {
    this.#awaySinceMs = state === 'connected' ? undefined : (this.#awaySinceMs ?? host.clock.now())
    host.connection(state, reason)
  }

  /** The event that it is back may get lost. What was written since it was away came over it, so it is. */
  hear(messages: readonly InboundMessageInput[], host: TransportHost): void {
    const since = this.#awaySinceMs
    if (since === undefined || !messages.some(({ sentAtMs }) => sentAtMs > since)) return
    this.tell({ state: 'connected', reason: 'a message came in' }, host)
  }
}
