import assert from 'node:assert/strict'
import type { Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import {
  answer,
  claimAll,
  claimOne,
  incoming,
  keyOf,
  messageIds,
  ordersOf,
  rejectsWith,
  replyIds,
  replyOf,
  start,
} from './storage-fixtures.ts'
import { assertLastInbound } from './storage-last-inbound.ts'

/** Makes a storage on data that outlives it: each call after the first finds what the ones before have left. */
export type StorageOpener = () => Promise<Storage>

const ana = keyOf('ana@c.us')

/** Runs each step on a storage of its own, all on the same data. */
function afterReopening(
  name: string,
  ...steps: readonly ((storage: Storage) => Promise<void>)[]
): ConformanceCase<StorageOpener> {
  return {
    name,
    async run(create) {
      const make = await create()
      for (const step of steps) {
        const storage = await make()
        await storage.open()
        try {
          await step(storage)
        } finally {
          await storage.close()
        }
      }
    },
  }
}

/** What a storage that calls itself durable keeps when it is closed and opened again. */
export const durableCases: readonly ConformanceCase<StorageOpener>[] = [
  afterReopening(
    'finds pending messages again, in order, with their times, attempts and controls',
    async (storage) => {
      const control = { handoff: { by: 'person' as const, reason: 'x', sinceMs: start } }
      await storage.append([incoming('a', {}, { control }), incoming('b')])
      const { lease, messages } = await claimOne(storage)
      const retried = messages.slice(0, 1).map(({ seq }) => seq)
      await storage.commit(lease, { nowMs: start, retry: { messages: retried, atMs: start + 5_000, reason: 'x' } })
      const late = { settleAtMs: start + 9_000, dueByMs: start + 9_000 }
      await storage.append([incoming('c', { chat: 'bo@c.us' }, late)])
    },
    async (storage) => {
      assert.deepEqual(await claimAll(storage, { nowMs: start + 4_999 }), [])
      const claim = await claimOne(storage, { nowMs: start + 5_000 })
      assert.deepEqual(
        claim.messages.map(({ message, attempts, control }) => [message, attempts, control]),
        [
          [incoming('a').message, 1, { handoff: { by: 'person' as const, reason: 'x', sinceMs: start } }],
          [incoming('b').message, 0, undefined],
        ],
      )
      assert.deepEqual(ordersOf(claim.flags), {
        optedOut: false,
        handoff: { by: 'person' as const, reason: 'x', sinceMs: start },
      })
      assert.deepEqual(messageIds(await claimOne(storage, { nowMs: start + 9_000 })), ['c'])
    },
  ),
  afterReopening(
    'knows duplicates of what was pending, done and dead',
    async (storage) => {
      await storage.append(['done', 'dead', 'pending'].map((id) => incoming(id)))
      const { lease, messages } = await claimOne(storage)
      const seqs = messages.map(({ seq }) => seq)
      const dead = { messages: seqs.slice(1, 2), reason: 'x' }
      await storage.commit(lease, { nowMs: start, done: seqs.slice(0, 1), dead })
    },
    async (storage) => {
      const results = await storage.append(['done', 'dead', 'pending', 'new'].map((id) => incoming(id)))
      assert.deepEqual(
        results.map(({ status }) => status),
        ['duplicate', 'duplicate', 'duplicate', 'stored'],
      )
      assert.deepEqual(messageIds(await claimOne(storage)), ['pending', 'new'])
      const [letter] = await storage.deadLetters.list()
      assert.equal(letter?.reason, 'x')
      await storage.deadLetters.retry(letter?.id ?? '', start)
    },
    async (storage) => {
      assert.deepEqual(messageIds(await claimOne(storage)), ['dead', 'pending', 'new'])
    },
  ),
  afterReopening(
    'holds no lease any more, and no former holder can commit',
    async (storage) => {
      await storage.append([incoming('a')])
      await claimOne(storage, { leaseMs: 3_600_000 })
    },
    async (storage) => {
      const claim = await claimOne(storage)
      assert.deepEqual(messageIds(claim), ['a'])
      const former = { ...claim.lease, token: claim.lease.token - 1 }
      await rejectsWith('lease_lost', storage.commit(former, { nowMs: start }))
    },
  ),
  afterReopening(
    'finds undelivered replies again, in order, and knows which was being sent',
    async (storage) => {
      await storage.append([incoming('a')])
      const lease = await answer(
        storage,
        ['r1', 'r2', 'r3'].map((id) => replyOf(id, { inReplyTo: ['a'] })),
      )
      await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent', providerId: 'p1' })
      await storage.commit(lease, { nowMs: start, sending: 'r2' })
    },
    async (storage) => {
      const claim = await claimOne(storage)
      assert.deepEqual(claim.replies, [
        { ...replyOf('r2', { inReplyTo: ['a'] }), status: 'sending', attempts: 1 },
        { ...replyOf('r3', { inReplyTo: ['a'] }), status: 'pending', attempts: 0 },
      ])
      const [echo] = await storage.append([incoming('p1', { fromMe: true, text: 'x' })])
      assert.equal(echo?.status, 'echo')
      await storage.settle({ conversation: ana, id: 'r2' }, { status: 'retry', notBeforeMs: start + 1, reason: 'x' })
      await storage.settle({ conversation: ana, id: 'r3' }, { status: 'held', reason: 'y' })
    },
    async (storage) => {
      assert.deepEqual(await claimAll(storage), [])
      assert.deepEqual(replyIds(await claimOne(storage, { nowMs: start + 1 })), ['r2'])
      const [letter] = await storage.deadLetters.list()
      assert.deepEqual([letter?.reason, letter?.uncertain], ['y', true])
    },
  ),
  afterReopening(
    'remembers state, flags, usage and the past',
    async (storage) => {
      await storage.append([incoming('a')])
      const { lease, messages } = await claimOne(storage)
      await storage.commit(lease, {
        nowMs: start,
        done: messages.map(({ seq }) => seq),
        state: { sessions: { shop: { cart: ['👍', '\ud800'] } } },
        control: { optOut: true },
        usage: { tokens: 5, costUsd: 0.5, day: '2027-01-15' },
      })
    },
    async (storage) => {
      await storage.append([incoming('b')])
      const claim = await claimOne(storage, { historyLimit: 5 })
      assert.deepEqual(claim.state, { sessions: { shop: { cart: ['👍', '\ud800'] } } })
      assert.deepEqual(ordersOf(claim.flags), { optedOut: true })
      assert.deepEqual(claim.usage, { tokens: 5, costUsd: 0.5 })
      assert.deepEqual(claim.history, [{ by: 'customer', text: 'text of a', atMs: start }])
      await storage.commit(claim.lease, { nowMs: start, usage: { tokens: 1, costUsd: 0.25, day: '2027-01-15' } })
    },
    async (storage) => {
      assert.deepEqual((await claimOne(storage)).usage, { tokens: 6, costUsd: 0.75 })
    },
  ),
  afterReopening(
    'remembers how far its replies have come and what the provider calls them',
    async (storage) => {
      await storage.enqueue(ana, [replyOf('r1'), replyOf('r2'), replyOf('r3')])
      const { lease } = await claimOne(storage)
      for (const id of ['r1', 'r2']) {
        await storage.settle({ conversation: ana, id }, { status: 'sent', providerId: `p-${id}` })
      }
      await storage.commit(lease, { nowMs: start, sending: 'r3' })
      await storage.track(ana, [
        { providerId: 'p-r1', status: 'read', atMs: start },
        { providerId: 'p-r2', status: 'failed', atMs: start, reason: 'blocked' },
        { replyId: 'r3', providerId: 'p-r3', status: 'delivered', atMs: start },
      ])
    },
    async (storage) => {
      const results = await storage.track(ana, [
        { providerId: 'p-r1', status: 'delivered', atMs: start },
        { providerId: 'p-r1', status: 'failed', atMs: start },
        { providerId: 'p-r2', status: 'failed', atMs: start },
        { providerId: 'p-r3', status: 'delivered', atMs: start },
        { providerId: 'p-r3', status: 'read', atMs: start },
      ])
      const unchanged = { status: 'unchanged' } as const
      const changed = { status: 'changed', conversation: ana, replyId: 'r3', inReplyTo: [] } as const
      assert.deepEqual(results, [unchanged, unchanged, unchanged, unchanged, changed])
      assert.deepEqual(await claimAll(storage), [])
      const [letter] = await storage.deadLetters.list()
      assert.deepEqual([letter?.reason, letter?.uncertain], ['blocked', false])
    },
  ),
  afterReopening(
    'remembers records',
    async ({ records }) => {
      await records.set(ana, 'kept', 'first')
      await records.set(ana, 'kept', 'second')
      await records.set(ana, 'forgotten', 'x')
      await records.set(ana, 'forgotten', undefined)
    },
    async ({ records }) => {
      assert.deepEqual([await records.get(ana, 'kept'), await records.get(ana, 'forgotten')], ['second', undefined])
    },
  ),
  afterReopening(
    'remembers when the customer last wrote, at most five minutes early',
    ...Array.from({ length: 12 }, (_, index) => async (storage: Storage) => {
      const atMs = start + index * 2 * 60_000
      if (index > 0) assertLastInbound(await storage.control(ana, {}), atMs - 2 * 60_000)
      await storage.append([incoming(`m${index}`, { sentAtMs: atMs }, { receivedAtMs: atMs })])
      // Now and then the process ends before the message is answered.
      if (index % 3 === 2) return
      await answer(storage, [], { nowMs: atMs })
    }),
  ),
  afterReopening(
    'remembers the ids of one person and what was joined',
    async (storage) => {
      await storage.append([incoming('a', { chat: 'phone' }), incoming('b', { chat: 'lid' })])
      await storage.append([incoming('c', { chat: 'phone', from: { id: 'lid', aliases: [] } })])
    },
    async (storage) => {
      const [result] = await storage.append([incoming('d', { chat: 'lid' })])
      assert.deepEqual(result?.conversation, keyOf('phone'))
      assert.deepEqual(messageIds(await claimOne(storage)), ['a', 'b', 'c', 'd'])
      assert.equal((await storage.stats()).conversations, 1)
    },
  ),
]
