import {
  type Capabilities,
  type Clock,
  type Delivery,
  type FindResult,
  type SendResult,
  WaAgentError,
  waitFor,
} from '@wa-agent/core'
import type { Arrivals } from './arrivals.ts'
import type { Chats } from './chats.ts'
import { breachOf } from './check-delivery.ts'
import { echoOf } from './echo.ts'
import type { FaultPlan, SendFault } from './faults.ts'
import type { Line } from './line.ts'

/** A call of `send`: what was asked and what the sender was told. */
export interface SendAttempt {
  readonly delivery: Delivery
  readonly atMs: number
  /** Whether the provider has it, whatever the sender was told. */
  readonly accepted: boolean
  /** Absent while the call has not ended, for ever after a crash, and where it rejected. */
  readonly result?: SendResult
}

interface Attempt {
  readonly delivery: Delivery
  readonly atMs: number
  accepted: boolean
  result?: SendResult
}

interface Parts {
  readonly clock: Clock
  readonly capabilities: Capabilities
  readonly sendLatencyMs: number
  readonly echo: 'none' | 'before' | 'after'
  readonly business: string
  readonly line: Line
  readonly chats: Chats
  readonly arrivals: Arrivals
  readonly faults: FaultPlan
}

/** The provider's side of what goes out. */
export class Outgoing {
  readonly #parts: Parts
  readonly #busyChats = new Set<string>()
  readonly attempts: Attempt[] = []
  /** What senders did that the Transport port or the capabilities forbid. */
  readonly breaches: string[] = []

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async send(delivery: Delivery, signal: AbortSignal): Promise<SendResult> {
    const attempt: Attempt = { delivery, atMs: this.#parts.clock.now(), accepted: false }
    this.attempts.push(attempt)
    const { chat } = delivery
    if (this.#busyChats.has(chat)) this.breaches.push(`send was called twice at once for the chat of ${delivery.id}`)
    this.#busyChats.add(chat)
    try {
      attempt.result = await this.#try(attempt, signal)
      return attempt.result
    } finally {
      this.#busyChats.delete(chat)
    }
  }

  find({ id }: Delivery): FindResult {
    const behaviour = this.#parts.faults.findBehaviour
    if (behaviour === 'unknown') return { status: 'unknown' }
    if (behaviour === 'rejects') {
      throw new WaAgentError('send_failed', 'The simulated provider cannot be asked now.', { retryable: true })
    }
    const sent = this.#parts.chats.messages.find(({ delivery }) => delivery?.id === id)
    return sent ? { status: 'sent', providerId: sent.id } : { status: 'absent' }
  }

  async #try(attempt: Attempt, signal: AbortSignal): Promise<SendResult> {
    const { clock, capabilities, sendLatencyMs, line, faults } = this.#parts
    const { delivery } = attempt
    const breach = breachOf(delivery, capabilities)
    if (breach) {
      this.breaches.push(`${delivery.id}: ${breach}`)
      return { status: 'failed', retryable: false, reason: breach }
    }
    if (sendLatencyMs > 0) await waitFor(clock, sendLatencyMs, signal)
    if (signal.aborted) return { status: 'uncertain', reason: 'aborted' }
    if (!line.online) return { status: 'failed', retryable: true, reason: 'not connected' }
    const fault = faults.take(delivery)
    return fault ? this.#fail(attempt, { fault, signal }) : this.#accept(attempt)
  }

  async #fail(attempt: Attempt, { fault, signal }: { fault: SendFault; signal: AbortSignal }): Promise<SendResult> {
    switch (fault.type) {
      case 'rate-limited':
        return {
          status: 'failed',
          retryable: true,
          reason: 'rate limited',
          ...(fault.retryAfterMs === undefined ? {} : { retryAfterMs: fault.retryAfterMs }),
        }
      case 'unavailable':
        return { status: 'failed', retryable: true, reason: 'unavailable' }
      case 'refused':
        return { status: 'failed', retryable: false, reason: fault.reason ?? 'refused' }
      case 'timeout-before-acceptance':
        return this.#timeout(signal, fault.afterMs)
      case 'timeout-after-acceptance':
        await this.#accept(attempt)
        return this.#timeout(signal, fault.afterMs)
      case 'hangs':
        if (fault.accepted) await this.#accept(attempt)
        return this.#timeout(signal, Number.POSITIVE_INFINITY)
      case 'throws':
        if (fault.accepted) await this.#accept(attempt)
        throw fault.error
      case 'crash-before-acceptance':
        return this.#crash(attempt, fault.onCrash)
      case 'crash-after-acceptance':
        await this.#accept(attempt)
        return this.#crash(attempt, fault.onCrash)
    }
  }

  /** The customer has it. */
  async #accept(attempt: Attempt): Promise<SendResult> {
    const { clock, chats, echo, business, arrivals } = this.#parts
    const { delivery } = attempt
    const { chat, message } = delivery
    const id = chats.nextId()
    attempt.accepted = true
    chats.add({ id, chat, by: 'bot', message, atMs: clock.now(), delivery })
    const echoed = () => arrivals.add(echoOf(message, { id, chat, business, sentAtMs: clock.now() }))
    if (echo === 'before') await echoed()
    if (echo === 'after') clock.after(0, () => void echoed())
    return { status: 'sent', providerId: id }
  }

  async #timeout(signal: AbortSignal, afterMs = 0): Promise<SendResult> {
    if (afterMs === Number.POSITIVE_INFINITY) await aborted(signal)
    else if (afterMs > 0) await waitFor(this.#parts.clock, afterMs, signal)
    return { status: 'uncertain', reason: 'no answer' }
  }

  /** A dead process never hears an answer, and its next one may send to the same chat. */
  #crash({ delivery }: Attempt, onCrash: () => void): Promise<SendResult> {
    this.#busyChats.delete(delivery.chat)
    onCrash()
    return new Promise(() => undefined)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
