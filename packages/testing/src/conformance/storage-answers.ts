import assert from 'node:assert/strict'
import type { Answers, Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import {
  answer,
  claimAll,
  claimOne,
  incoming,
  keyOf,
  messageIds,
  replyOf,
  start,
  storageCase,
} from './storage-fixtures.ts'

const ana = keyOf('ana@c.us')
/** Ids that a careless search mistakes for another. */
const oddIds = ['a', 'A', 'a"', '"a"', '["a"]', '%', '_', 'a\\', '\ud800', '\u0000', "'; --", 'a,b']

/** Each message with the ids of its replies. */
const brief = ({ messages }: Answers) =>
  messages.map(({ id, status, replies }) => [id, status, replies.map((reply) => reply.id)])

/** What `answers` and an uncounted `retry` promise. */
export const answerCases: readonly ConformanceCase<Storage>[] = [
  storageCase('tells what became of each message and what was said to it, in the order asked', async (storage) => {
    await storage.append([incoming('a'), incoming('b')])
    assert.deepEqual(brief(await storage.answers(ana, ['b', 'nobody', 'a'])), [
      ['b', 'pending', []],
      ['nobody', 'unknown', []],
      ['a', 'pending', []],
    ])
    const said = replyOf('r2', { inReplyTo: ['b'] })
    await answer(storage, [replyOf('r1', { inReplyTo: ['a', 'b'] }), said])
    const answers = await storage.answers(ana, ['b', 'a'])
    assert.deepEqual(brief(answers), [
      ['b', 'done', ['r1', 'r2']],
      ['a', 'done', ['r1']],
    ])
    assert.deepEqual(answers.messages[0]?.replies[1], { id: 'r2', message: said.message })
  }),
  storageCase('tells of a message that failed for good, and again once it is retried', async (storage) => {
    await storage.append([incoming('a')])
    const { lease, messages } = await claimOne(storage)
    const dead = { messages: messages.map(({ seq }) => seq), reason: 'no' }
    await storage.commit(lease, { nowMs: start, dead, replies: [replyOf('sorry', { inReplyTo: ['a'] })] })
    assert.deepEqual(brief(await storage.answers(ana, ['a'])), [['a', 'dead', ['sorry']]])
    const [letter] = await storage.deadLetters.list()
    await storage.deadLetters.retry(letter?.id ?? '', start)
    assert.deepEqual(brief(await storage.answers(ana, ['a'])), [['a', 'pending', ['sorry']]])
  }),
  storageCase('leaves out replies that were held back or given up, and keeps those that went out', async (storage) => {
    await storage.append([incoming('a')])
    const ids = ['sent', 'suppressed', 'dead', 'waiting']
    await answer(
      storage,
      ids.map((id) => replyOf(id, { inReplyTo: ['a'] })),
    )
    const conversation = ana
    await storage.settle({ conversation, id: 'sent' }, { status: 'sent' })
    await storage.settle({ conversation, id: 'suppressed' }, { status: 'suppressed', reason: 'opted out' })
    await storage.settle({ conversation, id: 'dead' }, { status: 'dead', reason: 'refused' })
    assert.deepEqual(brief(await storage.answers(ana, ['a'])), [['a', 'done', ['sent', 'waiting']]])
  }),
  storageCase('tells the handoff of the conversation as it is now', async (storage) => {
    await storage.append([incoming('a')])
    const handoff = { by: 'person', reason: 'asked', sinceMs: start } as const
    await storage.control(ana, { handoff })
    assert.deepEqual((await storage.answers(ana, [])).handoff, handoff)
    await storage.control(ana, { handoff: null })
    assert.equal((await storage.answers(ana, ['a'])).handoff, undefined)
  }),
  storageCase(
    'finds the answers of two conversations that turned out to be one, by both their names',
    async (storage) => {
      await storage.append([incoming('a', { chat: 'ana@lid' }), incoming('b')])
      for (const claim of await claimAll(storage)) {
        const replies = messageIds(claim).map((id) => replyOf(`to ${id}`, { inReplyTo: [id] }))
        await storage.commit(claim.lease, { nowMs: start, done: claim.messages.map(({ seq }) => seq), replies })
        await storage.release(claim.lease)
      }
      await storage.control(keyOf('ana@lid'), { handoff: { by: 'person', reason: 'asked', sinceMs: start } })
      const aliases = [{ kind: 'lid', value: 'ana@lid' }] as const
      await storage.append([incoming('c', { from: { id: 'ana@c.us', aliases: [...aliases] } })])
      for (const chat of ['ana@lid', 'ana@c.us']) {
        const answers = await storage.answers(keyOf(chat), ['a', 'b', 'c'])
        assert.deepEqual(brief(answers), [
          ['a', 'done', ['to a']],
          ['b', 'done', ['to b']],
          ['c', 'pending', []],
        ])
        assert.equal(answers.handoff?.reason, 'asked')
      }
    },
  ),
  storageCase('mistakes no id for another, and no channel for another', async (storage) => {
    await storage.append(oddIds.map((id, index) => incoming(id, { chat: `chat-${index % 2}` })))
    for (const claim of await claimAll(storage)) {
      const replies = messageIds(claim).map((id) => replyOf(`to ${oddIds.indexOf(id)}`, { inReplyTo: [id] }))
      await storage.commit(claim.lease, { nowMs: start, done: claim.messages.map(({ seq }) => seq), replies })
    }
    const expected = oddIds.map((id, index) => [id, 'done', [`to ${index}`]])
    assert.deepEqual(brief(await storage.answers(ana, oddIds)), expected)
    const other = await storage.answers({ ...ana, channel: 'second' }, ['a'])
    assert.deepEqual(brief(other), [['a', 'unknown', []]])
  }),
  storageCase('lets messages rest without counting a failure that was no attempt', async (storage) => {
    await storage.append([incoming('a')])
    const first = await claimOne(storage)
    const messages = first.messages.map(({ seq }) => seq)
    const atMs = start + 5_000
    await storage.commit(first.lease, { nowMs: start, retry: { messages, atMs, reason: 'away', counts: false } })
    assert.deepEqual(await storage.release(first.lease), { dueAtMs: atMs })
    const [{ attempts } = { attempts: -1 }] = (await claimOne(storage, { nowMs: atMs })).messages
    assert.equal(attempts, 0)
  }),
]
