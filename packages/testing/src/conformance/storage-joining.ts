import assert from 'node:assert/strict'
import type { ContactAlias, ConversationState, Handoff, Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import {
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
  storageCase,
} from './storage-fixtures.ts'

const phone = '15550100@c.us'
const lid = '987@lid'
const person = { id: phone, aliases: [{ kind: 'lid', value: lid }] satisfies ContactAlias[] }

/** A message that tells that the phone number and the LID are one person's. */
const telling = (id: string) => incoming(id, { chat: phone, from: person })

/** Two conversations of one person, not known as one yet: the phone's is the older one. */
async function twoConversations(storage: Storage): Promise<void> {
  await storage.append([
    incoming('p1', { chat: phone }),
    incoming('l1', { chat: lid }),
    incoming('p2', { chat: phone }),
  ])
}

/** Leaves state in a conversation that has something pending. */
async function remember(storage: Storage, chat: string, state: ConversationState): Promise<void> {
  const { lease } = await claimOne(storage, { conversation: keyOf(chat) })
  await storage.commit(lease, { nowMs: start, state })
  await storage.release(lease)
}

/** What the port promises of the ids of one person. */
export const joiningCases: readonly ConformanceCase<Storage>[] = [
  storageCase('knows a person by every id that a message told', async (storage) => {
    const aliases: ContactAlias[] = [
      { kind: 'lid', value: lid },
      { kind: 'bsuid', value: 'b-1' },
    ]
    await storage.append([incoming('m1', { chat: phone, from: { id: 'contact-1', aliases } })])
    for (const [index, chat] of [phone, lid, 'b-1', 'contact-1'].entries()) {
      const [result] = await storage.append([incoming(`x${index}`, { chat })])
      assert.deepEqual(result?.conversation, keyOf(phone))
      assert.deepEqual(await storage.enqueue(keyOf(chat), [replyOf(`r${index}`)]), keyOf(phone))
      await storage.control(keyOf(chat), { optOut: true })
    }
    const claim = await claimOne(storage, { conversation: keyOf(lid) })
    assert.deepEqual(claim.lease.conversation, keyOf(phone))
    assert.deepEqual(messageIds(claim), ['m1', 'x0', 'x1', 'x2', 'x3'])
    assert.equal((await storage.stats()).conversations, 1)
  }),
  storageCase('takes only the chat where the message is from us or in a group', async (storage) => {
    await storage.append([
      incoming('g1', { chat: 'group', isGroup: true, from: person }),
      incoming('o1', { chat: lid, fromMe: true, from: person }),
      incoming('g2', { chat: 'group2', isGroup: true, from: person }),
    ])
    const [result] = await storage.append([incoming('m1', { chat: phone })])
    assert.deepEqual(result?.conversation, keyOf(phone))
    assert.equal((await storage.stats()).conversations, 4)
    await storage.append([telling('m2')])
    assert.equal((await storage.stats()).conversations, 3)
    const [own] = await storage.append([incoming('o2', { chat: phone, fromMe: true, from: { id: 'us', aliases: [] } })])
    assert.deepEqual(own?.conversation, keyOf(lid))
  }),
  storageCase('knows whom a message from us went to by every id that it told', async (storage) => {
    await storage.append([incoming('m1', { chat: lid })])
    await storage.enqueue(keyOf(lid), [replyOf('r1')])
    const { lease } = await claimOne(storage)
    await storage.commit(lease, { nowMs: start, sending: 'r1' })
    await storage.settle({ conversation: keyOf(lid), id: 'r1' }, { status: 'held', reason: 'no answer' })
    await storage.release(lease)
    const ours = { chat: phone, fromMe: true, from: { id: 'us', aliases: [] }, toAliases: person.aliases }
    const [echo] = await storage.append([incoming('x1', { ...ours, text: 'text of r1' })])
    assert.deepEqual([echo?.status, echo?.conversation], ['echo', keyOf(lid)])
    const [owner] = await storage.append([{ ...incoming('o1', ours), control: { optOut: true } }])
    assert.deepEqual(owner?.conversation, keyOf(lid))
    const [next] = await storage.append([incoming('m2', { chat: phone })])
    assert.deepEqual(next?.conversation, keyOf(lid))
    assert.equal((await claimOne(storage)).flags.optedOut, true)
    assert.equal((await storage.stats()).conversations, 1)
    await storage.append([incoming('g1', { ...ours, chat: 'group', isGroup: true })])
    assert.equal((await storage.stats()).conversations, 2)
  }),
  storageCase('learns nothing from a duplicate', async (storage) => {
    await twoConversations(storage)
    const [result] = await storage.append([incoming('p1', { chat: phone, from: person })])
    assert.equal(result?.status, 'duplicate')
    assert.equal((await storage.stats()).conversations, 2)
  }),
  storageCase('joins in one tenant and channel only', async (storage) => {
    await storage.append([telling('m1')])
    const [other] = await storage.append([incoming('m2', { chat: lid }, { channel: 'second' })])
    assert.deepEqual(other?.conversation, keyOf(lid, { channel: 'second' }))
  }),
  storageCase(
    'joins two conversations of one person: the older stays, mail keeps its order of arrival',
    async (storage) => {
      await twoConversations(storage)
      await storage.enqueue(keyOf(lid), [replyOf('r1')])
      await storage.enqueue(keyOf(phone), [replyOf('r2')])
      await storage.enqueue(keyOf(lid), [replyOf('r3')])
      const [result] = await storage.append([telling('p3')])
      assert.deepEqual(result, { status: 'stored', conversation: keyOf(phone), dueAtMs: start })
      assert.equal((await storage.stats()).conversations, 1)
      const claim = await claimOne(storage)
      assert.deepEqual(claim.lease.conversation, keyOf(phone))
      assert.deepEqual(messageIds(claim), ['p1', 'l1', 'p2', 'p3'])
      assert.deepEqual(replyIds(claim), ['r1', 'r2', 'r3'])
      await storage.release(claim.lease)
      const [duplicate] = await storage.append([incoming('l1', { chat: lid })])
      assert.deepEqual(duplicate, { status: 'duplicate', conversation: keyOf(phone), dueAtMs: start })
    },
  ),
  storageCase('joins several conversations at once', async (storage) => {
    const chats = ['a', 'b', 'c', 'd']
    await storage.append(chats.map((chat) => incoming(`m-${chat}`, { chat })))
    const aliases: ContactAlias[] = ['b', 'd'].map((value) => ({ kind: 'other', value }))
    await storage.append([incoming('m1', { chat: 'c', from: { id: 'a', aliases } })])
    const claim = await claimOne(storage)
    assert.deepEqual(claim.lease.conversation, keyOf('a'))
    assert.deepEqual(messageIds(claim), ['m-a', 'm-b', 'm-c', 'm-d', 'm1'])
  }),
  storageCase('tells the joined past in order', async (storage) => {
    await twoConversations(storage)
    for (const { lease, messages } of await claimAll(storage)) {
      const done = messages.map(({ seq }) => seq)
      await storage.commit(lease, { nowMs: start, done, replies: [replyOf(`to ${lease.conversation.chat}`)] })
      await storage.release(lease)
    }
    await storage.append([telling('p3')])
    const { history } = await claimOne(storage, { historyLimit: 10 })
    assert.deepEqual(
      history.slice(0, 3).map(({ text }) => text),
      ['text of p1', 'text of l1', 'text of p2'],
    )
    assert.deepEqual(
      history
        .slice(3)
        .map(({ text }) => text)
        .sort(),
      [`text of to ${phone}`, `text of to ${lid}`].sort(),
    )
  }),
  storageCase('joins flags: an opt-out holds, and so does the longer handoff', async (storage) => {
    const handoffs: (Handoff | undefined)[] = [
      undefined,
      { by: 'person', reason: 'short', sinceMs: start, untilMs: start + 1 },
      { by: 'person', reason: 'long', sinceMs: start, untilMs: start + 2 },
      { by: 'person', reason: 'endless', sinceMs: start },
    ]
    for (const [i, first] of handoffs.entries()) {
      for (const [j, second] of handoffs.entries()) {
        const tenant = `t${i}${j}`
        const older = keyOf(phone, { tenant })
        await storage.control(older, { optOut: i === 1, handoff: first ?? null })
        await storage.control(keyOf(lid, { tenant }), { optOut: j === 2, handoff: second ?? null })
        await storage.append([{ ...telling('m'), tenant }])
        const { flags } = await claimOne(storage, { conversation: older })
        assert.equal(flags.optedOut, i === 1 || j === 2)
        assert.deepEqual(flags.handoff, i >= j ? first : second)
      }
    }
  }),
  storageCase('applies the order of the message that joins to the joined flags', async (storage) => {
    await storage.control(keyOf(phone), {})
    await storage.control(keyOf(lid), { optOut: true })
    await storage.append([{ ...telling('START'), control: { optOut: false } }])
    const claim = await claimOne(storage)
    assert.deepEqual(ordersOf(claim.flags), { optedOut: false })
    assert.deepEqual(claim.messages[0]?.control, { optOut: false })
  }),
  storageCase('joins state: what the older knows stays, what only the younger knows is added', async (storage) => {
    await twoConversations(storage)
    const floor = { agent: 'shop', keptAtMs: start, interruptAt: 0.5 }
    const first = JSON.parse('{"sessions":{"shop":{"cart":["old"]},"__proto__":{"mine":1}}}')
    const second = JSON.parse('{"sessions":{"shop":{"cart":["new"]},"help":{"step":2},"constructor":{"x":1}}}')
    await remember(storage, phone, first)
    await remember(storage, lid, { ...second, floor })
    await storage.append([telling('p3')])
    const { state } = await claimOne(storage)
    assert.deepEqual(state?.sessions['shop'], { cart: ['old'] })
    assert.deepEqual(state?.sessions['help'], { step: 2 })
    assert.deepEqual(state?.floor, floor)
    assert.deepEqual(Object.keys(state?.sessions ?? {}).sort(), ['__proto__', 'constructor', 'help', 'shop'])
    assert.equal(({} as Record<string, unknown>)['mine'], undefined)
  }),
  storageCase('keeps the floor of the older conversation where it has one', async (storage) => {
    await twoConversations(storage)
    const floor = { agent: 'shop', keptAtMs: start, interruptAt: 0.5 }
    await remember(storage, phone, { sessions: {}, floor })
    await remember(storage, lid, { sessions: {}, floor: { ...floor, agent: 'help' } })
    await storage.append([telling('p3')])
    assert.deepEqual((await claimOne(storage)).state, { sessions: {}, floor })
  }),
  storageCase('takes the state of the younger where the older has none', async (storage) => {
    await twoConversations(storage)
    await remember(storage, lid, { sessions: { shop: 1 } })
    await storage.append([telling('p3')])
    assert.deepEqual((await claimOne(storage)).state, { sessions: { shop: 1 } })
  }),
  storageCase(
    'loses a turn that runs in the conversation that was joined away, and redoes it in the joined one',
    async (storage) => {
      await twoConversations(storage)
      const { lease, messages } = await claimOne(storage, { conversation: keyOf(lid) })
      await storage.append([telling('p3')])
      const done = messages.map(({ seq }) => seq)
      await rejectsWith('lease_lost', storage.commit(lease, { nowMs: start, done, replies: [replyOf('lost')] }))
      await rejectsWith('lease_lost', storage.renew(lease, { nowMs: start, leaseMs: 1_000 }))
      assert.deepEqual(await storage.release(lease), { dueAtMs: start })
      const claim = await claimOne(storage)
      assert.deepEqual(messageIds(claim), ['p1', 'l1', 'p2', 'p3'])
      assert.deepEqual(claim.replies, [])
    },
  ),
  storageCase(
    'loses a turn that runs in the older conversation where the joined one holds what it has not seen',
    async (storage) => {
      await twoConversations(storage)
      await remember(storage, lid, { sessions: { help: 1 } })
      const { lease } = await claimOne(storage, { conversation: keyOf(phone) })
      await storage.append([telling('p3')])
      await rejectsWith('lease_lost', storage.commit(lease, { nowMs: start, state: { sessions: {} } }))
      const claim = await claimOne(storage)
      assert.deepEqual(claim.state?.sessions, { help: 1 })
      assert.deepEqual(messageIds(claim), ['p1', 'l1', 'p2', 'p3'])
    },
  ),
  storageCase('keeps a turn of the older conversation where the younger one brings nothing', async (storage) => {
    await storage.append([incoming('p1', { chat: phone })])
    await storage.control(keyOf(lid), { optOut: true })
    const { lease, messages } = await claimOne(storage)
    await storage.append([telling('p2')])
    const flags = await storage.commit(lease, { nowMs: start, done: messages.map(({ seq }) => seq) })
    assert.deepEqual(ordersOf(flags), { optedOut: true })
    await storage.release(lease)
    assert.deepEqual(messageIds(await claimOne(storage)), ['p2'])
  }),
  storageCase('settles a reply that moved, by the conversation it was sent from', async (storage) => {
    await twoConversations(storage)
    await storage.enqueue(keyOf(lid), [replyOf('r1')])
    const { lease } = await claimOne(storage, { conversation: keyOf(lid) })
    await storage.commit(lease, { nowMs: start, sending: 'r1' })
    await storage.append([telling('p3')])
    await storage.settle({ conversation: keyOf(lid), id: 'r1' }, { status: 'sent', providerId: 'x1' })
    const claim = await claimOne(storage)
    assert.deepEqual(claim.replies, [])
    const [echo] = await storage.append([incoming('x1', { chat: lid, fromMe: true })])
    assert.deepEqual([echo?.status, echo?.conversation], ['echo', keyOf(phone)])
  }),
  storageCase(
    'gives a joined conversation to nobody while a reply of a lost turn may still be on its way',
    async (storage) => {
      for (const [index, chat] of [phone, lid].entries()) {
        const tenant = `t${index}`
        const place = { tenant }
        await storage.append([incoming('p1', { chat: phone }, place), incoming('l1', { chat: lid }, place)])
        await storage.enqueue(keyOf(chat, place), [replyOf('r1')])
        const { lease } = await claimOne(storage, { conversation: keyOf(chat, place), leaseMs: 10_000 })
        await storage.commit(lease, { nowMs: start, sending: 'r1' })
        await storage.append([{ ...telling('p2'), tenant }])
        await rejectsWith('lease_lost', storage.commit(lease, { nowMs: start }))
        await storage.release(lease)
        const joined = { conversation: keyOf(phone, place) }
        assert.deepEqual(await claimAll(storage, joined), [])
        assert.deepEqual(await claimAll(storage, { nowMs: start + 9_999 }), [])
        if (index === 0) {
          await storage.settle({ conversation: keyOf(chat, place), id: 'r1' }, { status: 'sent' })
          assert.deepEqual((await claimOne(storage, joined)).replies, [])
        } else {
          const claim = await claimOne(storage, { ...joined, nowMs: start + 10_000 })
          assert.deepEqual(
            claim.replies.map(({ id, status }) => [id, status]),
            [['r1', 'sending']],
          )
        }
      }
    },
  ),
  storageCase('retries a dead letter of a conversation that was joined away', async (storage) => {
    await twoConversations(storage)
    const { lease, messages } = await claimOne(storage, { conversation: keyOf(lid) })
    await storage.commit(lease, { nowMs: start, dead: { messages: messages.map(({ seq }) => seq), reason: 'x' } })
    await storage.append([telling('p3')])
    const [letter] = await storage.deadLetters.list()
    assert.deepEqual(letter?.conversation, keyOf(phone))
    assert.deepEqual(await storage.deadLetters.retry(letter?.id ?? '', start), keyOf(phone))
    assert.deepEqual(messageIds(await claimOne(storage)), ['p1', 'l1', 'p2', 'p3'])
  }),
]
