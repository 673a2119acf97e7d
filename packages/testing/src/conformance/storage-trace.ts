import assert from 'node:assert/strict'
import type { Storage, StoredMessage, StoredReply } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import type { StorageOpener } from './storage-durable.ts'
import { answer, claimAll, claimOne, incoming, keyOf, replyOf, start, storageCase } from './storage-fixtures.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const first = { traceparent }
const second = { traceparent: traceparent.replace('4bf9', 'aaaa'), tracestate: `vendor="a,b;c='d'",other=\u2713` }

const tracesOf = (mail: readonly (StoredMessage | StoredReply)[]) => mail.map(({ trace }) => trace)

/** What the traces of messages and replies promise. */
export const traceCases: readonly ConformanceCase<Storage>[] = [
  storageCase('keeps the trace of each message, and makes none up', async (storage) => {
    await storage.append([incoming('a', {}, { trace: first }), incoming('b')])
    await storage.append([incoming('c', {}, { trace: second })])
    const { messages } = await claimOne(storage)
    assert.deepEqual(tracesOf(messages), [first, undefined, second])
    assert.ok(messages[1] && !('trace' in messages[1]), 'expected no trace at all where none was given')
  }),
  storageCase('keeps a trace through attempts that failed and through a dead letter', async (storage) => {
    await storage.append([incoming('a', {}, { trace: second })])
    const attempt = await claimOne(storage)
    const messages = attempt.messages.map(({ seq }) => seq)
    await storage.commit(attempt.lease, { nowMs: start, retry: { messages, atMs: start, reason: 'no' } })
    await storage.release(attempt.lease)
    const last = await claimOne(storage)
    assert.deepEqual(tracesOf(last.messages), [second])
    await storage.commit(last.lease, { nowMs: start, dead: { messages, reason: 'no' } })
    await storage.release(last.lease)
    const [letter] = await storage.deadLetters.list()
    await storage.deadLetters.retry(letter?.id ?? '', start)
    assert.deepEqual(tracesOf((await claimOne(storage)).messages), [second])
  }),
  storageCase('keeps the trace that a message was first delivered with', async (storage) => {
    await storage.append([incoming('a', {}, { trace: first })])
    await storage.append([incoming('a', {}, { trace: second })])
    assert.deepEqual(tracesOf((await claimOne(storage)).messages), [first])
  }),
  storageCase('keeps the traces of two conversations that turned out to be one', async (storage) => {
    await storage.append([incoming('a', { chat: 'ana@lid' }, { trace: first })])
    await storage.append([incoming('b', {}, { trace: second })])
    const aliases = [{ kind: 'lid' as const, value: 'ana@lid' }]
    await storage.append([incoming('c', { from: { id: 'ana@c.us', aliases } })])
    const [claim, ...others] = await claimAll(storage)
    assert.equal(others.length, 0)
    assert.deepEqual(tracesOf(claim?.messages ?? []), [first, second, undefined])
  }),
  storageCase('keeps the trace of each reply, and makes none up', async (storage) => {
    await storage.append([incoming('a')])
    const lease = await answer(storage, [
      replyOf('r1', { trace: first }),
      replyOf('r2'),
      replyOf('r3', { trace: second }),
    ])
    await storage.release(lease)
    await storage.enqueue(keyOf('ana@c.us'), [replyOf('r4', { trace: second }), replyOf('r4', { trace: first })])
    const { replies } = await claimOne(storage)
    assert.deepEqual(tracesOf(replies), [first, undefined, second, second])
    assert.ok(replies[1] && !('trace' in replies[1]), 'expected no trace at all where none was given')
  }),
  storageCase('keeps the trace of the replies of a turn that ended in another way', async (storage) => {
    await storage.append([incoming('a')])
    const { lease, messages } = await claimOne(storage)
    const dead = { messages: messages.map(({ seq }) => seq), reason: 'no' }
    await storage.commit(lease, { nowMs: start, dead, replies: [replyOf('r1', { trace: first })] })
    await storage.release(lease)
    assert.deepEqual(tracesOf((await claimOne(storage)).replies), [first])
  }),
  storageCase('keeps the trace of a reply through attempts that failed and through a dead letter', async (storage) => {
    const conversation = await storage.enqueue(keyOf('ana@c.us'), [replyOf('r1', { trace: second })])
    const reply = { conversation, id: 'r1' }
    const { lease } = await claimOne(storage)
    await storage.commit(lease, { nowMs: start, sending: 'r1' })
    await storage.settle(reply, { status: 'retry', notBeforeMs: start, reason: 'no' })
    await storage.release(lease)
    const again = await claimOne(storage)
    assert.deepEqual(tracesOf(again.replies), [second])
    await storage.settle(reply, { status: 'dead', reason: 'no' })
    await storage.release(again.lease)
    const [letter] = await storage.deadLetters.list()
    await storage.deadLetters.retry(letter?.id ?? '', start)
    assert.deepEqual(tracesOf((await claimOne(storage)).replies), [second])
  }),
]

/** What a storage that calls itself durable keeps of traces. */
export const durableTraceCases: readonly ConformanceCase<StorageOpener>[] = [
  {
    name: 'finds the traces of pending messages and of undelivered replies again',
    async run(create) {
      const make = await create()
      const before = await make()
      await before.open()
      await before.append([incoming('a', {}, { trace: second }), incoming('b')])
      await before.enqueue(keyOf('ana@c.us'), [replyOf('r1', { trace: first }), replyOf('r2')])
      await before.close()
      const after = await make()
      await after.open()
      try {
        const { messages, replies } = await claimOne(after)
        assert.deepEqual(
          [tracesOf(messages), tracesOf(replies)],
          [
            [second, undefined],
            [first, undefined],
          ],
        )
      } finally {
        await after.close()
      }
    },
  },
]
