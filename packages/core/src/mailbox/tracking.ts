import type { DeliveryStatus, DeliveryUpdate } from '../transport.ts'
import type { ReplyFate } from './rules.ts'

/** What the provider told of a reply beyond having accepted it, which its fate tells: `sent`. */
export type ReplyDelivery = Exclude<DeliveryStatus, 'sent'>

/** How far it is, for comparing: a later one makes an earlier one obsolete. A failure may turn out to have been none. */
const ranks: Readonly<Record<ReplyDelivery, number>> = { failed: 1, delivered: 2, read: 3 }

/** What is known of the way of a reply. */
export interface ReplyTrace {
  readonly fate: ReplyFate
  /** How many attempts have begun since it was put into the outbox or last retried by a person. */
  readonly attempts: number
  readonly delivery: ReplyDelivery | undefined
  /** The provider's id of it, the last one that was told. It outlives a person's retry, so that latecomers are known. */
  readonly providerId: string | undefined
}

/** What is known of a reply after an update: the same object where that is nothing new. */
export function trackedTrace(trace: ReplyTrace, update: DeliveryUpdate): ReplyTrace {
  const step = stepOf(trace, update)
  if (!step) return namedTrace(trace, update.providerId)
  // What `send` resolved with stays; what an attempt before a person's retry was called does not.
  const [first, second] = trace.fate === 'sent' ? [trace, update] : [update, trace]
  return { ...trace, ...step, providerId: first.providerId ?? second.providerId }
}

/** Whether an update made more known than the provider's id of the reply. */
export function isStep(before: ReplyTrace, after: ReplyTrace): boolean {
  return before.fate !== after.fate || before.delivery !== after.delivery
}

/** The reason of the dead letter that an update makes of a reply. */
export function failureOf(update: DeliveryUpdate): string {
  return update.reason || 'the provider reported that it could not be delivered'
}

type Step = Pick<ReplyTrace, 'fate' | 'delivery'>

function stepOf(trace: ReplyTrace, update: DeliveryUpdate): Step | undefined {
  if (trace.fate === 'suppressed' || trace.fate === 'discarded') return undefined
  switch (update.status) {
    case 'delivered':
    case 'read':
      // The customer has it: that is true of the reply, whichever attempt it was.
      return rankOf(trace.delivery) < ranks[update.status] ? { fate: 'sent', delivery: update.status } : undefined
    case 'sent':
      return isSentThereby(trace, update) ? { fate: 'sent', delivery: undefined } : undefined
    case 'failed':
      return isFailedThereby(trace, update) ? { fate: 'dead', delivery: 'failed' } : undefined
  }
}

function rankOf(delivery: ReplyDelivery | undefined): number {
  return delivery === undefined ? 0 : ranks[delivery]
}

function isSentThereby(trace: ReplyTrace, update: DeliveryUpdate): boolean {
  switch (trace.fate) {
    case 'pending':
      // An attempt whose end was not certain is to be tried again; without one there is nothing to hear of.
      return trace.attempts > 0 && !isLatecomer(trace, update)
    case 'sending':
    case 'held':
    case 'dead':
      return trace.delivery === undefined && !isLatecomer(trace, update)
    case 'sent':
    case 'suppressed':
    case 'discarded':
      return false
  }
}

function isFailedThereby(trace: ReplyTrace, update: DeliveryUpdate): boolean {
  switch (trace.fate) {
    case 'sent':
      return trace.delivery === undefined
    case 'sending':
    case 'held':
      return !isLatecomer(trace, update)
    case 'pending': // It is tried again anyway.
    case 'dead':
    case 'suppressed':
    case 'discarded':
      return false
  }
}

/** Whether the update is about what went out before a person had the reply sent again. */
function isLatecomer(trace: ReplyTrace, { providerId }: DeliveryUpdate): boolean {
  return providerId !== undefined && providerId === trace.providerId
}

/** What is known of a reply after its id at the provider was told along with nothing else that is new. */
export function namedTrace(trace: ReplyTrace, providerId: string | undefined): ReplyTrace {
  const isNameless = trace.providerId === undefined && (trace.fate === 'sent' || trace.delivery === 'failed')
  return isNameless && providerId !== undefined ? { ...trace, providerId } : trace
}
