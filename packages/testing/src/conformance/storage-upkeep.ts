import assert from 'node:assert/strict'
import type { DeadLetterQuery, Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import {
  answer,
  claimAll,
  claimOne,
  enqueued,
  incoming,
  keyOf,
  messageIds,
  ordersOf,
  rejectsWith,
  replyIds,
  replyOf,
  start,
  storageCase,
} from './storage-fixtures.ts'

const ana = keyOf('ana@c.us')
/** Later than any clock: settling takes the storage's own time. */
const end = 8_000_000_000_000

/** Makes a dead letter of each pending message. */
async function bury(storage: Storage, reason = 'the model failed'): Promise<void> {
  for (const { lease, messages } of await claimAll(storage)) {
    await storage.commit(lease, { nowMs: start + 7, dead: { messages: messages.map(({ seq }) => seq), reason } })
    await storage.release(lease)
  }
}

async function onlyLetter(storage: Storage) {
  const letters = await storage.deadLetters.list()
  const [letter] = letters
  assert.ok(letter && letters.length === 1, `expected one dead letter, got ${letters.length}`)
  return letter
}

/** What the port promises of dead letters, counting, forgetting and ending. */
export const upkeepCases: readonly ConformanceCase<Storage>[] = [
  storageCase('keeps a message that failed for good, with its reason', async (storage) => {
    await storage.append([incoming('a'), incoming('b')])
    const { lease, messages } = await claimOne(storage)
    const seqs = messages.map(({ seq }) => seq)
    await storage.commit(lease, { nowMs: start, retry: { messages: seqs, atMs: start, reason: 'first' } })
    await storage.commit(lease, { nowMs: start + 7, dead: { messages: seqs.slice(0, 1), reason: 'second' } })
    const { id, ...letter } = await onlyLetter(storage)
    assert.equal(typeof id, 'string')
    assert.deepEqual(letter, {
      kind: 'message',
      uncertain: false,
      conversation: ana,
      message: incoming('a').message,
      reason: 'second',
      attempts: 2,
      atMs: start + 7,
    })
    await storage.release(lease)
    assert.deepEqual(messageIds(await claimOne(storage)), ['b'])
    assert.equal((await storage.append([incoming('a')]))[0]?.status, 'duplicate')
  }),
  storageCase('keeps a reply that failed for good, and marks one that perhaps went out', async (storage) => {
    for (const status of ['dead', 'held'] as const) {
      await enqueued(storage, status)
      const { lease } = await claimOne(storage)
      await storage.commit(lease, { nowMs: start, sending: status })
      await storage.settle({ conversation: ana, id: status }, { status, reason: `is ${status}` })
      await storage.release(lease)
    }
    const letters = await storage.deadLetters.list()
    assert.deepEqual(
      letters.map(({ id: _, atMs: __, ...letter }) => letter).sort((a, b) => a.reason.localeCompare(b.reason)),
      (['dead', 'held'] as const).map((status) => ({
        kind: 'reply',
        uncertain: status === 'held',
        conversation: ana,
        message: { type: 'text', text: `text of ${status}` },
        reason: `is ${status}`,
        attempts: 1,
      })),
    )
  }),
  storageCase('lists the newest dead letters, newest last, of one tenant or of all', async (storage) => {
    for (const [index, tenant] of ['acme', 'other', 'acme'].entries()) {
      await storage.append([incoming(`m${index}`, {}, { tenant })])
      const { lease, messages } = await claimOne(storage)
      const dead = { messages: messages.map(({ seq }) => seq), reason: `r${index}` }
      await storage.commit(lease, { nowMs: start + index, dead })
      await storage.release(lease)
    }
    const reasons = async (query?: DeadLetterQuery) =>
      (await storage.deadLetters.list(query)).map(({ reason }) => reason)
    assert.deepEqual(await reasons(), ['r0', 'r1', 'r2'])
    assert.deepEqual(await reasons({ tenant: 'acme' }), ['r0', 'r2'])
    assert.deepEqual(await reasons({ limit: 2 }), ['r1', 'r2'])
    assert.deepEqual(await reasons({ tenant: 'acme', limit: 1 }), ['r2'])
    assert.deepEqual(await reasons({ tenant: 'nobody' }), [])
    assert.deepEqual(await reasons({ limit: 2, skip: 1 }), ['r0', 'r1'])
    assert.deepEqual(await reasons({ tenant: 'acme', skip: 1 }), ['r0'])
    assert.deepEqual(await reasons({ limit: 2, skip: 3 }), [])
  }),
  storageCase('lists the dead letters of one conversation, by any id of the person', async (storage) => {
    const others = [keyOf('ben@c.us'), { ...ana, channel: 'second' }, { ...ana, tenant: 'other' }]
    for (const [index, conversation] of [ana, ...others, ana].entries()) {
      await storage.enqueue(conversation, [replyOf(`r${index}`)])
      await storage.settle({ conversation, id: `r${index}` }, { status: 'dead', reason: `r${index}` })
    }
    await storage.append([incoming('a', { chat: ana.chat, from: { id: 'ana@lid', aliases: [] } })])
    await bury(storage)
    const reasons = async (query: DeadLetterQuery) =>
      (await storage.deadLetters.list(query)).map(({ reason }) => reason).sort()
    for (const conversation of [ana, { ...ana, chat: 'ana@lid' }]) {
      assert.deepEqual(await reasons({ conversation }), ['r0', 'r4', 'the model failed'])
    }
    assert.deepEqual(await reasons({ conversation: keyOf('ben@c.us') }), ['r1'])
    assert.deepEqual(await reasons({ conversation: keyOf('nobody@c.us') }), [])
    assert.deepEqual(await reasons({ conversation: ana, tenant: 'other' }), [])
    assert.equal((await reasons({ conversation: ana, limit: 1 })).length, 1)
  }),
  storageCase('says when the messages want a turn where replies wait as well', async (storage) => {
    await enqueued(storage, 'r1')
    await storage.append([incoming('a', {}, { settleAtMs: start + 2_000, dueByMs: start + 9_000 })])
    const { lease } = await claimOne(storage)
    assert.deepEqual(await storage.release(lease), { dueAtMs: start, turnAtMs: start + 2_000 })
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent' })
    const claim = await claimOne(storage, { nowMs: start + 2_000 })
    assert.deepEqual(await storage.release(claim.lease), { dueAtMs: start + 2_000 })
  }),
  storageCase('retries a dead message: due at once, attempts forgotten, at its old place', async (storage) => {
    await storage.append([incoming('a')])
    await bury(storage)
    await storage.append([incoming('b')])
    const claim = await claimOne(storage)
    const messages = claim.messages.map(({ seq }) => seq)
    await storage.commit(claim.lease, { nowMs: start, retry: { messages, atMs: start + 60_000, reason: 'x' } })
    await storage.release(claim.lease)
    const { id } = await onlyLetter(storage)
    assert.deepEqual(await storage.deadLetters.retry(id, start + 10), ana)
    assert.deepEqual(await storage.deadLetters.list(), [])
    const again = await claimOne(storage, { nowMs: start + 10 })
    assert.deepEqual(
      again.messages.map(({ message, attempts }) => [message.id, attempts]),
      [
        ['a', 0],
        ['b', 1],
      ],
    )
    await rejectsWith('not_found', storage.deadLetters.retry(id, start))
  }),
  storageCase('retries a dead or held reply: due at once, attempts forgotten, at its old place', async (storage) => {
    for (const status of ['dead', 'held'] as const) {
      await enqueued(storage, status)
      const { lease } = await claimOne(storage)
      await storage.commit(lease, { nowMs: start, sending: status })
      await storage.settle({ conversation: ana, id: status }, { status, reason: 'x' })
      await storage.release(lease)
      const { id } = await onlyLetter(storage)
      await storage.enqueue(ana, [replyOf(`${status}-next`)])
      assert.deepEqual(await storage.deadLetters.retry(id, start), ana)
      const claim = await claimOne(storage)
      assert.deepEqual(replyIds(claim), [status, `${status}-next`])
      assert.deepEqual([claim.replies[0]?.status, claim.replies[0]?.attempts], ['pending', 0])
      for (const reply of claim.replies) await storage.settle({ conversation: ana, id: reply.id }, { status: 'sent' })
      await storage.release(claim.lease)
    }
  }),
  storageCase('discards a dead letter for good', async (storage) => {
    await storage.append([incoming('a')])
    await bury(storage)
    await enqueued(storage, 'r1')
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'held', reason: 'x' })
    for (const { id } of await storage.deadLetters.list()) {
      await storage.deadLetters.discard(id)
      await rejectsWith('not_found', storage.deadLetters.discard(id))
      await rejectsWith('not_found', storage.deadLetters.retry(id, start))
    }
    assert.deepEqual(await storage.deadLetters.list(), [])
    assert.deepEqual(await claimAll(storage), [])
    assert.equal((await storage.append([incoming('a')]))[0]?.status, 'duplicate')
    await enqueued(storage, 'r1')
    assert.deepEqual(await claimAll(storage), [])
  }),
  storageCase('rejects unknown dead letters with not_found', async (storage) => {
    await storage.append([incoming('a')])
    for (const id of ['', 'nobody', 'm1', 'r1', 'm99', 'm1e3', '1', "' OR 1=1"]) {
      await rejectsWith('not_found', storage.deadLetters.retry(id, start))
      await rejectsWith('not_found', storage.deadLetters.discard(id))
    }
  }),
  storageCase('counts what is waiting', async (storage) => {
    assert.deepEqual(await storage.stats(), { pendingMessages: 0, pendingReplies: 0, deadLetters: 0, conversations: 0 })
    await storage.append([
      incoming('a', {}, { receivedAtMs: start - 100 }),
      incoming('b', {}, { receivedAtMs: start - 50 }),
    ])
    await storage.append([incoming('c', { chat: 'bo@c.us' })])
    await storage.enqueue(ana, [replyOf('r1'), replyOf('r2'), replyOf('r3')])
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'dead', reason: 'x' })
    const { lease, messages } = await claimOne(storage, { conversation: ana })
    await storage.commit(lease, { nowMs: start, done: messages.slice(0, 1).map(({ seq }) => seq), sending: 'r2' })
    assert.deepEqual(await storage.stats(), {
      pendingMessages: 2,
      pendingReplies: 2,
      deadLetters: 1,
      conversations: 2,
      oldestPendingAtMs: start - 50,
    })
  }),
  storageCase('forgets what was finished before, and only that', async (storage) => {
    await storage.append([incoming('old', { chat: 'bo@c.us' })])
    const first = await answer(storage, [replyOf('sent'), replyOf('suppressed')])
    await storage.release(first)
    for (const status of ['sent', 'suppressed'] as const) {
      await storage.settle({ conversation: first.conversation, id: status }, { status, reason: 'x' })
    }
    await storage.append([incoming('new', { chat: 'carl@c.us' })])
    const second = await answer(storage, [], { nowMs: end })
    await storage.release(second)
    assert.deepEqual(await storage.prune({ beforeMs: 0 }), { removed: 0 })
    assert.equal((await storage.append([incoming('old', { chat: 'bo@c.us' })]))[0]?.status, 'duplicate')
    assert.deepEqual(await storage.prune({ beforeMs: end }), { removed: 3 })
    assert.deepEqual(await storage.prune({ beforeMs: end }), { removed: 0 })
    assert.equal((await storage.append([incoming('new', { chat: 'carl@c.us' })]))[0]?.status, 'duplicate')
    assert.equal((await storage.append([incoming('old', { chat: 'bo@c.us' })]))[0]?.status, 'stored')
    await storage.enqueue(first.conversation, [replyOf('sent')])
    const claim = await claimOne(storage, { historyLimit: 10 })
    assert.deepEqual([messageIds(claim), replyIds(claim), claim.history.length], [['old'], ['sent'], 1])
  }),
  storageCase('never forgets what waits, what is dead, and what a conversation is like', async (storage) => {
    const state = { sessions: { shop: 1 } }
    await storage.append([incoming('dead', {}, { control: { optOut: true } })])
    const { lease, messages } = await claimOne(storage)
    await storage.commit(lease, {
      nowMs: start,
      state,
      dead: { messages: messages.map(({ seq }) => seq), reason: 'x' },
    })
    await storage.append([incoming('pending'), incoming('learn', { from: { id: 'other-id', aliases: [] } })])
    await storage.commit(lease, {
      nowMs: start,
      replies: ['r-held', 'r-dead', 'r-sending', 'r-pending'].map((id) => replyOf(id)),
    })
    await storage.settle({ conversation: ana, id: 'r-held' }, { status: 'held', reason: 'x' })
    await storage.settle({ conversation: ana, id: 'r-dead' }, { status: 'dead', reason: 'x' })
    await storage.commit(lease, { nowMs: start, sending: 'r-sending' })
    await storage.release(lease)
    assert.deepEqual(await storage.prune({ beforeMs: end }), { removed: 0 })
    const claim = await claimOne(storage, { conversation: keyOf('other-id') })
    assert.deepEqual(messageIds(claim), ['pending', 'learn'])
    assert.deepEqual(replyIds(claim), ['r-sending', 'r-pending'])
    assert.deepEqual([claim.state, ordersOf(claim.flags)], [state, { optedOut: true }])
    assert.equal((await storage.deadLetters.list()).length, 3)
    assert.equal((await storage.append([incoming('dead')]))[0]?.status, 'duplicate')
  }),
  storageCase('forgets a discarded dead letter when it is pruned', async (storage) => {
    await storage.append([incoming('a')])
    await bury(storage)
    await storage.deadLetters.discard((await onlyLetter(storage)).id)
    assert.deepEqual(await storage.prune({ beforeMs: end }), { removed: 1 })
    assert.equal((await storage.append([incoming('a')]))[0]?.status, 'stored')
  }),
  storageCase('forgets much at once', async (storage) => {
    const messages = Array.from({ length: 3_000 }, (_, index) => incoming(`m${index}`, { chat: `c${index % 7}` }))
    await storage.append(messages)
    for (const { lease, messages: mine } of await claimAll(storage, { maxMessages: 5_000 })) {
      await storage.commit(lease, { nowMs: start, done: mine.map(({ seq }) => seq) })
      await storage.release(lease)
    }
    assert.deepEqual(await storage.prune({ beforeMs: start + 1 }), { removed: 3_000 })
  }),
  storageCase('opens once, however often it is asked', async (storage) => {
    await storage.append([incoming('a')])
    await storage.open()
    assert.deepEqual(messageIds(await claimOne(storage)), ['a'])
  }),
  storageCase('finishes what was begun when it closes', async (storage) => {
    const appended = storage.append([incoming('a')])
    const enqueuing = storage.enqueue(ana, [replyOf('r1')])
    await storage.close()
    assert.equal((await appended)[0]?.status, 'stored')
    assert.deepEqual(await enqueuing, ana)
  }),
  storageCase('rejects every call after it was closed, and forgives closing it again', async (storage) => {
    await storage.append([incoming('a')])
    const { lease } = await claimOne(storage)
    await storage.close()
    const calls = [
      () => storage.open(),
      () => storage.append([incoming('b')]),
      () => claimAll(storage),
      () => storage.commit(lease, { nowMs: start }),
      () => storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent' }),
      () => storage.track(ana, []),
      () => storage.renew(lease, { nowMs: start, leaseMs: 1 }),
      () => storage.release(lease),
      () => storage.enqueue(ana, [replyOf('r1')]),
      () => storage.control(ana, {}),
      () => storage.deadLetters.list(),
      () => storage.deadLetters.retry('m1', start),
      () => storage.deadLetters.discard('m1'),
      () => storage.records.get(ana, 'name'),
      () => storage.records.set(ana, 'name', 'value'),
      () => storage.stats(),
      () => storage.prune({ beforeMs: 0 }),
    ]
    for (const call of calls) await rejectsWith('storage_closed', call())
    await storage.close()
  }),
  {
    name: 'rejects calls before it is open',
    async run(create) {
      const storage = await create()
      await rejectsWith('storage_closed', storage.append([incoming('a')]))
      await storage.open()
      assert.equal((await storage.append([incoming('a')]))[0]?.status, 'stored')
      await storage.close()
    },
  },
]
