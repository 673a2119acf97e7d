import { defineAgent, type OutboundTemplate } from '@wa-agent/core'
import { describe, expect, it } from 'vitest'
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
    await using world = await startWorld({ transport: { window: { durationMs } } })
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
    await using world = await startWorld({ transport: { window: { durationMs } } })
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
