import { describeError, type Logger } from '@wa-agent/core'
import type { QrCode } from './qr.ts'
import type { WebjsState } from './states.ts'

/** What can be listened to beside the messages, for pages and notifications of the owner. */
export interface WebjsEvents {
  /** A QR code is to be scanned; it changes every few seconds. */
  readonly qr: QrCode
  /** A code is to be typed on the phone. */
  readonly 'pairing-code': { readonly code: string }
  readonly 'state-changed': { readonly from: WebjsState; readonly to: WebjsState; readonly reason?: string }
  /** The browser has ended, or is being ended, and the next one starts after this pause. */
  readonly restarting: { readonly reason: string; readonly pauseMs: number; readonly failures: number }
}

type Listener<Name extends keyof WebjsEvents> = (event: WebjsEvents[Name]) => void

/** Listeners by event. What a listener throws is logged and harms nobody. */
export class Listeners {
  readonly #listeners = new Map<keyof WebjsEvents, Set<(event: never) => void>>()

  /** Listens until the function that it returns is called. */
  on<Name extends keyof WebjsEvents>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  has(name: keyof WebjsEvents): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0
  }

  emit<Name extends keyof WebjsEvents>(name: Name, event: WebjsEvents[Name], logger: Logger): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        ;(listener as Listener<Name>)(event)
      } catch (error) {
        logger.error({ event: name, error: describeError(error) }, 'a listener failed')
      }
    }
  }
}
