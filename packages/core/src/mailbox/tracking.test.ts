import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeliveryStatus, DeliveryUpdate } from '../transport.ts'
import { type ReplyTrace, trackedTrace } from './tracking.ts'

const told = (status: DeliveryStatus): DeliveryUpdate => ({ replyId: 'r1', status, atMs: 1 })
const statuses = fc.array(fc.constantFrom<DeliveryStatus[]>('sent', 'delivered', 'read', 'failed'), { minLength: 1 })

function startOf(fate: ReplyTrace['fate']): ReplyTrace {
  return { fate, attempts: 1, delivery: undefined, providerId: undefined }
}

/** The furthest that was told. */
function endOf(given: readonly DeliveryStatus[]): Pick<ReplyTrace, 'fate' | 'delivery'> {
  for (const delivery of ['read', 'delivered'] as const) if (given.includes(delivery)) return { fate: 'sent', delivery }
  return given.includes('failed') ? { fate: 'dead', delivery: 'failed' } : { fate: 'sent', delivery: undefined }
}

describe('tracking a reply', () => {
  test('ends with the furthest that was told, in whatever order and however often', () => {
    fc.assert(
      fc.property(fc.constantFrom('sent', 'sending', 'held'), statuses, (fate, given) => {
        const { fate: end, delivery } = given.map(told).reduce(trackedTrace, startOf(fate))
        expect({ fate: end, delivery }).toEqual(endOf(given))
      }),
    )
  })

  test('never brings back what was ended by people or by the customer', () => {
    fc.assert(
      fc.property(fc.constantFrom('suppressed', 'discarded'), statuses, (fate, given) => {
        const start = startOf(fate)
        expect(given.map(told).reduce(trackedTrace, start)).toBe(start)
      }),
    )
  })

  test('gives the same object back where an update tells nothing new', () => {
    const sent: ReplyTrace = { ...startOf('sent'), providerId: 'p1' }
    expect(trackedTrace(sent, { ...told('sent'), providerId: 'p2' })).toBe(sent)
    const read: ReplyTrace = { ...sent, delivery: 'read' }
    expect(trackedTrace(read, { ...told('delivered'), providerId: 'p2' })).toBe(read)
  })
})
