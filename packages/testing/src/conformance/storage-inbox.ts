import assert from 'node:assert/strict'
import { parseInboundMessage, type Storage } from '@wa-agent/core'
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
  replyOf,
  start,
  storageCase,
} from './storage-fixtures.ts'

const late = { settleAtMs: start + 2_000, dueByMs: start + 10_000 }

/** What `append`, `claim` and `commit` promise of messages. */
export const inboxCases: readonly ConformanceCase<Storage>[] = [
  storageCase('stores a message and gives it to whoever claims', async (storage) => {
    const message = incoming('m1')
    const results = await storage.append([message])
    assert.deepEqual(results, [{ status: 'stored', conversation: keyOf('ana@c.us'), dueAtMs: start }])
    const claim = await claimOne(storage)
    assert.deepEqual(claim.lease.conversation, keyOf('ana@c.us'))
    assert.equal(claim.lease.owner, 'worker')
    assert.equal(claim.lease.expiresAtMs, start + 30_000)
    assert.equal(claim.state, undefined)
    assert.deepEqual(ordersOf(claim.flags), { optedOut: false })
    assert.deepEqual(claim.replies, [])
    assert.deepEqual(claim.history, [])
    assert.equal(claim.more, false)
    assert.equal(claim.messages.length, 1)
    const { seq, ...stored } = claim.messages[0] as (typeof claim.messages)[number]
    assert.equal(typeof seq, 'number')
    assert.deepEqual(stored, { message: message.message, receivedAtMs: start, attempts: 0 })
  }),
  storageCase('gives back every type of message as it came', async (storage) => {
    const media = { reference: 'file-1', mimeType: 'image/png', sizeBytes: 3 }
    const bodies = [
      { type: 'image', media, caption: 'look' },
      { type: 'audio', media, voice: true },
      { type: 'location', latitude: -12.5, longitude: 130.25, name: 'Office' },
      { type: 'contacts', contacts: [{ name: 'Bo', phones: ['+15550100'], emails: [] }] },
      { type: 'reaction', emoji: '👍🏽', to: 'm0' },
      { type: 'selection', selection: { id: 'yes', title: 'Yes' }, source: 'list' },
      { type: 'order', items: [{ productId: 'p', quantity: 2, price: 1.5, currency: 'EUR' }] },
      { type: 'poll_update' },
    ]
    const messages = bodies.map((body, index) => ({
      ...incoming(`m${index}`),
      message: parseInboundMessage({
        ...body,
        id: `m${index}`,
        chat: 'ana@c.us',
        from: { id: 'ana@c.us', name: 'Ana', aliases: [{ kind: 'phone', value: '15550100@c.us' }] },
        sentAtMs: start,
        replyTo: { id: 'before' },
      }),
    }))
    await storage.append(messages)
    const claim = await claimOne(storage)
    assert.deepEqual(
      claim.messages.map(({ message }) => message),
      messages.map(({ message }) => message),
    )
  }),
  storageCase('takes a message in once, also within one call', async (storage) => {
    const results = await storage.append([incoming('m1'), incoming('m1', { text: 'again' })])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['stored', 'duplicate'],
    )
    const [again] = await storage.append([incoming('m1')])
    assert.deepEqual(again, { status: 'duplicate', conversation: keyOf('ana@c.us'), dueAtMs: start })
    assert.deepEqual(messageIds(await claimOne(storage)), ['m1'])
  }),
  storageCase('knows a duplicate while the first is in work and after it is done', async (storage) => {
    await storage.append([incoming('m1')])
    const { lease, messages } = await claimOne(storage)
    assert.equal((await storage.append([incoming('m1')]))[0]?.status, 'duplicate')
    await storage.commit(lease, { nowMs: start, done: messages.map(({ seq }) => seq) })
    await storage.release(lease)
    const [after] = await storage.append([incoming('m1')])
    assert.deepEqual(after, { status: 'duplicate', conversation: keyOf('ana@c.us') })
    assert.deepEqual(await claimAll(storage), [])
  }),
  storageCase('takes concurrent appends of one message in once', async (storage) => {
    const results = await Promise.all(Array.from({ length: 20 }, () => storage.append([incoming('m1')])))
    const statuses = results.map(([result]) => result?.status)
    assert.equal(statuses.filter((status) => status === 'stored').length, 1)
    assert.equal(statuses.filter((status) => status === 'duplicate').length, 19)
  }),
  storageCase('opens nothing for a duplicate under another new chat in the same call', async (storage) => {
    const results = await storage.append([incoming('m1', { chat: 'ana@c.us' }), incoming('m1', { chat: 'ben@c.us' })])
    assert.deepEqual(
      results.map(({ status, conversation }) => [status, conversation]),
      [
        ['stored', keyOf('ana@c.us')],
        ['duplicate', keyOf('ana@c.us')],
      ],
    )
    assert.equal((await storage.stats()).conversations, 1)
  }),
  storageCase('finds a duplicate by tenant, channel and id alone, whatever the chat', async (storage) => {
    await storage.append([incoming('m1')])
    const [result] = await storage.append([incoming('m1', { chat: 'bo@c.us' })])
    assert.equal(result?.status, 'duplicate')
    assert.deepEqual(result?.conversation, keyOf('ana@c.us'))
    assert.equal((await storage.stats()).conversations, 1)
  }),
  storageCase('keeps tenants and channels apart where all ids are the same', async (storage) => {
    const places = [{ tenant: 'acme' }, { tenant: 'other' }, { channel: 'second' }]
    for (const place of places) {
      const [result] = await storage.append([
        incoming('m1', {}, { ...place, control: { optOut: place.tenant === 'acme' } }),
      ])
      assert.equal(result?.status, 'stored')
    }
    const claims = await claimAll(storage)
    assert.equal(claims.length, 3)
    const replyId = 'same id'
    for (const { lease, messages, flags } of claims) {
      assert.equal(flags.optedOut, lease.conversation.tenant === 'acme' && lease.conversation.channel === 'main')
      await storage.commit(lease, {
        nowMs: start,
        done: messages.map(({ seq }) => seq),
        replies: [replyOf(replyId)],
        state: { sessions: { shop: `${lease.conversation.tenant}/${lease.conversation.channel}` } },
      })
      await storage.release(lease)
    }
    await storage.settle({ conversation: keyOf('ana@c.us'), id: replyId }, { status: 'sent', providerId: 'p1' })
    const [echo] = await storage.append([incoming('p1', { fromMe: true })])
    assert.equal(echo?.status, 'echo')
    const [stranger] = await storage.append([incoming('p1', { fromMe: true, text: 'else' }, { tenant: 'other' })])
    assert.equal(stranger?.status, 'stored')
    const rest = await claimAll(storage)
    assert.deepEqual(
      rest
        .map(({ lease, state }) => [lease.conversation.tenant, lease.conversation.channel, state?.sessions['shop']])
        .sort(),
      [
        ['acme', 'second', 'acme/second'],
        ['other', 'main', 'other/main'],
      ],
    )
  }),
  storageCase('keeps the order of arrival, not the order of sending', async (storage) => {
    await storage.append([incoming('b', { sentAtMs: start + 5 }), incoming('a', { sentAtMs: start + 9 })])
    await storage.append([incoming('c', { sentAtMs: start + 1 })])
    const claim = await claimOne(storage)
    assert.deepEqual(messageIds(claim), ['b', 'a', 'c'])
    const seqs = claim.messages.map(({ seq }) => seq)
    assert.deepEqual(
      seqs,
      seqs.toSorted((x, y) => x - y),
    )
  }),
  storageCase('keeps the order of concurrent appends', async (storage) => {
    const ids = Array.from({ length: 50 }, (_, index) => `m${index}`)
    await Promise.all(ids.map((id) => storage.append([incoming(id)])))
    assert.deepEqual(messageIds(await claimOne(storage, { maxMessages: 100 })), ids)
  }),
  storageCase('gives at most maxMessages and says that there are more', async (storage) => {
    await storage.append(['a', 'b', 'c'].map((id) => incoming(id)))
    const claim = await claimOne(storage, { maxMessages: 2 })
    assert.deepEqual(messageIds(claim), ['a', 'b'])
    assert.equal(claim.more, true)
    await storage.commit(claim.lease, { nowMs: start, done: claim.messages.map(({ seq }) => seq) })
    assert.deepEqual(await storage.release(claim.lease), { dueAtMs: start })
    const next = await claimOne(storage)
    assert.deepEqual(messageIds(next), ['c'])
    assert.equal(next.more, false)
  }),
  storageCase('waits until nothing has come for a while', async (storage) => {
    const [first] = await storage.append([incoming('a', {}, late)])
    assert.equal(first?.dueAtMs, start + 2_000)
    const [second] = await storage.append([incoming('b', {}, { ...late, settleAtMs: start + 3_000 })])
    assert.equal(second?.dueAtMs, start + 3_000)
    assert.deepEqual(await claimAll(storage, { nowMs: start + 2_999 }), [])
    assert.deepEqual(messageIds(await claimOne(storage, { nowMs: start + 3_000 })), ['a', 'b'])
  }),
  storageCase('waits no longer than the earliest dueByMs', async (storage) => {
    await storage.append([incoming('a', {}, { settleAtMs: start + 2_000, dueByMs: start + 4_000 })])
    const [result] = await storage.append([incoming('b', {}, { settleAtMs: start + 5_000, dueByMs: start + 9_000 })])
    assert.equal(result?.dueAtMs, start + 4_000)
    assert.deepEqual(await claimAll(storage, { nowMs: start + 3_999 }), [])
    assert.deepEqual(messageIds(await claimOne(storage, { nowMs: start + 4_000 })), ['a', 'b'])
  }),
  storageCase('forgets the waiting times of messages that are done', async (storage) => {
    await storage.append([incoming('a')])
    const claim = await claimOne(storage)
    await storage.append([incoming('b', {}, late)])
    await storage.commit(claim.lease, { nowMs: start, done: claim.messages.map(({ seq }) => seq) })
    assert.deepEqual(await storage.release(claim.lease), { dueAtMs: start + 2_000 })
    assert.deepEqual(await claimAll(storage, { nowMs: start + 1_999 }), [])
  }),
  storageCase('counts a failed turn and lets the conversation rest', async (storage) => {
    await storage.append([incoming('a'), incoming('b')])
    const claim = await claimOne(storage, { maxMessages: 1 })
    const messages = claim.messages.map(({ seq }) => seq)
    await storage.commit(claim.lease, { nowMs: start, retry: { messages, atMs: start + 4_000, reason: 'model away' } })
    assert.deepEqual(await storage.release(claim.lease), { dueAtMs: start + 4_000 })
    const [later] = await storage.append([incoming('c')])
    assert.equal(later?.dueAtMs, start + 4_000)
    assert.deepEqual(await claimAll(storage, { nowMs: start + 3_999 }), [])
    const again = await claimOne(storage, { nowMs: start + 4_000 })
    assert.deepEqual(
      again.messages.map(({ message, attempts }) => [message.id, attempts]),
      [
        ['a', 1],
        ['b', 0],
        ['c', 0],
      ],
    )
  }),
  storageCase('ends the rest with the next message that is done or dead', async (storage) => {
    for (const ending of ['done', 'dead'] as const) {
      const chat = `${ending}@c.us`
      await storage.append([incoming(`${ending}-a`, { chat }), incoming(`${ending}-b`, { chat })])
      const conversation = keyOf(chat)
      const claim = await claimOne(storage, { conversation })
      const messages = claim.messages.slice(0, 1).map(({ seq }) => seq)
      await storage.commit(claim.lease, { nowMs: start, retry: { messages, atMs: start + 60_000, reason: 'x' } })
      await storage.commit(
        claim.lease,
        ending === 'done' ? { nowMs: start, done: messages } : { nowMs: start, dead: { messages, reason: 'x' } },
      )
      await storage.release(claim.lease)
      assert.deepEqual(messageIds(await claimOne(storage, { conversation })), [`${ending}-b`])
    }
  }),
  storageCase('claims the most overdue conversations first, at most limit, without the excepted', async (storage) => {
    for (const [index, name] of ['c', 'a', 'd', 'b'].entries()) {
      const dueByMs = start + name.charCodeAt(0)
      await storage.append([incoming(`m${index}`, { chat: name }, { settleAtMs: dueByMs, dueByMs })])
    }
    const nowMs = start + 1_000
    const [first, ...none] = await claimAll(storage, { nowMs, limit: 1 })
    assert.equal(none.length, 0)
    assert.equal(first?.lease.conversation.chat, 'a')
    const except = new Set(['acme/main/b'])
    const others = await claimAll(storage, { nowMs, limit: 2, except })
    assert.deepEqual(
      others.map(({ lease }) => lease.conversation.chat),
      ['c', 'd'],
    )
    assert.equal((await claimOne(storage, { nowMs })).lease.conversation.chat, 'b')
  }),
  storageCase('claims one conversation at a time unless told otherwise', async (storage) => {
    await storage.append([incoming('a', { chat: 'a' }), incoming('b', { chat: 'b' })])
    const { limit: _, ...request } = { owner: 'w', nowMs: start, leaseMs: 1_000, maxMessages: 1, limit: 0 }
    assert.equal((await storage.claim({ ...request, historyLimit: 0, usageDay: '2027-01-15' })).length, 1)
  }),
  storageCase(
    'claims the conversation asked for, and nothing where it is unknown or has nothing to do',
    async (storage) => {
      await storage.append([incoming('a', { chat: 'a' }), incoming('b', { chat: 'b' })])
      const claim = await claimOne(storage, { conversation: keyOf('b') })
      assert.deepEqual(messageIds(claim), ['b'])
      assert.deepEqual(await claimAll(storage, { conversation: keyOf('b') }), [])
      assert.deepEqual(await claimAll(storage, { conversation: keyOf('nobody') }), [])
      assert.equal((await storage.stats()).conversations, 2)
    },
  ),
  storageCase('leaves a message that comes during a turn for the next one', async (storage) => {
    await storage.append([incoming('a')])
    const { lease, messages } = await claimOne(storage)
    await storage.append([incoming('b')])
    await storage.commit(lease, { nowMs: start, done: messages.map(({ seq }) => seq) })
    assert.deepEqual(await storage.release(lease), { dueAtMs: start })
    assert.deepEqual(messageIds(await claimOne(storage)), ['b'])
  }),
  storageCase('commits everything or nothing', async (storage) => {
    await storage.append([incoming('a')])
    const { lease, messages } = await claimOne(storage)
    const done = messages.map(({ seq }) => seq)
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    const change = { nowMs: start, done, replies: [replyOf('r1')], control: { optOut: true } }
    await rejectsWith('invalid_output', storage.commit(lease, { ...change, state: { sessions: { loop } } }))
    await rejectsWith('not_found', storage.commit(lease, { ...change, sending: 'unknown' }))
    await rejectsWith('lease_lost', storage.commit({ ...lease, token: lease.token + 1 }, change))
    await storage.release(lease)
    const again = await claimOne(storage)
    assert.deepEqual(messageIds(again), ['a'])
    assert.deepEqual(again.replies, [])
    assert.deepEqual(ordersOf(again.flags), { optedOut: false })
    assert.equal(again.state, undefined)
  }),
  storageCase('keeps the state that the last commit left, and keeps it where a commit has none', async (storage) => {
    await storage.append([incoming('a')])
    const { lease } = await claimOne(storage)
    const floor = { agent: 'shop', keptAtMs: start, interruptAt: 0.8 }
    const choices = { agent: 'shop', options: [{ id: '1', title: 'One' }] }
    const state = { sessions: { shop: { cart: [1, null, 'x'] } }, floor, choices }
    await storage.commit(lease, { nowMs: start, state: { sessions: {} } })
    await storage.commit(lease, { nowMs: start, state })
    await storage.commit(lease, { nowMs: start })
    await storage.release(lease)
    assert.deepEqual((await claimOne(storage)).state, state)
  }),
  storageCase('keeps state with keys that pollute prototypes as plain data', async (storage) => {
    await storage.append([incoming('a')])
    const { lease } = await claimOne(storage)
    const text = '{"sessions":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}}}}'
    await storage.commit(lease, { nowMs: start, state: JSON.parse(text) })
    await storage.release(lease)
    const { state } = await claimOne(storage)
    assert.equal(JSON.stringify(state), text)
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
    assert.equal(Object.getPrototypeOf(state?.sessions), Object.prototype)
  }),
  storageCase('keeps text as it is: emoji, control characters, lone surrogates, 1 MB', async (storage) => {
    const texts = [
      '👩‍👩‍👧 "quoted" \\ \u0000 \u001f \u2028',
      '\ud800 lone \udc00',
      'é'.normalize('NFD'),
      'x'.repeat(2 ** 20),
      '',
    ]
    await storage.append(texts.map((text, index) => incoming(`m${index}`, { text })))
    const claim = await claimOne(storage)
    assert.deepEqual(
      claim.messages.map(({ message }) => (message.type === 'text' ? message.text : undefined)),
      texts,
    )
    await storage.commit(claim.lease, {
      nowMs: start,
      state: { sessions: { texts } },
      replies: texts.map((text, index) => replyOf(`r${index}`, { message: { type: 'text', text } })),
    })
    await storage.release(claim.lease)
    const { state, replies } = await claimOne(storage)
    assert.deepEqual(state?.sessions['texts'], texts)
    assert.deepEqual(
      replies.map(({ message }) => (message.type === 'text' ? message.text : undefined)),
      texts,
    )
  }),
  storageCase('tells ids apart that differ in a lone surrogate, in case or in a NUL', async (storage) => {
    const ids = [
      'a',
      'A',
      'a\u0000',
      '\ud800',
      '\ud801',
      '\ufffd',
      '"a"',
      'á',
      'a\u0301',
      "a'; DROP TABLE",
      'a/b',
      'a ',
    ]
    const results = await storage.append(ids.map((id) => incoming(id, { chat: id })))
    assert.deepEqual(
      results.map(({ status, conversation }) => [status, conversation.chat]),
      ids.map((id) => ['stored', id]),
    )
    const again = await storage.append(ids.map((id) => incoming(id, { chat: id })))
    assert.ok(again.every(({ status }) => status === 'duplicate'))
    const claims = await claimAll(storage)
    assert.deepEqual(new Set(claims.map(({ lease }) => lease.conversation.chat)), new Set(ids))
  }),
  storageCase(
    'shares nothing with its caller: later changes of what went in or came out do not reach it',
    async (storage) => {
      const message = incoming('a')
      const control = { handoff: { by: 'person' as const, reason: 'asked', sinceMs: start } }
      await storage.append([{ ...message, control }])
      Object.assign(message.message, { text: 'changed' })
      Object.assign(control.handoff, { reason: 'changed' })
      const claim = await claimOne(storage)
      const state = { sessions: { shop: { cart: ['x'] } } }
      const reply = replyOf('r1', { inReplyTo: ['a'], message: { type: 'text', text: 'hello' } })
      await storage.commit(claim.lease, { nowMs: start, state, replies: [reply] })
      state.sessions.shop.cart.push('y')
      Object.assign(reply.message, { text: 'changed' })
      Object.assign(claim.messages[0]?.message as object, { text: 'changed' })
      await storage.release(claim.lease)
      const second = await claimOne(storage)
      Object.assign(second.state?.sessions as object, { shop: 'changed' })
      Object.assign(second.replies[0]?.message as object, { text: 'changed' })
      await storage.release(second.lease)
      const third = await claimOne(storage)
      assert.deepEqual(third.messages[0]?.message, incoming('a').message)
      assert.deepEqual(third.state, { sessions: { shop: { cart: ['x'] } } })
      assert.deepEqual(third.replies[0]?.message, { type: 'text', text: 'hello' })
      assert.deepEqual(third.flags.handoff, { by: 'person' as const, reason: 'asked', sinceMs: start })
      assert.deepEqual(third.messages[0]?.control, {
        handoff: { by: 'person' as const, reason: 'asked', sinceMs: start },
      })
    },
  ),
  storageCase('ignores a seq that is not pending in the claimed conversation', async (storage) => {
    await storage.append([incoming('a', { chat: 'a' }), incoming('b', { chat: 'b' })])
    const a = await claimOne(storage, { conversation: keyOf('a') })
    const b = await claimOne(storage, { conversation: keyOf('b') })
    const foreign = b.messages.map(({ seq }) => seq)
    await storage.commit(a.lease, { nowMs: start, done: [...foreign, 987_654] })
    await storage.commit(a.lease, { nowMs: start, dead: { messages: foreign, reason: 'x' } })
    await storage.release(b.lease)
    assert.deepEqual(messageIds(await claimOne(storage, { conversation: keyOf('b') })), ['b'])
    assert.deepEqual(await storage.deadLetters.list(), [])
  }),
  storageCase('applies a control together with its message, also while a turn is running', async (storage) => {
    const handoff = { by: 'person' as const, reason: 'asked for a person', sinceMs: start, untilMs: start + 60_000 }
    await storage.append([incoming('a', {}, { control: { handoff } })])
    const claim = await claimOne(storage)
    assert.deepEqual(ordersOf(claim.flags), { optedOut: false, handoff })
    assert.deepEqual(claim.messages[0]?.control, { handoff })
    await storage.append([incoming('stop', {}, { control: { optOut: true, handoff: null } })])
    const flags = await storage.commit(claim.lease, { nowMs: start, state: { sessions: {} } })
    assert.deepEqual(ordersOf(flags), { optedOut: true })
    const after = await storage.commit(claim.lease, { nowMs: start, control: { optOut: false, handoff } })
    assert.deepEqual(ordersOf(after), { optedOut: false, handoff })
  }),
  storageCase('keeps of an order only what it changes', async (storage) => {
    const handoff = { by: 'person', reason: 'x', sinceMs: start } as const
    await storage.append([
      incoming('start', {}, { control: { optOut: false } }),
      incoming('stop', {}, { control: { optOut: true } }),
      incoming('again', {}, { control: { optOut: true, handoff } }),
    ])
    const claim = await claimOne(storage)
    assert.deepEqual(
      claim.messages.map(({ control }) => control),
      [undefined, { optOut: true }, { handoff }],
    )
    assert.deepEqual(ordersOf(claim.flags), { optedOut: true, handoff })
  }),
  storageCase('releases only the handoff that an order means', async (storage) => {
    const handoff = { by: 'agent', reason: 'x', sinceMs: start + 5 } as const
    await storage.control(keyOf('ana@c.us'), { handoff })
    const other = await storage.control(keyOf('ana@c.us'), { handoff: null, releasesSinceMs: start })
    assert.deepEqual(other, { optedOut: false, handoff })
    const same = await storage.control(keyOf('ana@c.us'), { handoff: null, releasesSinceMs: start + 5 })
    assert.deepEqual(same, { optedOut: false })
  }),
  storageCase('does not apply the control of a duplicate', async (storage) => {
    await storage.append([incoming('stop', {}, { control: { optOut: true } })])
    await storage.control(keyOf('ana@c.us'), { optOut: false })
    await storage.append([incoming('stop', {}, { control: { optOut: true } })])
    assert.deepEqual(ordersOf((await claimOne(storage)).flags), { optedOut: false })
  }),
  storageCase('applies a control outside a turn, also to a conversation that is new', async (storage) => {
    const handoff = { by: 'owner' as const, reason: 'owner', sinceMs: start }
    assert.deepEqual(await storage.control(keyOf('ana@c.us'), { handoff }), { optedOut: false, handoff })
    assert.deepEqual(await storage.control(keyOf('ana@c.us'), { optOut: true }), { optedOut: true, handoff })
    assert.deepEqual(await storage.control(keyOf('ana@c.us'), { handoff: null }), { optedOut: true })
    assert.deepEqual(await storage.control(keyOf('ana@c.us'), {}), { optedOut: true })
    assert.deepEqual(await claimAll(storage), [])
    await storage.append([incoming('a')])
    assert.deepEqual(ordersOf((await claimOne(storage)).flags), { optedOut: true })
  }),
  storageCase('adds up what models cost, per tenant and day', async (storage) => {
    await storage.append([incoming('a', { chat: 'a' }), incoming('b', { chat: 'b' })])
    await storage.append([incoming('c', {}, { tenant: 'other' })])
    const claims = await claimAll(storage)
    assert.ok(claims.every(({ usage }) => usage.tokens === 0 && usage.costUsd === 0))
    for (const { lease } of claims) {
      for (const day of ['2027-01-15', '2027-01-15', '2027-01-16']) {
        await storage.commit(lease, { nowMs: start, usage: { tokens: 100, costUsd: 0.25, day } })
      }
      await storage.release(lease)
    }
    const today = await claimAll(storage)
    assert.deepEqual(today.map(({ lease, usage }) => [lease.conversation.tenant, usage.tokens, usage.costUsd]).sort(), [
      ['acme', 400, 1],
      ['acme', 400, 1],
      ['other', 200, 0.5],
    ])
    for (const { lease } of today) await storage.release(lease)
    const [tomorrow] = await claimAll(storage, { usageDay: '2027-01-16', conversation: keyOf('a') })
    assert.deepEqual(tomorrow?.usage, { tokens: 200, costUsd: 0.5 })
  }),
  storageCase('tells the past, oldest first, without what is pending', async (storage) => {
    const later = (ms: number) => ({ receivedAtMs: start + ms, settleAtMs: start, dueByMs: start + ms })
    await storage.append([incoming('a', { text: 'hi' }, later(1))])
    const first = await answer(storage, [replyOf('r1', { message: { type: 'text', text: 'hello' } })], {
      nowMs: start + 2,
    })
    await storage.commit(first, { nowMs: start + 2, sending: 'r1' })
    await storage.settle({ conversation: first.conversation, id: 'r1' }, { status: 'sent', providerId: 'p1' })
    await storage.release(first)
    await storage.append([incoming('b', { text: 'from the phone', fromMe: true }, later(3))])
    await storage.append([incoming('c', { text: 'thanks' }, later(4))])
    const nowMs = start + 10
    const second = await answer(storage, [replyOf('r2'), replyOf('r3')], { nowMs })
    await storage.settle({ conversation: second.conversation, id: 'r3' }, { status: 'suppressed', reason: 'x' })
    await storage.release(second)
    await storage.append([incoming('d', { text: 'pending' }, later(5))])
    const claim = await claimOne(storage, { nowMs, historyLimit: 10 })
    assert.deepEqual(claim.history, [
      { by: 'customer', text: 'hi', atMs: start + 1 },
      { by: 'bot', text: 'hello', atMs: start + 2 },
      { by: 'owner', text: 'from the phone', atMs: start + 3 },
      { by: 'customer', text: 'thanks', atMs: start + 4 },
      { by: 'bot', text: 'text of r2', atMs: nowMs },
    ])
    await storage.release(claim.lease)
    const short = await claimOne(storage, { nowMs, historyLimit: 2 })
    assert.deepEqual(
      short.history.map(({ text }) => text),
      ['thanks', 'text of r2'],
    )
    await storage.release(short.lease)
    assert.deepEqual((await claimOne(storage, { nowMs })).history, [])
  }),
]
