import assert from 'node:assert/strict'
import type { Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import { keyOf, storageCase } from './storage-fixtures.ts'

const main = { tenant: 'acme', channel: 'main' }
/** Strings that a careless storage changes. */
const strings = [
  '',
  ' ',
  '{"a":1}',
  "'; DROP TABLE records; --",
  '👍 \ud800',
  '\u0000 and more',
  'NULL',
  '__proto__',
  'a/b',
]

/** What `records` promises. */
export const recordCases: readonly ConformanceCase<Storage>[] = [
  storageCase('keeps a record until it is replaced or forgotten', async ({ records }) => {
    assert.equal(await records.get(main, 'pace'), undefined)
    await records.set(main, 'pace', undefined)
    await records.set(main, 'pace', 'first')
    assert.equal(await records.get(main, 'pace'), 'first')
    await records.set(main, 'pace', 'second')
    assert.equal(await records.get(main, 'pace'), 'second')
    await records.set(main, 'pace', undefined)
    assert.equal(await records.get(main, 'pace'), undefined)
  }),
  storageCase('keeps the records of every channel and name apart', async ({ records }) => {
    const channels = [main, { tenant: 'acme', channel: 'second' }, { tenant: 'other', channel: 'main' }]
    for (const channel of channels) {
      for (const name of ['one', 'two'])
        await records.set(channel, name, `${channel.tenant}.${channel.channel}.${name}`)
    }
    await records.set(main, 'one', undefined)
    const found = []
    for (const channel of channels) found.push(await records.get(channel, 'one'), await records.get(channel, 'two'))
    assert.deepEqual(found, [
      undefined,
      'acme.main.two',
      'acme.second.one',
      'acme.second.two',
      'other.main.one',
      'other.main.two',
    ])
  }),
  storageCase('keeps names and values as they are, whatever is in them', async ({ records }) => {
    for (const [index, text] of strings.entries()) {
      await records.set(main, text, strings[strings.length - 1 - index])
    }
    await records.set(main, 'long', 'x'.repeat(100_000))
    for (const [index, text] of strings.entries()) {
      assert.equal(await records.get(main, text), strings[strings.length - 1 - index])
    }
    assert.equal((await records.get(main, 'long'))?.length, 100_000)
  }),
  storageCase('takes records in the order in which they are set', async ({ records }) => {
    await Promise.all(['1', '2', undefined, '3', undefined, '4'].map((value) => records.set(main, 'count', value)))
    assert.equal(await records.get(main, 'count'), '4')
  }),
  storageCase('lists the records of a channel whose names begin alike', async ({ records }) => {
    assert.deepEqual(await records.list(main, ''), new Map())
    for (const name of ['worker.1', 'worker.2', 'worker', 'work_r.3', '%', 'Worker.4'])
      await records.set(main, name, `of ${name}`)
    await records.set({ tenant: 'other', channel: 'main' }, 'worker.9', 'of another')
    await records.set(main, 'worker.2', undefined)
    assert.deepEqual(await records.list(main, 'worker.'), new Map([['worker.1', 'of worker.1']]))
    assert.deepEqual([...(await records.list(main, 'work')).keys()].toSorted(), ['work_r.3', 'worker', 'worker.1'])
    assert.deepEqual([...(await records.list(main, '%')).keys()], ['%'])
    assert.equal((await records.list(main, '')).size, 5)
  }),
  storageCase('lets one of several replace a record that they have seen', async ({ records }) => {
    const take = (from: string | undefined, to: string | undefined) => records.replace(main, 'slot', { from, to })
    const taken = await Promise.all(['a', 'b', 'c'].map((name) => take(undefined, name)))
    assert.equal(taken.filter(Boolean).length, 1)
    const holder = (await records.get(main, 'slot')) ?? ''
    assert.equal(holder, ['a', 'b', 'c'][taken.indexOf(true)])
    assert.equal(await take('somebody else', 'd'), false)
    assert.equal(await records.get(main, 'slot'), holder)
    assert.equal(await take(holder, 'd'), true)
    assert.equal(await take(holder, 'e'), false)
    assert.equal(await take('d', undefined), true)
    assert.equal(await records.get(main, 'slot'), undefined)
    assert.equal(await take('d', 'f'), false)
  }),
  storageCase('keeps records through pruning and counts no conversation for them', async (storage) => {
    await storage.records.set(keyOf('ana@c.us'), 'pace', 'kept')
    assert.deepEqual(await storage.prune({ beforeMs: 8_000_000_000_000 }), { removed: 0 })
    assert.equal(await storage.records.get(main, 'pace'), 'kept')
    assert.deepEqual(await storage.stats(), { pendingMessages: 0, pendingReplies: 0, deadLetters: 0, conversations: 0 })
  }),
]
