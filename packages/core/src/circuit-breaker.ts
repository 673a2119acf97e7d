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
  /** Told of each change, for logs and metrics. */
  readonly onChange?: (state: CircuitState) => void
}

/** Spares a service that is down, and spares callers the wait for it. */
export interface CircuitBreaker {
  readonly state: CircuitState
  /** Does the work, or throws what `refuse` made without doing it. */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** What callers are told while somebody else's call finds out whether the service is back: about one call's time. */
const probeMs = 1_000

/** A circuit breaker over consecutive failures. */
export function circuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { clock, refuse, isFailure, maxFailures = 5, coolDownMs = 30_000, onChange } = options
  let failures = 0
  let openUntil: number | undefined
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
  const failed = (error: unknown) => {
    if (!isFailure(error)) return
    failures += 1
    if (failures >= maxFailures) open()
  }
  const enter = () => {
    if (openUntil === undefined) return
    const remainingMs = openUntil - clock.now()
    if (remainingMs > 0) throw refuse(remainingMs)
    if (probing) throw refuse(probeMs)
    probing = true
    onChange?.('half-open')
  }

  return {
    get state() {
      return state()
    },
    async run(work) {
      enter()
      const begunIn = epoch
      const isProbe = probing && openUntil !== undefined
      try {
        const result = await work()
        if (begunIn === epoch) succeeded()
        return result
      } catch (error) {
        if (begunIn === epoch) failed(error)
        throw error
      } finally {
        if (isProbe) probing = false
      }
    },
  }
}
