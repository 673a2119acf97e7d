import assert from 'node:assert/strict'
import type { Flags, Storage } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import { answer, claimOne, enqueued, incoming, keyOf, replyOf, start, storageCase } from './storage-fixtures.ts'

const ana = keyOf('ana@c.us')
const minuteMs = 60_000

/** Expects that the customer last wrote then, or is told to have written up to five minutes earlier. */
export function assertLastInbound({ lastInboundAtMs }: Flags, expectedAtMs: number): void {
  const earlyMs = expectedAtMs - (lastInboundAtMs ?? Number.NEGATIVE_INFINITY)
  assert.ok(earlyMs >= 0 && earlyMs <= 5 * minuteMs, `expected at most five minutes early, got ${earlyMs} ms`)
}

/** A message that was sent and received then. */
function writtenAt(id: string, atMs: number, fields: Parameters<typeof incoming>[1] = {}) {
  return incoming(id, { sentAtMs: atMs, ...fields }, { receivedAtMs: atMs })
}

/** What is promised of `Flags.lastInboundAtMs`. */
export const lastInboundCases: readonly ConformanceCase<Storage>[] = [
  storageCase('does not know when a customer last wrote who never did', async (storage) => {
    await enqueued(storage, 'r1')
    assert.deepEqual(await storage.control(ana, { optOut: true }), { optedOut: true })
    await storage.append([incoming('owner', { fromMe: true })])
    const claim = await claimOne(storage)
    assert.deepEqual(claim.flags, { optedOut: true })
    const done = claim.messages.map(({ seq }) => seq)
    assert.deepEqual(await storage.commit(claim.lease, { nowMs: start, done }), { optedOut: true })
  }),
  storageCase('tells with every claim, commit and control when the customer last wrote', async (storage) => {
    await storage.append([writtenAt('a', start)])
    const { lease, messages, flags } = await claimOne(storage)
    assertLastInbound(flags, start)
    await storage.append([writtenAt('b', start + minuteMs)])
    const done = messages.map(({ seq }) => seq)
    const handoff = { by: 'person', reason: 'x', sinceMs: start } as const
    assertLastInbound(await storage.commit(lease, { nowMs: start, done, control: { handoff } }), start + minuteMs)
    await storage.append([writtenAt('c', start + 60 * minuteMs)])
    assertLastInbound(await storage.control(ana, { optOut: true, handoff: null }), start + 60 * minuteMs)
    assertLastInbound(await storage.commit(lease, { nowMs: start }), start + 60 * minuteMs)
  }),
  storageCase('believes neither a clock that is ahead nor a message that comes late', async (storage) => {
    await storage.append([incoming('ahead', { sentAtMs: start + 60 * minuteMs }, { receivedAtMs: start })])
    assertLastInbound(await storage.control(ana, {}), start)
    await storage.append([incoming('late', { sentAtMs: start - 60 * minuteMs }, { receivedAtMs: start + minuteMs })])
    assertLastInbound(await storage.control(ana, {}), start)
    await storage.append([incoming('recent', { sentAtMs: start + minuteMs }, { receivedAtMs: start + 9 * minuteMs })])
    assertLastInbound(await storage.control(ana, {}), start + minuteMs)
  }),
  storageCase(
    'takes the arrival for the time of a message that claims to be older than seven days',
    async (storage) => {
      const weekMs = 7 * 24 * 60 * minuteMs
      await storage.append([incoming('week', { sentAtMs: start - weekMs }, { receivedAtMs: start })])
      assertLastInbound(await storage.control(ana, {}), start - weekMs)
      await storage.append([incoming('older', { sentAtMs: start - weekMs - 1 }, { receivedAtMs: start })])
      assertLastInbound(await storage.control(ana, {}), start)
    },
  ),
  storageCase('takes neither a duplicate nor what we wrote for a message of the customer', async (storage) => {
    await storage.append([writtenAt('a', start)])
    await enqueued(storage, 'r1')
    await storage.settle({ conversation: ana, id: 'r1' }, { status: 'sent', providerId: 'p1' })
    const hour = start + 60 * minuteMs
    await storage.append([
      writtenAt('a', hour),
      writtenAt('p1', hour, { fromMe: true }),
      writtenAt('owner', hour, { fromMe: true }),
    ])
    const { flags } = await claimOne(storage)
    assertLastInbound(flags, start)
  }),
  storageCase('still knows when the customer last wrote once everything is answered or failed', async (storage) => {
    for (let hour = 1; hour <= 3; hour += 1) {
      const atMs = start + hour * 60 * minuteMs
      await storage.append([writtenAt(`done-${hour}`, atMs)])
      await storage.release(await answer(storage, [], { nowMs: atMs }))
      assertLastInbound(await storage.control(ana, {}), atMs)
      await storage.append([writtenAt(`dead-${hour}`, atMs + 30 * minuteMs)])
      const { lease, messages } = await claimOne(storage, { nowMs: atMs })
      await storage.commit(lease, { nowMs: atMs, dead: { messages: messages.map(({ seq }) => seq), reason: 'x' } })
      await storage.release(lease)
      assertLastInbound(await storage.control(ana, {}), atMs + 30 * minuteMs)
    }
    await storage.prune({ beforeMs: 8_000_000_000_000 })
    await storage.enqueue(ana, [replyOf('r1')])
    assertLastInbound((await claimOne(storage)).flags, start + 3.5 * 60 * minuteMs)
  }),
  storageCase('does not fall behind while a customer writes again and again', async (storage) => {
    for (let minute = 0; minute <= 30; minute += 3) {
      const atMs = start + minute * minuteMs
      await storage.append([writtenAt(`m${minute}`, atMs)])
      await storage.release(await answer(storage, [], { nowMs: atMs }))
      assertLastInbound(await storage.control(ana, {}), atMs)
    }
  }),
  storageCase('takes the later of two conversations that turn out to be one', async (storage) => {
    for (const [index, [phoneAtMs, lidAtMs]] of [
      [start, start + 60 * minuteMs],
      [start + 60 * minuteMs, start],
    ].entries()) {
      const tenant = `t${index}`
      await storage.append([
        { ...writtenAt('p', phoneAtMs ?? 0, { chat: 'phone' }), tenant },
        { ...writtenAt('l', lidAtMs ?? 0, { chat: 'lid' }), tenant },
      ])
      const telling = writtenAt('t', start - minuteMs, { chat: 'phone', from: { id: 'lid', aliases: [] } })
      await storage.append([{ ...telling, tenant }])
      assertLastInbound(await storage.control(keyOf('phone', { tenant }), {}), start + 60 * minuteMs)
    }
  }),
]
