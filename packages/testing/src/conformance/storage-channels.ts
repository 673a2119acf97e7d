import assert from 'node:assert/strict'
import { type ChannelKey, type Claim, channelId, type Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import { claimAll, claimOne, incoming, keyOf, replyOf, start, storageCase } from './storage-fixtures.ts'

const main = { tenant: 'acme', channel: 'main' }
const second = { tenant: 'acme', channel: 'second' }
const other = { tenant: 'other', channel: 'main' }
const unused = { tenant: 'nobody', channel: 'main' }

const placesOf = (claims: readonly Claim[]) => claims.map(({ lease }) => placeOf(lease.conversation))
const placeOf = ({ tenant, channel, chat }: ChannelKey & { chat: string }) => `${tenant}/${channel}/${chat}`

/** One message in each of these channels, each a millisecond later than the one before. */
async function appendTo(storage: Storage, ...channels: readonly ChannelKey[]): Promise<void> {
  for (const [index, channel] of channels.entries()) {
    const atMs = start + index
    await storage.append([
      incoming(`m${index}`, { chat: `c${index}` }, { ...channel, settleAtMs: atMs, dueByMs: atMs }),
    ])
  }
}

/** What claims by channel promise, and what is told of the channels that nobody serves. */
export const channelCases: readonly ConformanceCase<Storage>[] = [
  storageCase('claims only in the channels that are asked for, the most overdue of them first', async (storage) => {
    await appendTo(storage, other, second, main, other, second)
    const nowMs = start + 100
    const first = await claimAll(storage, { nowMs, channels: [second, main], limit: 2 })
    assert.deepEqual(placesOf(first), ['acme/second/c1', 'acme/main/c2'])
    assert.deepEqual(placesOf(await claimAll(storage, { nowMs, channels: [main] })), [])
    assert.deepEqual(placesOf(await claimAll(storage, { nowMs, channels: [second, unused, second] })), [
      'acme/second/c4',
    ])
    assert.deepEqual(placesOf(await claimAll(storage, { nowMs })), ['other/main/c0', 'other/main/c3'])
  }),
  storageCase('claims nothing where no channel is asked for, or one that was never used', async (storage) => {
    await appendTo(storage, main)
    assert.deepEqual(await claimAll(storage, { channels: [] }), [])
    assert.deepEqual(await claimAll(storage, { channels: [unused] }), [])
    await appendTo(storage, unused)
    assert.deepEqual(placesOf(await claimAll(storage, { channels: [unused] })), ['nobody/main/c0'])
  }),
  storageCase('claims by channel without the excepted conversations', async (storage) => {
    await appendTo(storage, main, main, other)
    const except = new Set(['acme/main/c0', 'other/main/c2'])
    const claims = await claimAll(storage, { nowMs: start + 100, channels: [main, other], except })
    assert.deepEqual(placesOf(claims), ['acme/main/c1'])
  }),
  storageCase(
    'claims the one conversation that is due in its channel, however many are due in another',
    async (storage) => {
      const names = Array.from({ length: 500 }, (_, index) => `c${index}`)
      await storage.append(names.map((name) => incoming(name, { chat: name }, other)))
      await storage.enqueue(keyOf('ana'), [replyOf('r1', { notBeforeMs: start + 50 })])
      const request = { nowMs: start + 50, channels: [main, second] }
      assert.deepEqual(placesOf(await claimAll(storage, request)), ['acme/main/ana'])
      assert.equal((await claimAll(storage, { ...request, channels: [other], limit: 501 })).length, 500)
    },
  ),
  storageCase('takes from hundreds of channels as many as there are slots', async (storage) => {
    const channels = Array.from({ length: 300 }, (_, index) => ({ tenant: `t${index}`, channel: 'main' }))
    for (const round of [0, 1]) {
      await storage.append(channels.map((channel) => incoming(`m${round}`, { chat: `c${round}` }, channel)))
    }
    const half = channels.filter((_, index) => index % 2 === 0)
    const [one, ...others] = await claimAll(storage, { channels: half, limit: 250 })
    assert.equal(others.length, 249)
    const rest = await claimAll(storage, { channels: half, limit: 250 })
    const claimed = [...(one ? [one] : []), ...others, ...rest].map(({ lease }) => lease.conversation)
    assert.equal(new Set(claimed.map(placeOf)).size, 300)
    assert.deepEqual([...new Set(claimed.map(channelId))].sort(), half.map(channelId).sort())
  }),
  storageCase('tells the channels in which something waits that nobody takes', async (storage) => {
    await appendTo(storage, main, second, other)
    const query = { nowMs: start + 10, beforeMs: start + 2, except: [second, unused] }
    assert.deepEqual(await storage.overdue(query), [main])
    assert.deepEqual(await storage.overdue({ ...query, except: [main, second] }), [])
    const { lease } = await claimOne(storage, { channels: [main] })
    assert.deepEqual(await storage.overdue(query), [])
    await storage.release(lease)
    const all = await storage.overdue({ ...query, beforeMs: start + 3, except: [] })
    assert.deepEqual(all.map(channelId).sort(), ['acme/main', 'acme/second', 'other/main'])
  }),
]
