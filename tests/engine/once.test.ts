import { defineAgent } from '@wa-agent/core'
import { describe, expect, it } from 'vitest'
import { startWorld } from './world.ts'

const message = (id: string, text: string, chat = 'anna') => ({
  type: 'text' as const,
  id,
  chat,
  from: { id: chat },
  sentAtMs: 1,
  text,
})

describe('each message is answered once', () => {
  it('answers a message', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    anna.says('hello')
    await world.settle()
    expect(anna.texts).toEqual(['you said hello'])
    expect(world.named('turn-committed')).toHaveLength(1)
    expect(world.named('reply-sent')).toHaveLength(1)
  })

  it('answers once when the same message is delivered twice', async () => {
    await using world = await startWorld()
    await world.bot.receive([message('m1', 'hello')])
    await world.settle()
    await world.bot.receive([message('m1', 'hello')])
    await world.settle()
    expect(world.whatsapp.customer('anna').texts).toEqual(['you said hello'])
    expect(world.named('message-received').map((event) => event['status'])).toEqual(['stored', 'duplicate'])
  })

  it('answers once when the duplicate comes while the first is in work', async () => {
    const gate = Promise.withResolvers<void>()
    const slow = defineAgent({
      name: 'slow',
      description: 'Waits for the test.',
      async respond({ reply }) {
        await gate.promise
        reply.text('done')
      },
    })
    await using world = await startWorld({ agents: [slow] })
    await world.bot.receive([message('m1', 'hello')])
    await world.settle()
    await world.bot.receive([message('m1', 'hello')])
    gate.resolve()
    await world.settle()
    expect(world.whatsapp.customer('anna').texts).toEqual(['done'])
  })

  it('answers once when one batch holds the same message twice', async () => {
    await using world = await startWorld()
    await world.bot.receive([message('m1', 'hello'), message('m1', 'hello')])
    await world.settle()
    expect(world.whatsapp.customer('anna').texts).toEqual(['you said hello'])
  })

  it('keeps the same id of two channels apart', async () => {
    await using world = await startWorld()
    await world.bot.receive([message('m1', 'one', 'anna'), message('m2', 'two', 'bert')])
    await world.settle()
    expect(world.whatsapp.sent.map(({ chat, text }) => `${chat}: ${text}`).sort()).toEqual([
      'anna: you said one',
      'bert: you said two',
    ])
  })

  it.each(['before', 'after'] as const)('knows its own echo that comes %s the answer of the send', async (echo) => {
    await using world = await startWorld({ whatsapp: { echo } })
    const anna = world.whatsapp.customer('anna')
    anna.says('hello')
    await world.settle()
    anna.says('again')
    await world.settle()
    expect(anna.texts).toEqual(['you said hello', 'you said again'])
    expect(world.named('handoff-started')).toEqual([])
  })

  it('joins the conversations of one person with two ids, and keeps its order', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('4915@c.us', { aliases: [{ kind: 'lid', value: '77@lid' }] })
    anna.says('one')
    await world.settle()
    anna.writesAs('77@lid')
    anna.says('two')
    await world.settle()
    expect(anna.texts).toEqual(['you said one', 'you said two'])
    expect(await world.bot.stats()).toMatchObject({ conversations: 1 })
  })

  it('refuses bad input of a program whole, and loses nothing of a transport’s batch', async () => {
    await using world = await startWorld()
    const bad = { ...message('m2', 'x'), chat: '' }
    await expect(world.bot.receive([message('m1', 'hello'), bad])).rejects.toMatchObject({ code: 'invalid_message' })
    expect(await world.bot.stats()).toMatchObject({ conversations: 0 })
  })

  it('answers what it does not know as unsupported, without an exception', async () => {
    await using world = await startWorld()
    const unknown = { ...message('m1', ''), type: 'hologram' } as unknown as ReturnType<typeof message>
    await world.bot.receive([unknown])
    await world.settle()
    expect(world.whatsapp.customer('anna').received).toHaveLength(1)
  })
})
