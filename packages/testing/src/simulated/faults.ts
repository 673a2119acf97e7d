import type { Delivery } from '@wa-agent/core'

/** What can go wrong with a send. "Accepted" means: the customer gets it, whatever the sender is told. */
export type SendFault =
  /** It went out, but the answer never came: `uncertain` after `afterMs` (default 0). */
  | { readonly type: 'timeout-after-acceptance'; readonly afterMs?: number }
  /** It did not go out, and no answer came either: `uncertain` after `afterMs` (default 0). */
  | { readonly type: 'timeout-before-acceptance'; readonly afterMs?: number }
  /** Nothing comes back until the signal is aborted; then `uncertain`. */
  | { readonly type: 'hangs'; readonly accepted: boolean }
  /** `failed`, retryable, after `retryAfterMs` (default: the provider does not say). */
  | { readonly type: 'rate-limited'; readonly retryAfterMs?: number }
  /** `failed`, retryable. */
  | { readonly type: 'unavailable' }
  /** `failed`, not retryable. */
  | { readonly type: 'refused'; readonly reason?: string }
  /** `send` rejects with `error`. */
  | { readonly type: 'throws'; readonly error: unknown; readonly accepted: boolean }
  /** The process dies before the provider has it: `onCrash` is called and `send` never ends. */
  | { readonly type: 'crash-before-acceptance'; readonly onCrash: () => void }
  /** The process dies after the provider accepted and before the answer: `onCrash` is called and `send` never ends. */
  | { readonly type: 'crash-after-acceptance'; readonly onCrash: () => void }

/** The faults that need no details may be written as their name. */
export type SendFaultName = Exclude<
  SendFault['type'],
  'hangs' | 'throws' | 'crash-before-acceptance' | 'crash-after-acceptance'
>

/** Which sends a fault befalls. */
export interface FaultTarget {
  /** How many sends. Default 1. */
  readonly times?: number
  /** Only those to this chat. Default: any. */
  readonly chat?: string
}

/** What `find` says: what really happened (default), that it cannot tell, or it rejects. */
export type FindBehaviour = 'truth' | 'unknown' | 'rejects'

/** The script of what goes wrong. Without one everything works. */
export interface SimulatedFaults {
  /** The next sends (default one) meet `fault`; faults for the same send queue up, oldest first. */
  next(fault: SendFault | SendFaultName, target?: FaultTarget): void
  /** Every send meets `fault` until `clear`, after those of `next`. */
  always(fault: SendFault | SendFaultName, target?: Pick<FaultTarget, 'chat'>): void
  /** Each send meets one of these faults with the given probability (0..1), the same ones for the same seed. */
  randomly(probabilities: Readonly<Partial<Record<SendFaultName, number>>>): void
  /** What `find` says from now on. */
  find(behaviour: FindBehaviour): void
  /** The next `times` catch-ups (default 1) reject. */
  catchUp(times?: number): void
  /** From now on everything works again. */
  clear(): void
}

interface Planned {
  readonly fault: SendFault
  readonly chat: string | undefined
  remaining: number
}

/** Decides for each send what goes wrong with it. */
export class FaultPlan implements SimulatedFaults {
  readonly #random: () => number
  #planned: Planned[] = []
  #probabilities: [SendFaultName, number][] = []
  #failingCatchUps = 0
  findBehaviour: FindBehaviour = 'truth'

  constructor(random: () => number) {
    this.#random = random
  }

  next(fault: SendFault | SendFaultName, { times = 1, chat }: FaultTarget = {}): void {
    const firstEndless = this.#planned.findIndex((planned) => planned.remaining === Number.POSITIVE_INFINITY)
    const at = firstEndless === -1 ? this.#planned.length : firstEndless
    this.#planned.splice(at, 0, { fault: complete(fault), chat, remaining: times })
  }

  always(fault: SendFault | SendFaultName, { chat }: Pick<FaultTarget, 'chat'> = {}): void {
    this.#planned.push({ fault: complete(fault), chat, remaining: Number.POSITIVE_INFINITY })
  }

  randomly(probabilities: Readonly<Partial<Record<SendFaultName, number>>>): void {
    this.#probabilities = Object.entries(probabilities) as [SendFaultName, number][]
  }

  find(behaviour: FindBehaviour): void {
    this.findBehaviour = behaviour
  }

  catchUp(times = 1): void {
    this.#failingCatchUps = times
  }

  clear(): void {
    this.#planned = []
    this.#probabilities = []
    this.#failingCatchUps = 0
    this.findBehaviour = 'truth'
  }

  /** The fault that this send meets, which is thereby used up. */
  take({ chat }: Delivery): SendFault | undefined {
    const planned = this.#planned.find((one) => one.chat === undefined || one.chat === chat)
    if (planned) {
      planned.remaining -= 1
      if (planned.remaining <= 0) this.#planned.splice(this.#planned.indexOf(planned), 1)
      return planned.fault
    }
    if (this.#probabilities.length === 0) return undefined
    let dice = this.#random()
    for (const [type, probability] of this.#probabilities) {
      if (dice < probability) return { type }
      dice -= probability
    }
    return undefined
  }

  /** Whether this catch-up fails. */
  takeCatchUp(): boolean {
    if (this.#failingCatchUps === 0) return false
    this.#failingCatchUps -= 1
    return true
  }
}

function complete(fault: SendFault | SendFaultName): SendFault {
  return typeof fault === 'string' ? { type: fault } : fault
}
