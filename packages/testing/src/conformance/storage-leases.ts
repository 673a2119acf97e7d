import assert from 'node:assert/strict'
import type { Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import {
  claimAll,
  claimOne,
  incoming,
  keyOf,
  messageIds,
  ordersOf,
  rejectsWith,
  replyOf,
  start,
  storageCase,
} from './storage-fixtures.ts'

/** What the port promises of leases: one holder at a time, and no commit of a former one. */
export const leaseCases: readonly ConformanceCase<Storage>[] = [
  storageCase('leases a conversation to one worker at a time', async (storage) => {
    await storage.append([incoming('a')])
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, index) => claimAll(storage, { owner: `w${index}` })),
    )
    assert.equal(claims.flat().length, 1)
  }),
  storageCase('gives a conversation to the next once its lease is given back', async (storage) => {
    await storage.append([incoming('a')])
    const first = await claimOne(storage)
    assert.deepEqual(await storage.release(first.lease), { dueAtMs: start })
    const second = await claimOne(storage, { owner: 'other' })
    assert.ok(second.lease.token > first.lease.token)
    assert.equal(second.lease.owner, 'other')
    assert.deepEqual(messageIds(second), ['a'])
  }),
  storageCase('gives a conversation to the next once its lease has expired', async (storage) => {
    await storage.append([incoming('a')])
    const first = await claimOne(storage, { leaseMs: 10_000 })
    assert.deepEqual(await claimAll(storage, { nowMs: start + 9_999 }), [])
    const second = await claimOne(storage, { nowMs: start + 10_000 })
    assert.ok(second.lease.token > first.lease.token)
  }),
  storageCase('rejects every change of a former holder and takes none of it', async (storage) => {
    await storage.append([incoming('a')])
    const first = await claimOne(storage, { leaseMs: 10_000 })
    const done = first.messages.map(({ seq }) => seq)
    const late = start + 10_000
    await rejectsWith('lease_lost', storage.commit(first.lease, { nowMs: late, done }))
    const second = await claimOne(storage, { nowMs: late })
    const change = { nowMs: late, done, replies: [replyOf('r1')], state: { sessions: {} }, control: { optOut: true } }
    await rejectsWith('lease_lost', storage.commit(first.lease, change))
    // Also one whose clock is behind: the token decides, not the time alone.
    await rejectsWith('lease_lost', storage.commit(first.lease, { ...change, nowMs: start }))
    await rejectsWith('lease_lost', storage.renew(first.lease, { nowMs: late, leaseMs: 10_000 }))
    await storage.release(first.lease)
    await storage.commit(second.lease, { nowMs: late, state: { sessions: { kept: 1 } } })
    await storage.release(second.lease)
    const third = await claimOne(storage, { nowMs: late })
    assert.deepEqual(messageIds(third), ['a'])
    assert.deepEqual(third.replies, [])
    assert.deepEqual(third.state, { sessions: { kept: 1 } })
    assert.deepEqual(ordersOf(third.flags), { optedOut: false })
  }),
  storageCase('rejects a commit after the lease was given back, and forgives giving it back twice', async (storage) => {
    await storage.append([incoming('a')])
    const { lease } = await claimOne(storage)
    await storage.release(lease)
    await rejectsWith('lease_lost', storage.commit(lease, { nowMs: start }))
    await rejectsWith('lease_lost', storage.renew(lease, { nowMs: start, leaseMs: 1_000 }))
    const second = await claimOne(storage)
    assert.deepEqual(await storage.release(lease), { dueAtMs: start })
    await storage.commit(second.lease, { nowMs: start })
  }),
  storageCase('prolongs a lease', async (storage) => {
    await storage.append([incoming('a')])
    const { lease, messages } = await claimOne(storage, { leaseMs: 10_000 })
    const renewed = await storage.renew(lease, { nowMs: start + 9_000, leaseMs: 10_000 })
    assert.deepEqual(renewed, { ...lease, expiresAtMs: start + 19_000 })
    assert.deepEqual(await claimAll(storage, { nowMs: start + 18_999 }), [])
    // The holder may go on using the lease that it was given first.
    await storage.commit(lease, { nowMs: start + 18_000, done: messages.map(({ seq }) => seq) })
    await rejectsWith('lease_lost', storage.renew(renewed, { nowMs: start + 19_000, leaseMs: 10_000 }))
  }),
  storageCase('leases different conversations side by side', async (storage) => {
    await storage.append([incoming('a', { chat: 'a' }), incoming('b', { chat: 'b' })])
    const [first, second] = await claimAll(storage)
    assert.ok(first && second)
    await storage.commit(first.lease, { nowMs: start, done: first.messages.map(({ seq }) => seq) })
    await storage.commit(second.lease, { nowMs: start, done: second.messages.map(({ seq }) => seq) })
    assert.deepEqual(await storage.release(first.lease), {})
    assert.deepEqual(await storage.release(second.lease), {})
  }),
  storageCase('keeps mail that comes while a conversation is leased for the time after', async (storage) => {
    await storage.append([incoming('a')])
    const { lease, messages } = await claimOne(storage)
    await storage.append([incoming('b')])
    await storage.enqueue(keyOf('ana@c.us'), [replyOf('r1')])
    assert.deepEqual(await claimAll(storage), [])
    assert.deepEqual(await claimAll(storage, { conversation: keyOf('ana@c.us') }), [])
    await storage.commit(lease, { nowMs: start, done: messages.map(({ seq }) => seq) })
    assert.deepEqual(await storage.release(lease), { dueAtMs: start, turnAtMs: start })
  }),
]
