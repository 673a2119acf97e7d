import assert from 'node:assert/strict'
import type { DeliveryStatus, DeliveryUpdate, Storage, TrackResult } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import {
  claimAll,
  claimOne,
  incoming,
  keyOf,
  rejectsWith,
  replyIds,
  replyOf,
  start,
  storageCase,
} from './storage-fixtures.ts'

const ana = keyOf('ana@c.us')
/** Later than any clock: settling takes the storage's own time. */
const end = 8_000_000_000_000
const arrivals = ['sent', 'delivered', 'read'] as const
const unchanged: TrackResult = { status: 'unchanged' }
const unknown: TrackResult = { status: 'unknown' }

const changed = (replyId: string): TrackResult => ({
  status: 'changed',
  conversation: ana,
  replyId,
  inReplyTo: ['a', 'b'],
})

/** The provider tells it of a reply by its own id, `p-` and ours. */
function told(id: string, status: DeliveryStatus, fields: Partial<DeliveryUpdate> = {}): DeliveryUpdate {
  return {
    providerId: `p-${id}`,
    status,
    atMs: start,
    ...(status === 'failed' && { reason: '131047 Late' }),
    ...fields,
  }
}

/** The provider tells it of a reply by our id alone. */
function toldOurs(replyId: string, status: DeliveryStatus): DeliveryUpdate {
  return { replyId, status, atMs: start, ...(status === 'failed' && { reason: '131047 Late' }) }
}

/** Leaves one reply `sending` and no lease, as a crash would. */
async function interrupted(storage: Storage, id: string): Promise<void> {
  await storage.enqueue(ana, [replyOf(id, { inReplyTo: ['a', 'b'] })])
  await beginAll(storage)
}

/** Begins to send every reply that is due. */
async function beginAll(storage: Storage): Promise<void> {
  for (const { lease, replies } of await claimAll(storage)) {
    for (const { id } of replies) await storage.commit(lease, { nowMs: start, sending: id })
    await storage.release(lease)
  }
}

/** Leaves one reply sent, known to the provider as `p-` and our id. */
async function sent(storage: Storage, id: string): Promise<void> {
  await interrupted(storage, id)
  await storage.settle({ conversation: ana, id }, { status: 'sent', providerId: `p-${id}` })
}

/** Leaves one reply that perhaps went out. */
async function held(storage: Storage, id: string): Promise<void> {
  await interrupted(storage, id)
  await storage.settle({ conversation: ana, id }, { status: 'held', reason: 'crashed' })
}

async function trackOne(storage: Storage, update: DeliveryUpdate): Promise<TrackResult> {
  const results = await storage.track(ana, [update])
  assert.equal(results.length, 1)
  return results[0] as TrackResult
}

async function retryOnly(storage: Storage): Promise<void> {
  const [letter, ...others] = await storage.deadLetters.list()
  assert.ok(letter && others.length === 0, 'expected one dead letter')
  await storage.deadLetters.retry(letter.id, start)
}

async function reasons(storage: Storage): Promise<string[]> {
  return (await storage.deadLetters.list()).map(({ reason }) => reason)
}

const movingCases: readonly ConformanceCase<Storage>[] = [
  storageCase('moves the delivery status of a reply forward only', async (storage) => {
    await sent(storage, 'r1')
    const results = []
    for (const status of ['sent', 'delivered', 'delivered', 'sent', 'read', 'delivered', 'read', 'sent'] as const) {
      results.push(await trackOne(storage, told('r1', status)))
    }
    const no = unchanged
    assert.deepEqual(results, [no, changed('r1'), no, no, changed('r1'), no, no, no])
    assert.deepEqual(await storage.deadLetters.list(), [])
    assert.deepEqual(await claimAll(storage), [])
  }),
  storageCase('takes a reply that was read for delivered too', async (storage) => {
    await sent(storage, 'r1')
    assert.deepEqual(await storage.track(ana, [told('r1', 'read'), told('r1', 'delivered')]), [
      changed('r1'),
      unchanged,
    ])
  }),
  storageCase('tracks in the order given and gives results in that order', async (storage) => {
    for (const id of ['r1', 'r2', 'r3']) await sent(storage, id)
    const updates = [
      told('r3', 'delivered'),
      told('nobody', 'read'),
      told('r1', 'read'),
      told('r3', 'delivered'),
      told('r1', 'failed'),
      told('r2', 'failed'),
      told('r3', 'read'),
    ]
    const results = [changed('r3'), unknown, changed('r1'), unchanged, unchanged, changed('r2'), changed('r3')]
    assert.deepEqual(await storage.track(ana, updates), results)
    assert.deepEqual(await storage.track(ana, []), [])
  }),
  storageCase('finds a reply by our id, else by the id of the provider', async (storage) => {
    for (const id of ['r1', 'r2']) await sent(storage, id)
    assert.deepEqual(await trackOne(storage, toldOurs('r1', 'delivered')), changed('r1'))
    assert.deepEqual(await trackOne(storage, told('r2', 'read', { replyId: 'r1' })), changed('r1'))
    assert.deepEqual(await trackOne(storage, told('r2', 'read', { replyId: 'nobody' })), changed('r2'))
  }),
  storageCase('calls unknown what is about no reply of this channel', async (storage) => {
    await sent(storage, 'r1')
    for (const update of [
      told('r1', 'read', { providerId: 'r1' }),
      toldOurs('p-r1', 'failed'),
      { status: 'failed', atMs: start } as const,
    ]) {
      assert.deepEqual(await trackOne(storage, update), unknown)
    }
    for (const elsewhere of [keyOf('x', { tenant: 'other' }), keyOf('x', { channel: 'second' })]) {
      const updates = [told('r1', 'failed'), toldOurs('r1', 'failed')]
      assert.deepEqual(await storage.track(elsewhere, updates), [unknown, unknown])
    }
    assert.deepEqual(await trackOne(storage, told('r1', 'read')), changed('r1'))
  }),
  storageCase('tells the conversation that a reply belongs to by now', async (storage) => {
    await storage.append([incoming('m1'), incoming('m2', { chat: 'lid' })])
    await storage.enqueue(keyOf('lid'), [replyOf('r1', { inReplyTo: ['a', 'b'] })])
    await storage.settle({ conversation: keyOf('lid'), id: 'r1' }, { status: 'sent', providerId: 'p-r1' })
    await storage.append([incoming('m3', { from: { id: 'lid', aliases: [] } })])
    assert.deepEqual(await trackOne(storage, told('r1', 'delivered')), changed('r1'))
    assert.deepEqual(await trackOne(storage, told('r1', 'read')), changed('r1'))
  }),
  storageCase('tracks while somebody holds the lease, who keeps it', async (storage) => {
    await sent(storage, 'r1')
    await storage.append([incoming('a')])
    const { lease } = await claimOne(storage)
    assert.deepEqual(await trackOne(storage, told('r1', 'failed')), changed('r1'))
    assert.deepEqual(await claimAll(storage), [])
    await storage.commit(lease, { nowMs: start, state: { sessions: {} } })
  }),
  storageCase('learns the id of the provider from an update where sending did not tell it', async (storage) => {
    for (const id of ['r1', 'r2']) {
      await interrupted(storage, id)
      await storage.settle({ conversation: ana, id }, { status: 'sent' })
    }
    assert.deepEqual(await trackOne(storage, told('r1', 'read')), unknown)
    assert.deepEqual(await trackOne(storage, told('r1', 'sent', { replyId: 'r1' })), unchanged)
    assert.deepEqual(await trackOne(storage, told('r2', 'delivered', { replyId: 'r2' })), changed('r2'))
    assert.deepEqual(await storage.track(ana, [told('r1', 'read'), told('r2', 'read')]), [changed('r1'), changed('r2')])
    const [echo] = await storage.append([incoming('p-r1', { fromMe: true, text: 'anything' })])
    assert.equal(echo?.status, 'echo')
  }),
  storageCase('keeps the id that sending told where an update tells another', async (storage) => {
    await sent(storage, 'r1')
    const other = { replyId: 'r1', providerId: 'other' }
    assert.deepEqual(await trackOne(storage, told('r1', 'sent', other)), unchanged)
    assert.deepEqual(await trackOne(storage, told('r1', 'delivered', other)), changed('r1'))
    assert.deepEqual(await trackOne(storage, told('r1', 'read')), changed('r1'))
  }),
  storageCase('forgets with a pruned reply who it was', async (storage) => {
    await sent(storage, 'r1')
    await trackOne(storage, told('r1', 'read'))
    assert.deepEqual(await storage.prune({ beforeMs: end }), { removed: 1 })
    assert.deepEqual(await storage.track(ana, [told('r1', 'failed'), toldOurs('r1', 'failed')]), [unknown, unknown])
  }),
]

const failingCases: readonly ConformanceCase<Storage>[] = [
  storageCase('makes a dead letter of a reply that was sent and could not be delivered', async (storage) => {
    await sent(storage, 'r1')
    assert.deepEqual(await trackOne(storage, told('r1', 'failed')), changed('r1'))
    const [letter, ...others] = await storage.deadLetters.list()
    const { id, atMs, ...rest } = letter ?? assert.fail('expected a dead letter')
    assert.deepEqual([typeof id, typeof atMs, others], ['string', 'number', []])
    assert.deepEqual(rest, {
      kind: 'reply',
      uncertain: false,
      conversation: ana,
      message: { type: 'text', text: 'text of r1' },
      reason: '131047 Late',
      attempts: 1,
    })
    assert.equal((await storage.stats()).deadLetters, 1)
    assert.deepEqual(await claimAll(storage), [])
    const again = told('r1', 'failed', { reason: 'other' })
    assert.deepEqual(await storage.track(ana, [again, told('r1', 'sent')]), [unchanged, unchanged])
    assert.deepEqual(await reasons(storage), ['131047 Late'])
    assert.deepEqual(await storage.prune({ beforeMs: end }), { removed: 0 })
  }),
  storageCase('has a reason for a failure that comes without one', async (storage) => {
    await sent(storage, 'r1')
    await storage.track(ana, [{ providerId: 'p-r1', status: 'failed', atMs: start }])
    assert.match((await reasons(storage))[0] ?? '', /\w/)
  }),
  storageCase('believes no failure of a reply that was delivered or read', async (storage) => {
    for (const status of ['delivered', 'read'] as const) {
      await sent(storage, status)
      await trackOne(storage, told(status, status))
      assert.deepEqual(await trackOne(storage, told(status, 'failed')), unchanged)
    }
    assert.deepEqual(await storage.deadLetters.list(), [])
  }),
  storageCase('takes a failure back where the customer got the reply after all', async (storage) => {
    for (const status of ['delivered', 'read'] as const) {
      await sent(storage, status)
      const updates = [told(status, 'failed'), told(status, status), told(status, 'failed')]
      assert.deepEqual(await storage.track(ana, updates), [changed(status), changed(status), unchanged])
      assert.deepEqual(await storage.deadLetters.list(), [])
      assert.deepEqual(await claimAll(storage), [])
    }
    assert.deepEqual(await storage.prune({ beforeMs: end }), { removed: 2 })
  }),
  storageCase('tells the past without a reply that could not be delivered', async (storage) => {
    for (const id of ['r1', 'r2']) await sent(storage, id)
    await trackOne(storage, told('r1', 'failed'))
    await storage.append([incoming('a')])
    const { history } = await claimOne(storage, { historyLimit: 10 })
    assert.deepEqual(
      history.map(({ text }) => text),
      ['text of r2'],
    )
  }),
  storageCase('sends a reply that could not be delivered again, with its tracking forgotten', async (storage) => {
    await sent(storage, 'r1')
    await trackOne(storage, told('r1', 'failed'))
    await retryOnly(storage)
    const { lease, replies } = await claimOne(storage)
    assert.deepEqual(replies, [{ ...replyOf('r1', { inReplyTo: ['a', 'b'] }), status: 'pending', attempts: 0 }])
    await storage.commit(lease, { nowMs: start, sending: 'r1' })
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent', providerId: 'p-again' })
    await storage.release(lease)
    assert.deepEqual(await storage.deadLetters.list(), [])
    assert.deepEqual(await trackOne(storage, told('again', 'failed')), changed('r1'))
    await retryOnly(storage)
    await beginAll(storage)
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent', providerId: 'p-third' })
    const updates = [told('third', 'delivered'), told('third', 'read'), told('third', 'failed')]
    assert.deepEqual(await storage.track(ana, updates), [changed('r1'), changed('r1'), unchanged])
  }),
  storageCase('lets what is told late of the first sending not disturb the second', async (storage) => {
    await sent(storage, 'r1')
    await trackOne(storage, told('r1', 'failed'))
    await retryOnly(storage)
    const late = [told('r1', 'sent'), told('r1', 'failed'), told('r1', 'failed', { replyId: 'r1' })]
    const nothing = [unchanged, unchanged, unchanged]
    assert.deepEqual(await storage.track(ana, late), nothing)
    const [echo] = await storage.append([incoming('p-r1', { fromMe: true, text: 'anything' })])
    assert.equal(echo?.status, 'echo')
    assert.equal((await claimAll(storage, { leaseMs: 0 })).length, 1)
    await beginAll(storage)
    assert.deepEqual(await storage.track(ana, late), nothing)
    const [reply] = (await claimOne(storage)).replies
    assert.deepEqual([reply?.id, reply?.status], ['r1', 'sending'])
  }),
  storageCase('does not send again what arrived by the first sending after all', async (storage) => {
    await sent(storage, 'r1')
    await trackOne(storage, told('r1', 'failed'))
    await retryOnly(storage)
    assert.deepEqual(await trackOne(storage, told('r1', 'delivered')), changed('r1'))
    assert.deepEqual(await claimAll(storage), [])
  }),
  storageCase('leaves a discarded or suppressed reply as it is', async (storage) => {
    await sent(storage, 'r1')
    await trackOne(storage, told('r1', 'failed'))
    for (const { id } of await storage.deadLetters.list()) await storage.deadLetters.discard(id)
    await interrupted(storage, 'r2')
    await storage.settle({ conversation: ana, id: 'r2' }, { status: 'suppressed', reason: 'opted out' })
    for (const id of ['r1', 'r2']) {
      for (const status of [...arrivals, 'failed'] as const) {
        assert.deepEqual(await trackOne(storage, toldOurs(id, status)), unchanged)
      }
    }
    assert.deepEqual(await storage.deadLetters.list(), [])
    assert.deepEqual(await claimAll(storage), [])
    assert.deepEqual(await storage.prune({ beforeMs: end }), { removed: 2 })
  }),
]

const uncertainCases: readonly ConformanceCase<Storage>[] = [
  storageCase('takes every arrival as the proof that a reply in the uncertain window was sent', async (storage) => {
    for (const status of arrivals) {
      for (const [name, leave] of Object.entries({ interrupted, held })) {
        const id = `${name}-${status}`
        await leave(storage, id)
        assert.deepEqual(await trackOne(storage, told(id, status)), unknown)
        assert.deepEqual(await trackOne(storage, told(id, status, { replyId: id })), changed(id))
        assert.deepEqual(await trackOne(storage, told(id, status)), unchanged)
        assert.deepEqual(await claimAll(storage), [])
        assert.deepEqual(await storage.deadLetters.list(), [])
        const [echo] = await storage.append([incoming(`p-${id}`, { fromMe: true, text: 'anything' })])
        assert.equal(echo?.status, 'echo')
        await storage.settle({ conversation: ana, id }, { status: 'held', reason: 'late' })
        assert.deepEqual(await storage.deadLetters.list(), [])
      }
    }
  }),
  storageCase('does not send again a reply that waits for its next attempt and has arrived', async (storage) => {
    const retry = { status: 'retry', notBeforeMs: start, reason: 'timeout' } as const
    for (const status of arrivals) {
      await interrupted(storage, status)
      await storage.settle({ conversation: ana, id: status }, retry)
      assert.deepEqual(await trackOne(storage, toldOurs(status, status)), changed(status))
      assert.deepEqual(await claimAll(storage), [])
    }
  }),
  storageCase('makes a dead letter of a reply in the uncertain window that failed', async (storage) => {
    for (const [id, leave] of Object.entries({ interrupted, held })) {
      await leave(storage, id)
      assert.deepEqual(await trackOne(storage, toldOurs(id, 'failed')), changed(id))
      assert.deepEqual(await trackOne(storage, toldOurs(id, 'failed')), unchanged)
      assert.deepEqual(await claimAll(storage), [])
      const [letter] = await storage.deadLetters.list()
      assert.deepEqual([letter?.reason, letter?.uncertain, letter?.attempts], ['131047 Late', false, 1])
      await retryOnly(storage)
      assert.deepEqual(replyIds(await claimOne(storage, { leaseMs: 0 })), [id])
      await storage.settle({ conversation: ana, id }, { status: 'sent' })
    }
  }),
  storageCase(
    'believes a failure that was told before the answer of the same sending was recorded',
    async (storage) => {
      await storage.enqueue(ana, [replyOf('r1', { inReplyTo: ['a', 'b'] })])
      const { lease } = await claimOne(storage)
      await storage.commit(lease, { nowMs: start, sending: 'r1' })
      assert.deepEqual(await trackOne(storage, toldOurs('r1', 'failed')), changed('r1'))
      await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent', providerId: 'p-r1' })
      assert.deepEqual(await reasons(storage), ['131047 Late'])
      await rejectsWith('not_found', storage.commit(lease, { nowMs: start, sending: 'r1' }))
      assert.deepEqual(await trackOne(storage, told('r1', 'delivered')), changed('r1'))
      assert.deepEqual(await storage.deadLetters.list(), [])
    },
  ),
  storageCase('lets a reply that was not sent yet wait, whatever is said to have failed', async (storage) => {
    await storage.enqueue(ana, [replyOf('r1')])
    assert.deepEqual(await storage.track(ana, [toldOurs('r1', 'failed'), toldOurs('r1', 'sent')]), [
      unchanged,
      unchanged,
    ])
    await beginAll(storage)
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'retry', notBeforeMs: start, reason: 'x' })
    assert.deepEqual(await trackOne(storage, toldOurs('r1', 'failed')), unchanged)
    assert.deepEqual(replyIds(await claimOne(storage)), ['r1'])
  }),
  storageCase(
    'believes that a dead reply arrived after all, and keeps its reason where it failed again',
    async (storage) => {
      for (const status of arrivals) {
        await interrupted(storage, status)
        await storage.settle({ conversation: ana, id: status }, { status: 'dead', reason: 'refused' })
        assert.deepEqual(await trackOne(storage, toldOurs(status, 'failed')), unchanged)
        assert.deepEqual(await reasons(storage), ['refused'])
        assert.deepEqual(await trackOne(storage, toldOurs(status, status)), changed(status))
        assert.deepEqual(await storage.deadLetters.list(), [])
      }
    },
  ),
]

/** What `track` promises. */
export const trackingCases: readonly ConformanceCase<Storage>[] = [...movingCases, ...failingCases, ...uncertainCases]
