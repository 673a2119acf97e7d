import assert from 'node:assert/strict'
import type { ReplyOutcome, Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import {
  answer,
  claimAll,
  claimOne,
  enqueued,
  incoming,
  keyOf,
  messageIds,
  rejectsWith,
  replyIds,
  replyOf,
  start,
  storageCase,
} from './storage-fixtures.ts'

const ana = keyOf('ana@c.us')
const minute = 60_000
const endings: readonly ReplyOutcome[] = [
  { status: 'sent', providerId: 'p1' },
  { status: 'dead', reason: 'blocked' },
  { status: 'held', reason: 'crashed' },
  { status: 'suppressed', reason: 'opted out' },
]

/** Leaves one reply `sending` and no lease, as a crash would. */
async function interrupted(storage: Storage, id: string): Promise<void> {
  await enqueued(storage, id)
  const { lease } = await claimOne(storage)
  await storage.commit(lease, { nowMs: start, sending: id })
  await storage.release(lease)
}

/** What `commit`, `settle` and `enqueue` promise of replies, and how echoes are known. */
export const outboxCases: readonly ConformanceCase<Storage>[] = [
  storageCase('keeps the replies of a turn until they are settled, in order', async (storage) => {
    await storage.append([incoming('a')])
    const replies = [
      replyOf('z', { inReplyTo: ['a'], kind: 'fallback' }),
      replyOf('y', { message: { type: 'image', media: { url: 'https://example.org/x.png' }, caption: 'x' } }),
      replyOf('x', { kind: 'confirmation', notBeforeMs: start - 5 }),
    ]
    const lease = await answer(storage, replies)
    assert.deepEqual(await storage.release(lease), { dueAtMs: start })
    const claim = await claimOne(storage)
    assert.deepEqual(claim.messages, [])
    assert.deepEqual(
      claim.replies,
      replies.map((reply) => ({ ...reply, status: 'pending', attempts: 0 })),
    )
    for (const id of ['z', 'y', 'x']) {
      await storage.commit(claim.lease, { nowMs: start, sending: id })
      await storage.settle({ conversation: ana, id }, { status: 'sent', providerId: `provider-${id}` })
    }
    assert.deepEqual(await storage.release(claim.lease), {})
    assert.deepEqual(await claimAll(storage), [])
  }),
  storageCase(
    'stores a reply with a known id once, by commit and by enqueue, also after it was sent',
    async (storage) => {
      await enqueued(storage, 'r1')
      await storage.enqueue(ana, [replyOf('r1'), replyOf('r2'), replyOf('r2')])
      const { lease, replies } = await claimOne(storage)
      assert.deepEqual(
        replies.map(({ id }) => id),
        ['r1', 'r2'],
      )
      await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent' })
      await storage.commit(lease, { nowMs: start, replies: [replyOf('r1'), replyOf('r3')] })
      await storage.release(lease)
      assert.deepEqual(replyIds(await claimOne(storage)), ['r2', 'r3'])
    },
  ),
  storageCase('puts replies into the outbox outside a turn, also of a conversation that is new', async (storage) => {
    assert.deepEqual(await enqueued(storage, 'r1', 'bo@c.us'), keyOf('bo@c.us'))
    const later = replyOf('r2', { kind: 'proactive', notBeforeMs: start + 5_000 })
    await storage.enqueue(keyOf('carl@c.us'), [later])
    const claim = await claimOne(storage)
    assert.deepEqual(claim.lease.conversation, keyOf('bo@c.us'))
    assert.deepEqual(replyIds(claim), ['r1'])
    const second = await claimOne(storage, { nowMs: start + 5_000 })
    assert.deepEqual(second.replies, [{ ...later, status: 'pending', attempts: 0 }])
  }),
  storageCase('enqueues nothing without making trouble', async (storage) => {
    assert.deepEqual(await storage.enqueue(ana, []), ana)
    assert.deepEqual(await storage.append([]), [])
    assert.deepEqual(await claimAll(storage), [])
  }),
  storageCase(
    'counts an attempt when it begins and finds the reply again after a crash, due at once',
    async (storage) => {
      await storage.enqueue(ana, [replyOf('r1', { notBeforeMs: start + 1_000 }), replyOf('r2')])
      const { lease } = await claimOne(storage, { nowMs: start + 1_000, leaseMs: 5_000 })
      await storage.commit(lease, { nowMs: start + 1_000, sending: 'r1' })
      assert.deepEqual(await claimAll(storage, { nowMs: start + 5_999 }), [])
      const again = await claimOne(storage, { nowMs: start + 6_000 })
      assert.deepEqual(
        again.replies.map(({ id, status, attempts }) => [id, status, attempts]),
        [
          ['r1', 'sending', 1],
          ['r2', 'pending', 0],
        ],
      )
      await storage.commit(again.lease, { nowMs: start + 6_000, sending: 'r1' })
      await storage.release(again.lease)
      assert.equal((await claimOne(storage, { nowMs: start + 6_000 })).replies[0]?.attempts, 2)
    },
  ),
  storageCase('adds a reply and begins to send it in one commit', async (storage) => {
    await storage.append([incoming('a')])
    const { lease, messages } = await claimOne(storage)
    const done = messages.map(({ seq }) => seq)
    await storage.commit(lease, { nowMs: start, done, replies: [replyOf('r1')], sending: 'r1' })
    await storage.release(lease)
    const [reply] = (await claimOne(storage)).replies
    assert.deepEqual([reply?.status, reply?.attempts], ['sending', 1])
  }),
  storageCase('lets a reply that has to wait hold up the ones behind it', async (storage) => {
    await storage.enqueue(ana, [replyOf('r1'), replyOf('r2')])
    const { lease } = await claimOne(storage)
    await storage.commit(lease, { nowMs: start, sending: 'r1' })
    const outcome = { status: 'retry', notBeforeMs: start + 4_000, reason: 'rate limit' } as const
    await storage.settle({ conversation: ana, id: 'r1' }, outcome)
    assert.deepEqual(await storage.release(lease), { dueAtMs: start + 4_000 })
    assert.deepEqual(await claimAll(storage, { nowMs: start + 3_999 }), [])
    const again = await claimOne(storage, { nowMs: start + 4_000 })
    assert.deepEqual(
      again.replies.map(({ id, status, attempts, notBeforeMs }) => [id, status, attempts, notBeforeMs]),
      [
        ['r1', 'pending', 1, start + 4_000],
        ['r2', 'pending', 0, start],
      ],
    )
  }),
  storageCase('gives replies without messages that are not due, and the other way round', async (storage) => {
    await storage.append([incoming('a', {}, { settleAtMs: start + 2_000, dueByMs: start + 2_000 })])
    await enqueued(storage, 'r1')
    const first = await claimOne(storage)
    assert.deepEqual([messageIds(first), replyIds(first)], [[], ['r1']])
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'retry', notBeforeMs: start + 9_000, reason: 'x' })
    assert.deepEqual(await storage.release(first.lease), { dueAtMs: start + 2_000, turnAtMs: start + 2_000 })
    const second = await claimOne(storage, { nowMs: start + 2_000 })
    assert.deepEqual([messageIds(second), replyIds(second)], [['a'], ['r1']])
  }),
  storageCase('refuses to begin sending a reply that is final, so that it is not said twice', async (storage) => {
    for (const [index, outcome] of endings.entries()) {
      const id = `r${index}`
      await storage.enqueue(ana, [replyOf(id), replyOf(`${id}-next`)])
      const { lease } = await claimOne(storage)
      await storage.settle({ conversation: ana, id }, outcome)
      await rejectsWith('not_found', storage.commit(lease, { nowMs: start, sending: id }))
      await storage.settle({ conversation: ana, id: `${id}-next` }, { status: 'sent' })
      await storage.release(lease)
    }
  }),
  storageCase('takes every final outcome as the end', async (storage) => {
    for (const [index, outcome] of endings.entries()) {
      const id = `r${index}`
      await enqueued(storage, id)
      await storage.settle({ conversation: ana, id }, outcome)
      assert.deepEqual(await claimAll(storage), [])
      for (const later of [{ status: 'retry', notBeforeMs: start, reason: 'x' }, ...endings.slice(1)] as const) {
        await storage.settle({ conversation: ana, id }, later)
        assert.deepEqual(await claimAll(storage), [])
      }
    }
    const letters = await storage.deadLetters.list()
    assert.deepEqual(letters.map(({ reason, uncertain }) => [reason, uncertain]).sort(), [
      ['blocked', false],
      ['crashed', true],
    ])
  }),
  storageCase('settles without a lease and forgives an id that it does not know', async (storage) => {
    await enqueued(storage, 'r1')
    await storage.settle({ conversation: ana, id: 'nobody' }, { status: 'sent' })
    await storage.settle({ conversation: keyOf('x', { tenant: 'other' }), id: 'r1' }, { status: 'sent' })
    assert.deepEqual(replyIds(await claimOne(storage)), ['r1'])
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent' })
    assert.equal((await storage.stats()).pendingReplies, 0)
  }),
  storageCase('believes that a dead or held reply was sent after all', async (storage) => {
    for (const status of ['dead', 'held'] as const) {
      await enqueued(storage, status)
      await storage.settle({ conversation: ana, id: status }, { status, reason: 'x' })
      assert.equal((await storage.deadLetters.list()).length, 1)
      await storage.settle({ conversation: ana, id: status }, { status: 'sent', providerId: `p-${status}` })
      assert.deepEqual(await storage.deadLetters.list(), [])
      const [echo] = await storage.append([incoming(`p-${status}`, { fromMe: true, text: 'anything' })])
      assert.equal(echo?.status, 'echo')
    }
  }),
  storageCase('knows the echo of a reply by its provider id, as often as it comes', async (storage) => {
    await enqueued(storage, 'r1')
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent', providerId: 'p1' })
    const echo = incoming('p1', { fromMe: true, chat: 'other@c.us', text: 'else' }, { control: { optOut: true } })
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(await storage.append([echo]), [{ status: 'echo', conversation: ana }])
    }
    assert.deepEqual(await storage.control(ana, {}), { optedOut: false })
    assert.equal((await storage.stats()).pendingMessages, 0)
  }),
  storageCase('takes an echo as the proof that a reply in the uncertain window was sent', async (storage) => {
    await interrupted(storage, 'r1')
    const [echo] = await storage.append([incoming('p1', { fromMe: true, text: 'text of r1' })])
    assert.deepEqual(echo, { status: 'echo', conversation: ana })
    assert.deepEqual(await claimAll(storage), [])
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'held', reason: 'late' })
    assert.deepEqual(await storage.deadLetters.list(), [])
    const [again] = await storage.append([incoming('p1', { fromMe: true, text: 'text of r1' })])
    assert.equal(again?.status, 'echo')
  }),
  storageCase('takes an echo as the proof that a held reply was sent', async (storage) => {
    await interrupted(storage, 'r1')
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'held', reason: 'crashed' })
    const [echo] = await storage.append([incoming('p1', { fromMe: true, text: 'text of r1' })])
    assert.equal(echo?.status, 'echo')
    assert.deepEqual(await storage.deadLetters.list(), [])
  }),
  storageCase('takes an echo as the proof that a reply to be tried again was sent', async (storage) => {
    await interrupted(storage, 'r1')
    const retry = { status: 'retry', notBeforeMs: start + 1_000, reason: 'timeout' } as const
    await storage.settle({ conversation: ana, id: 'r1' }, retry)
    const [echo] = await storage.append([incoming('p1', { fromMe: true, text: 'text of r1' })])
    assert.equal(echo?.status, 'echo')
    assert.deepEqual(await claimAll(storage, { nowMs: start + 1_000 }), [])
  }),
  storageCase('knows the echo of a reply whose provider tells no ids, once for each reply', async (storage) => {
    await interrupted(storage, 'r1')
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent' })
    const statuses = []
    for (const id of ['p1', 'p1', 'p2']) {
      // What says the same within 15 minutes could be its echo under another id.
      const receivedAtMs = Date.now() + 16 * minute
      const [result] = await storage.append([incoming(id, { fromMe: true, text: 'text of r1' }, { receivedAtMs })])
      statuses.push(result?.status)
    }
    assert.deepEqual(statuses, ['echo', 'echo', 'stored'])
  }),
  storageCase('knows the echo of a reply of the last 15 minutes that comes with another id', async (storage) => {
    await interrupted(storage, 'r1')
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent', providerId: 'p1' })
    const says = (id: string, fields: Parameters<typeof incoming>[1], afterMs = 0) =>
      incoming(id, { fromMe: true, text: 'text of r1', ...fields }, { receivedAtMs: Date.now() + afterMs })
    const results = await storage.append([
      says('other', {}),
      says('other', {}, 14 * minute),
      says('p1', { text: 'anything' }, 99 * minute),
      says('o1', { text: 'the owner here' }),
      says('o2', { chat: 'bo@c.us' }),
      { ...says('o3', {}), message: { ...says('o3', {}).message, type: 'unsupported', originalType: 'text' } },
      says('o4', {}, 16 * minute),
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['echo', 'echo', 'echo', 'stored', 'stored', 'stored', 'stored'],
    )
    // The known id stays, and the other one names nothing.
    const [known, other] = await storage.track(ana, [
      { providerId: 'p1', status: 'delivered', atMs: start },
      { providerId: 'other', status: 'read', atMs: start },
    ])
    assert.deepEqual([known?.status, other?.status], ['changed', 'unknown'])
  }),
  storageCase('takes an echo for an uncertain reply before one whose id is known', async (storage) => {
    await interrupted(storage, 'r1')
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent', providerId: 'p1' })
    const { message } = replyOf('r1')
    await storage.enqueue(ana, [replyOf('r2', { message })])
    const { lease } = await claimOne(storage)
    await storage.commit(lease, { nowMs: start, sending: 'r2' })
    await storage.release(lease)
    const echo = incoming('p2', { fromMe: true, text: 'text of r1' }, { receivedAtMs: Date.now() })
    assert.deepEqual(await storage.append([echo]), [{ status: 'echo', conversation: ana }])
    assert.deepEqual(await claimAll(storage), [])
    assert.equal((await storage.stats()).pendingReplies, 0)
  }),
  storageCase(
    'takes what the owner writes for a message: other text, other type, other chat, nothing sent yet',
    async (storage) => {
      await interrupted(storage, 'r1')
      await enqueued(storage, 'r2')
      const body = { fromMe: true, text: 'text of r1' }
      const results = await storage.append([
        incoming('p1', { ...body, text: 'hello, the owner here' }),
        incoming('p2', { ...body, chat: 'bo@c.us' }),
        incoming('p3', { ...body, text: 'text of r2' }),
        { ...incoming('p4'), message: { ...incoming('p4', body).message, type: 'unsupported', originalType: 'text' } },
        incoming('p5', { text: 'text of r1' }),
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        Array.from({ length: 5 }, () => 'stored'),
      )
      const [duplicate] = await storage.append([incoming('p1', { ...body, text: 'hello, the owner here' })])
      assert.equal(duplicate?.status, 'duplicate')
    },
  ),
  storageCase('gives what the owner wrote to the next turn, in order', async (storage) => {
    await storage.append([incoming('a'), incoming('b', { fromMe: true, text: 'I will call you' }), incoming('c')])
    const claim = await claimOne(storage)
    assert.deepEqual(
      claim.messages.map(({ message }) => [message.id, message.fromMe]),
      [
        ['a', false],
        ['b', true],
        ['c', false],
      ],
    )
  }),
]
