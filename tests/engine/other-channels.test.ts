import { memoryStorage } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { keptOpen } from './kept-open.ts'
import { startWorld } from './world.ts'

const text = { type: 'text', text: 'news' } as const

/** A storage for several bots, with the conversations that were claimed of it. */
async function shared(clock = virtualClock()) {
  const disk = memoryStorage({ clock })
  await disk.open()
  const claimed: string[] = []
  const storage = keptOpen({
    ...bound(disk),
    async claim(request) {
      const claims = await disk.claim(request)
      claimed.push(...claims.map(({ lease }) => `${lease.conversation.tenant}/${lease.conversation.chat}`))
      return claims
    },
  })
  const enqueue = (tenant: string, chat: string) =>
    disk.enqueue({ tenant, channel: 'main', chat }, [
      { id: `${tenant}-${chat}`, kind: 'proactive', message: text, inReplyTo: [], notBeforeMs: clock.now() },
    ])
  return { clock, disk, storage, claimed, enqueue }
}

/** The members of an object with private state, for spreading. */
function bound(storage: ReturnType<typeof memoryStorage>): ReturnType<typeof memoryStorage> {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(storage)) as (keyof typeof storage)[]
  const methods = names.map((name) => [name, (storage[name] as () => unknown).bind(storage)])
  return { ...storage, ...Object.fromEntries(methods) }
}

/** Collects the warnings of a bot. */
function warnings() {
  const told: { readonly fields: object; readonly line: string }[] = []
  const ignore = () => undefined
  const warn = (fields: object, line: string) => void told.push({ fields, line })
  return { told, logger: { debug: ignore, info: ignore, warn, error: ignore } }
}

test("two bots with a channel each share a storage, and neither takes what is the other's", async () => {
  const { clock, disk, storage, claimed, enqueue } = await shared()
  const [one, other] = ['one', 'other'].map((tenant) => simulatedWhatsApp({ clock, tenant, channel: 'main' }))
  if (!one || !other) throw new Error('unreachable')
  for (let n = 0; n < 300; n += 1) await enqueue('other', `c${n}`)
  await enqueue('one', 'anna')
  const first = await startWorld({ clock, storage, bot: { transports: [one.transport], concurrency: 2 } })
  await clock.advance(5000)
  expect([one.sent.length, other.sent.length]).toEqual([1, 0])
  expect(new Set(claimed)).toEqual(new Set(['one/anna']))
  expect(await disk.stats()).toMatchObject({ pendingReplies: 300 })
  await using _ = await startWorld({ clock, storage, bot: { transports: [other.transport] } })
  await clock.runUntil(() => other.sent.length === 300)
  await first.stop()
  expect(one.sent).toHaveLength(1)
})

test('mail of a channel that nobody serves waits, and is told of once', async () => {
  const { clock, storage, claimed, enqueue } = await shared()
  const { told, logger } = warnings()
  await enqueue('gone', 'anna')
  await enqueue('gone', 'bert')
  await using world = await startWorld({ clock, storage, bot: { logger } })
  await clock.advance(50_000)
  expect(told).toEqual([])
  await clock.advance(600_000)
  expect(told).toEqual([
    {
      fields: { tenant: 'gone', channel: 'main' },
      line: expect.stringMatching(/^nobody takes up the mail of a channel/),
    },
  ])
  expect(claimed).toEqual([])
  const found = simulatedWhatsApp({ clock, tenant: 'gone', channel: 'main' })
  await world.bot.addTransport(found.transport)
  await clock.advance(120_000)
  expect(found.sent).toHaveLength(2)
})

test('a dead letter of a channel that is not served is made pending again and left to others', async () => {
  const { clock, disk, storage, claimed, enqueue } = await shared()
  const conversation = await enqueue('gone', 'anna')
  await disk.settle({ conversation, id: 'gone-anna' }, { status: 'dead', reason: 'no' })
  await using world = await startWorld({ clock, storage })
  const [letter] = await world.bot.deadLetters.list()
  await world.bot.deadLetters.retry(letter?.id ?? '')
  await clock.advance(5000)
  expect(claimed).toEqual([])
  expect(await disk.stats()).toMatchObject({ pendingReplies: 1, deadLetters: 0 })
})

test('what waited in a channel is not taken up before the transport that is added has begun', async () => {
  const { clock, storage, claimed, enqueue } = await shared()
  await enqueue('late', 'anna')
  await using world = await startWorld({ clock, storage })
  const late = simulatedWhatsApp({ clock, tenant: 'late', channel: 'main' })
  const gate = Promise.withResolvers<void>()
  const start: typeof late.transport.start = async (host) => {
    await gate.promise
    await late.transport.start(host)
  }
  const added = world.bot.addTransport({ ...late.transport, start })
  await clock.advance(10_000)
  expect(claimed).toEqual([])
  gate.resolve()
  await added
  await clock.advance(60_000)
  expect(late.sent).toHaveLength(1)
})
