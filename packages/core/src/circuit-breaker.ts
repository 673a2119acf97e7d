import type { Clock } from './clock.ts'

/** `closed`: calls go through. `open`: none does. `half-open`: one is let through to see whether the service is back. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** When a service counts as down, and for how long it is left alone. */
export interface CircuitBreakerOptions {
  readonly clock: Clock
  /** What is thrown instead of calling, and how long the next try should wait. */
  readonly refuse: (retryAfterMs: number) => Error
  /**
   * Whether an error means that the service is down. Others (a refused request, an abort) say nothing about it: they
   * neither count nor reset the count.
   */
  readonly isFailure: (error: unknown) => boolean
  /** How many failures in a row open the circuit. Default 5; `Infinity` switches it off. */
  readonly maxFailures?: number
  /** How long it stays open before a call is let through. Default 30,000. */
  readonly coolDownMs?: number
  /** Until when it is open at the beginning, as `openUntilMs` told it before a restart. Default: it is closed. */
  readonly openUntilMs?: number
  /** Told of each change, for logs and metrics. */
  readonly onChange?: (state: CircuitState) => void
}

/** A call that was let through; say once how it ended. `neither` says nothing about the service. */
export interface CircuitCall {
  end(outcome: 'success' | 'failure' | 'neither'): void
}

/** Spares a service that is down, and spares callers the wait for it. */
export interface CircuitBreaker {
  readonly state: CircuitState
  /** How long nothing is let through; 0 where the next call is. */
  readonly retryAfterMs: number
  /** Since when a call is let through to see whether the service is back, or from when on; `undefined` while closed. */
  readonly openUntilMs: number | undefined
  /** Lets a call through, or throws what `refuse` made. */
  begin(): CircuitCall
  /** Does the work, or throws what `refuse` made without doing it. */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** What callers are told while somebody else's call finds out whether the service is back: about one call's time. */
const probeMs = 1_000

/** A circuit breaker over consecutive failures. */
export function circuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { clock, refuse, isFailure, maxFailures = 5, coolDownMs = 30_000, onChange } = options
  let failures = 0
  let openUntil = options.openUntilMs
  let probing = false
  // A call that began before the circuit opened or closed tells of the past: its result changes nothing.
  let epoch = 0

  const state = (): CircuitState => {
    if (openUntil === undefined) return 'closed'
    return clock.now() < openUntil ? 'open' : 'half-open'
  }
  const open = () => {
    openUntil = clock.now() + coolDownMs
    epoch += 1
    onChange?.('open')
  }
  const succeeded = () => {
    failures = 0
    if (openUntil === undefined) return
    openUntil = undefined
    epoch += 1
    onChange?.('closed')
  }
  const failed = () => {
    failures += 1
    if (failures >= maxFailures) open()
  }
  const closedForMs = () => {
    if (openUntil === undefined) return 0
    return Math.max(openUntil - clock.now(), probing ? probeMs : 0)
  }
  const begin = (): CircuitCall => {
    const remainingMs = closedForMs()
    if (remainingMs > 0) throw refuse(remainingMs)
    const isProbe = openUntil !== undefined
    if (isProbe) {
      probing = true
      onChange?.('half-open')
    }
    const begunIn = epoch
    return {
      end(outcome) {
        if (isProbe) probing = false
        if (begunIn !== epoch) return
        if (outcome === 'success') succeeded()
        else if (outcome === 'failure') failed()
      },
    }
  }

  return {
    get state() {
      return state()
    },
    get retryAfterMs() {
      return closedForMs()
    },
    get openUntilMs() {
      return openUntil
    },
    begin,
    async run(work) {
      const call = begin()
      try {
        const result = await work()
        call.end('success')
        return result
      } catch (error) {
        call.end(isFailure(error) ? 'failure' : 'neither')
        throw error
      }
    },
  }
}
