import { memoryStorage, type SendResult } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { describe, expect, it } from 'vitest'
import { crashable } from './crashable.ts'
import { keptOpen } from './kept-open.ts'
import { startWorld } from './world.ts'

const to = (chat: string) => ({ tenant: 'default', channel: 'default', chat })
const offer = { type: 'text', text: 'an offer' } as const

describe('the limits of a channel', () => {
  it('hold for a thousand answers at once, in order and without a dead letter', async () => {
    await using world = await startWorld({ bot: { limits: { messagesPerSecond: 80 } } })
    for (let index = 0; index < 1000; index += 1) world.whatsapp.customer(`c${index}`).says('hello')
    await world.clock.advance(13_000)
    const atMs = world.whatsapp.sent.map((sent) => sent.atMs)
    expect(atMs).toHaveLength(1000)
    const most = Math.max(...atMs.map((from, index) => atMs.findLastIndex((at) => at < from + 1000) - index + 1))
    expect(most).toBe(80)
    expect(await world.bot.deadLetters.list()).toEqual([])
    expect(world.whatsapp.attempts).toHaveLength(1000)
  })

  it('let answers go before a campaign', async () => {
    await using world = await startWorld({ bot: { limits: { messagesPerSecond: 10 }, concurrency: 4 } })
    for (let index = 0; index < 300; index += 1) void world.bot.send(to(`cold-${index}`), offer)
    await world.clock.advance(2000)
    const anna = world.whatsapp.customer('anna')
    anna.says('hello')
    const askedMs = world.clock.now()
    await world.clock.advance(1000)
    expect(anna.texts).toEqual(['you said hello'])
    expect((anna.received[0]?.atMs ?? 0) - askedMs).toBeLessThan(200)
    await world.clock.advance(60_000)
    expect(world.whatsapp.sent).toHaveLength(301)
  })

  it('never make an answer wait behind an offer that was put off until morning', async () => {
    const night = virtualClock({ startMs: Date.UTC(2026, 10, 21, 23, 0) })
    await using world = await startWorld({
      clock: night,
      bot: { limits: { cold: { quietHours: { from: '21:00', until: '08:00' } } } },
    })
    const anna = world.whatsapp.customer('anna')
    const ben = world.whatsapp.customer('ben')
    await world.bot.send(to('anna'), offer)
    await world.bot.send(to('ben'), offer)
    await world.settle()
    expect(world.named('reply-postponed')).toHaveLength(2)
    anna.says('hello')
    await world.settle()
    expect(anna.texts).toEqual(['an offer', 'you said hello'])
    await world.clock.advance(9 * 3_600_000)
    expect(ben.texts).toEqual(['an offer'])
    expect(new Date(ben.received[0]?.atMs ?? 0).toISOString()).toBe('2026-11-22T08:00:00.000Z')
  })

  it('count across a restart', async () => {
    const storage = memoryStorage()
    const clock = virtualClock()
    const bot = { limits: { cold: { perDay: 2 } } }
    {
      await using world = await startWorld({ storage: keptOpen(storage), clock, bot })
      for (const chat of ['a', 'b']) await world.bot.send(to(chat), offer)
      await world.settle()
      expect(world.whatsapp.sent).toHaveLength(2)
    }
    await using world = await startWorld({ storage: keptOpen(storage), clock, bot })
    await world.bot.send(to('c'), offer)
    await world.settle()
    expect(world.whatsapp.sent).toHaveLength(0)
  })

  it('keep their pauses and the pace of a chat when the process is killed', async () => {
    const clock = virtualClock()
    const disk = memoryStorage({ clock })
    await disk.open()
    const whatsapp = simulatedWhatsApp({ clock })
    const limits = {
      messagesPerSecond: 80,
      perChat: { everyMs: 6000, burst: 45 },
      cold: { pauseMs: { least: 60_000, most: 60_000 } },
    }
    const beganMs = clock.now()
    const anna = whatsapp.customer('anna')
    for (let life = 0; life < 5; life += 1) {
      const { storage, crash } = crashable(disk)
      const world = await startWorld({ clock, storage, bot: { transports: [whatsapp.transport], limits } })
      if (life === 0) anna.says('hello')
      await world.bot.send(to(`cold-${life}`), offer, { id: `cold-${life}` })
      for (let index = 0; index < 30; index += 1) {
        await world.bot.send(to('anna'), offer, { id: `offer-${life}-${index}` })
      }
      await clock.advance(5000)
      if (life < 4) crash()
      else await world.stop()
    }
    const cold = whatsapp.sent.filter(({ chat }) => chat.startsWith('cold'))
    expect(cold).toHaveLength(1)
    const most = 45 + (clock.now() - beganMs) / 6000
    expect(anna.received.length).toBeLessThanOrEqual(most)
    expect(anna.received.length).toBeGreaterThan(40)
  })

  it('write down a long burst of answers before a kill can make it forgotten', async () => {
    const clock = virtualClock()
    const disk = memoryStorage({ clock })
    await disk.open()
    const whatsapp = simulatedWhatsApp({ clock })
    const limits = { perChat: { everyMs: 6000, burst: 45 } }
    const anna = whatsapp.customer('anna')
    for (let life = 0; life < 2; life += 1) {
      const { storage, crash } = crashable(disk)
      const ids = { createId: () => `${life}-${anna.received.length}-${clock.now()}` }
      const world = await startWorld({ clock, storage, bot: { transports: [whatsapp.transport], limits, ...ids } })
      for (let index = 0; index < 30; index += 1) {
        anna.says(`hello ${index}`)
        await world.settle()
      }
      if (life === 0) {
        expect(anna.received).toHaveLength(30)
        crash()
      } else await world.stop()
    }
    expect(anna.received.length).toBeGreaterThan(30)
    expect(anna.received.length).toBeLessThanOrEqual(45)
  })

  it('write nothing for ordinary answers', async () => {
    const storage = memoryStorage()
    let writes = 0
    const { records } = storage
    const counted = Object.assign(keptOpen(storage), {
      records: {
        ...records,
        set: (...parameters: Parameters<typeof records.set>) => {
          writes += 1
          return records.set(...parameters)
        },
      },
    })
    const limits = { messagesPerSecond: 80, perChat: { everyMs: 6000, burst: 45 } }
    await using world = await startWorld({ storage: counted, bot: { limits } })
    for (let round = 0; round < 5; round += 1) {
      for (let index = 0; index < 80; index += 1) world.whatsapp.customer(`c${index}`).says('hello')
      await world.clock.advance(2000)
    }
    expect(world.whatsapp.sent).toHaveLength(400)
    // That the process runs.
    expect(writes).toBe(1)
  })

  it('slow down only the chat that the provider complained about', async () => {
    const tooMuch: SendResult = { status: 'failed', retryable: true, reason: '131056', slowDown: 'chat' }
    let refusals = 0
    const world = await startWorld({
      transport: {
        send: async ({ chat }) => {
          if (chat !== 'anna' || refusals > 0) return { status: 'sent' }
          refusals += 1
          return tooMuch
        },
      },
    })
    await using _ = world
    world.whatsapp.customer('anna').says('hello')
    world.whatsapp.customer('ben').says('hello')
    await world.settle()
    expect(world.named('reply-sent').map(({ conversation }) => conversation)).toEqual([to('ben')])
    await world.clock.advance(4000)
    expect(world.named('reply-sent')).toHaveLength(2)
  })

  it('cost no answer its life, however often it was too much', async () => {
    let refusals = 0
    const send = async (): Promise<SendResult> => {
      refusals += 1
      if (refusals <= 30) return { status: 'failed', retryable: true, reason: '130429', slowDown: 'channel' }
      return { status: 'sent' }
    }
    await using world = await startWorld({ transport: { send } })
    world.whatsapp.customer('anna').says('hello')
    await world.clock.advance(3_600_000)
    expect(world.named('reply-dead')).toEqual([])
    expect(world.named('reply-sent')).toHaveLength(1)
  })

  it('leave a channel alone that is down, and say so', async () => {
    await using world = await startWorld()
    world.whatsapp.faults.always('unavailable')
    for (let index = 0; index < 200; index += 1) world.whatsapp.customer(`c${index}`).says('hello')
    await world.clock.advance(29_000)
    expect(world.whatsapp.attempts.length).toBeLessThan(210)
    expect(world.named('circuit-changed')).toEqual([expect.objectContaining({ state: 'open', channel: 'default' })])
    world.whatsapp.faults.clear()
    await world.clock.advance(120_000)
    expect(world.whatsapp.sent).toHaveLength(200)
    expect(world.named('circuit-changed').at(-1)).toMatchObject({ state: 'closed' })
  })
})
