import { defineAgent, memoryStorage, type OutboundTemplate } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { describe, expect, it } from 'vitest'
import { crashable } from './crashable.ts'
import { startWorld } from './world.ts'

const durationMs = 86_400_000
const template: OutboundTemplate = { type: 'template', name: 'we_are_back', language: 'en', parameters: [] }
const to = (chat: string) => ({ tenant: 'default', channel: 'default', chat })

const chatty = defineAgent({
  name: 'chatty',
  description: 'Says three things.',
  respond({ reply }) {
    for (const text of ['one', 'two', 'three']) reply.text(text)
  },
})

describe('the 24-hour window', () => {
  it('lets anything through until the last moment, and then nothing but templates', async () => {
    await using world = await startWorld({ transport: { window: { durationMs } } })
    const anna = world.whatsapp.customer('anna')
    anna.says('hello')
    await world.settle()
    await world.clock.advance(durationMs - 1)
    await world.bot.send(to('anna'), { type: 'text', text: 'still here' })
    await world.settle()
    await world.clock.advance(1)
    await world.bot.send(to('anna'), { type: 'text', text: 'too late' })
    await world.bot.send(to('anna'), template)
    await world.settle()
    expect(anna.received.map(({ message }) => message.type)).toEqual(['text', 'text', 'template'])
    const [letter] = await world.bot.deadLetters.list()
    expect(letter?.reason).toContain('window closed')
    expect(letter?.uncertain).toBe(false)
  })

  it('is closed for who has never written, and opens again with each message', async () => {
    await using world = await startWorld({ transport: { window: { durationMs } }, bot: { windowReleaseMs: false } })
    const anna = world.whatsapp.customer('anna')
    await world.bot.send(to('anna'), { type: 'text', text: 'who are you?' })
    await world.settle()
    expect(anna.texts).toEqual([])
    anna.says('hello')
    await world.settle()
    await world.clock.advance(durationMs)
    anna.says('hello again')
    await world.settle()
    expect(anna.texts).toEqual(['you said hello', 'you said hello again'])
  })

  it('sends what it held once the customer has written and a person retries it', async () => {
    await using world = await startWorld({ transport: { window: { durationMs } }, bot: { windowReleaseMs: false } })
    const anna = world.whatsapp.customer('anna')
    await world.bot.send(to('anna'), { type: 'text', text: 'an offer' })
    await world.settle()
    anna.says('hello')
    await world.settle()
    const [letter] = await world.bot.deadLetters.list()
    await world.bot.deadLetters.retry(letter?.id ?? '')
    await world.settle()
    expect(anna.texts).toEqual(['you said hello', 'an offer'])
  })

  it('sends what came too early when the customer writes, in order and before the answer', async () => {
    await using world = await startWorld({ transport: { window: { durationMs } } })
    const anna = world.whatsapp.customer('anna')
    for (const words of ['shipped', 'arrived']) await world.bot.send(to('anna'), { type: 'text', text: words })
    await world.bot.send(to('ben'), { type: 'text', text: 'not for anna' })
    await world.settle()
    const letters = await world.bot.deadLetters.list()
    expect(letters).toHaveLength(3)
    expect(letters[0]?.reason).toContain('window closed')
    expect(letters[0]?.reason).toContain('it goes out if the customer writes within 24 hours')
    await world.clock.advance(durationMs)
    anna.says('hello')
    await world.settle()
    expect(anna.texts).toEqual(['shipped', 'arrived', 'you said hello'])
    expect(await world.bot.deadLetters.list()).toHaveLength(1)
  })

  it('sends what came too early to an earlier process, while it is worth something and nobody has discarded it', async () => {
    const clock = virtualClock()
    const disk = memoryStorage({ clock })
    await disk.open()
    const whatsapp = simulatedWhatsApp({ clock })
    const transports = [{ ...whatsapp.transport, window: { durationMs } }]
    const bot = { transports, windowReleaseMs: 3_600_000 }
    const first = crashable(disk)
    const dead = await startWorld({ clock, storage: first.storage, bot })
    for (const chat of ['late', 'anna', 'ben']) {
      await dead.bot.send(to(chat), { type: 'text', text: `for ${chat}` }, { id: chat })
      await clock.advance(chat === 'late' ? 3_600_000 : 1000)
    }
    first.crash()
    const world = await startWorld({ clock, storage: crashable(disk).storage, bot })
    const letters = await world.bot.deadLetters.list()
    await world.bot.deadLetters.discard(letters.find(({ conversation }) => conversation.chat === 'ben')?.id ?? '')
    for (const chat of ['late', 'anna', 'ben']) whatsapp.customer(chat).says('hello')
    await world.settle()
    expect(['late', 'anna', 'ben'].map((chat) => whatsapp.customer(chat).texts)).toEqual([
      ['you said hello'],
      ['for anna', 'you said hello'],
      ['you said hello'],
    ])
    await world.stop()
  })

  it('sends each message of a campaign of thousands to those who write, after a restart too', async () => {
    const clock = virtualClock()
    const disk = memoryStorage({ clock })
    await disk.open()
    const whatsapp = simulatedWhatsApp({ clock })
    const bot = { transports: [{ ...whatsapp.transport, window: { durationMs } }] }
    const first = crashable(disk)
    const dead = await startWorld({ clock, storage: first.storage, bot })
    const chats = Array.from({ length: 2500 }, (_, index) => `c${index}`)
    for (const chat of chats) await dead.bot.send(to(chat), { type: 'text', text: 'an offer' }, { id: chat })
    await clock.advance(10_000)
    expect(await dead.bot.deadLetters.list()).toHaveLength(2500)
    whatsapp.customer('c0').says('hello')
    await dead.settle()
    first.crash()
    let ids = 0
    const createId = () => `second-${ids++}`
    const world = await startWorld({ clock, storage: crashable(disk).storage, bot: { ...bot, createId } })
    const early = [1, 1200, 2499].map((index) => whatsapp.customer(`c${index}`))
    for (const customer of early) customer.says('hello')
    await world.settle()
    for (const { texts } of [whatsapp.customer('c0'), ...early]) expect(texts).toEqual(['an offer', 'you said hello'])
    expect(await world.bot.deadLetters.list()).toHaveLength(2496)
    await world.stop()
  })

  it('sends what came too early to an id that turns out to be of the same person', async () => {
    for (const told of ['by the customer', 'by the owner']) {
      await using world = await startWorld({ transport: { window: { durationMs } } })
      const anna = world.whatsapp.customer('111')
      anna.says('hello')
      await world.clock.advance(durationMs)
      await world.bot.send(to('222'), { type: 'text', text: 'an offer' })
      await world.settle()
      expect(await world.bot.deadLetters.list()).toHaveLength(1)
      const aliases = [{ value: '222', kind: 'other' as const }]
      const common = { type: 'text', text: 'hello again', chat: '111', sentAtMs: world.clock.now() } as const
      if (told === 'by the owner') {
        const own = { ...common, id: 'own', from: { id: 'us' }, fromMe: true, automated: true, toAliases: aliases }
        await world.bot.receive([own])
      }
      const from = told === 'by the owner' ? { id: '111' } : { id: '111', aliases }
      await world.bot.receive([{ ...common, id: 'm2', from }])
      await world.settle()
      expect(world.whatsapp.sent.map(({ message }) => message.type === 'text' && message.text)).toEqual([
        'you said hello',
        'an offer',
        'you said hello again',
      ])
    }
  })

  it('looks for nothing where nothing waits, and never sends an old answer later', async () => {
    const storage = memoryStorage()
    let looked = 0
    const { deadLetters } = storage
    const counted = Object.assign(storage, {
      deadLetters: {
        ...deadLetters,
        list: (...parameters: Parameters<typeof deadLetters.list>) => {
          looked += 1
          return deadLetters.list(...parameters)
        },
      },
    })
    await using world = await startWorld({
      storage: counted,
      transport: { window: { durationMs } },
      bot: { sendRetry: { baseMs: durationMs, maxMs: durationMs, jitter: 0 } },
    })
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next('unavailable')
    anna.says('hello')
    await world.clock.advance(durationMs)
    expect(world.named('reply-dead')).toEqual([expect.objectContaining({ reason: expect.stringContaining('window') })])
    anna.says('hello again')
    await world.settle()
    expect(anna.texts).toEqual(['you said hello again'])
    expect(looked).toBe(1)
  })

  it('sends the template once in place of replies that come too late', async () => {
    await using world = await startWorld({
      agents: [chatty],
      transport: { window: { durationMs, template } },
      bot: { sendRetry: { baseMs: durationMs, maxMs: durationMs, jitter: 0 } },
    })
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.disconnect()
    anna.says('hello')
    world.whatsapp.reconnect()
    await world.settle()
    expect(anna.texts).toEqual(['one', 'two', 'three'])
    world.whatsapp.faults.next('unavailable')
    anna.says('and now?')
    await world.settle()
    await world.clock.advance(durationMs)
    await world.settle()
    expect(anna.received.map(({ message }) => message.type)).toEqual(['text', 'text', 'text', 'template'])
    expect((await world.bot.deadLetters.list()).map(({ reason }) => reason)).toEqual([
      expect.stringContaining('a template went out'),
      expect.stringContaining('a template went out'),
    ])
  })

  it('is counted from when the customer wrote, not from when it arrived here', async () => {
    await using world = await startWorld({ transport: { window: { durationMs } } })
    const anna = world.whatsapp.customer('anna')
    const sentAtMs = world.clock.now()
    await world.clock.advance(durationMs)
    await world.bot.receive([
      { type: 'text', id: 'late', chat: 'anna', from: { id: 'anna' }, sentAtMs, text: 'from yesterday' },
    ])
    await world.settle()
    expect(anna.texts).toEqual([])
    expect(world.named('reply-dead')).toHaveLength(1)
  })
})
