import { defineAgent } from '@wa-agent/core'
import { describe, expect, it } from 'vitest'
import { startWorld } from './world.ts'

describe('sending', () => {
  it('asks the transport about a send without an answer, and does not repeat what arrived', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next('timeout-after-acceptance')
    anna.says('hello')
    await world.clock.advance(60_000)
    expect(anna.texts).toEqual(['you said hello'])
    expect(world.named('reply-sent')).toHaveLength(1)
  })

  it('sends again what the transport knows did not arrive', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next('timeout-before-acceptance')
    anna.says('hello')
    await world.clock.advance(2000)
    expect(anna.texts).toEqual(['you said hello'])
  })

  it.each([
    { uncertain: 'hold', fault: 'timeout-after-acceptance', arrived: 1, held: 1 },
    { uncertain: 'hold', fault: 'timeout-before-acceptance', arrived: 0, held: 1 },
    { uncertain: 'resend', fault: 'timeout-after-acceptance', arrived: 2, held: 0 },
    { uncertain: 'resend', fault: 'timeout-before-acceptance', arrived: 1, held: 0 },
  ] as const)('does what the user chose where nobody can tell: $uncertain after $fault', async (given) => {
    const { uncertain, fault, arrived, held } = given
    await using world = await startWorld({ whatsapp: { find: false }, bot: { uncertain } })
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next(fault)
    anna.says('hello')
    await world.clock.advance(60_000)
    expect(anna.texts).toHaveLength(arrived)
    const letters = await world.bot.deadLetters.list()
    expect(letters.map(({ kind, uncertain: unsure }) => [kind, unsure])).toEqual(Array(held).fill(['reply', true]))
  })

  it('sends a held reply when a person says so', async () => {
    await using world = await startWorld({ whatsapp: { find: false } })
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next('timeout-before-acceptance')
    anna.says('hello')
    await world.clock.advance(60_000)
    const [letter] = await world.bot.deadLetters.list()
    await world.bot.deadLetters.retry(letter?.id ?? '')
    await world.settle()
    expect(anna.texts).toEqual(['you said hello'])
    expect(await world.bot.deadLetters.list()).toEqual([])
  })

  it('asks again where the transport cannot be asked now', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next('timeout-after-acceptance')
    world.whatsapp.faults.find('rejects')
    anna.says('hello')
    await world.clock.advance(5000)
    expect(world.named('reply-held')).toEqual([])
    world.whatsapp.faults.find('truth')
    await world.clock.advance(20_000)
    expect(world.named('reply-sent')).toHaveLength(1)
    expect(anna.texts).toEqual(['you said hello'])
  })

  it('waits as long as the provider says, and overtakes nothing meanwhile', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next({ type: 'rate-limited', retryAfterMs: 30_000 })
    anna.says('one')
    await world.settle()
    anna.says('two')
    await world.clock.advance(29_999)
    expect(anna.texts).toEqual([])
    await world.clock.advance(1)
    expect(anna.texts).toEqual(['you said one', 'you said two'])
  })

  it('makes a dead letter of what the provider refuses, and goes on', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next('refused')
    anna.says('one')
    await world.settle()
    anna.says('two')
    await world.settle()
    expect(anna.texts).toEqual(['you said two'])
    expect(await world.bot.deadLetters.list()).toMatchObject([{ kind: 'reply', uncertain: false }])
  })

  it('gives up a send after the last attempt', async () => {
    await using world = await startWorld({ bot: { sendRetry: { maxAttempts: 3 } } })
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.always('unavailable')
    anna.says('one')
    await world.clock.advance(60_000)
    expect(world.whatsapp.attempts).toHaveLength(3)
    expect(world.named('reply-dead')).toMatchObject([{ attempts: 3 }])
  })

  it('cuts off a transport that hangs', async () => {
    await using world = await startWorld({ bot: { sendTimeoutMs: 5000 } })
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.faults.next({ type: 'hangs', accepted: true })
    anna.says('one')
    await world.clock.advance(5000)
    expect(world.named('reply-sent')).toHaveLength(1)
    expect(anna.texts).toEqual(['you said one'])
  })

  it('takes an exception of unknown meaning as uncertain', async () => {
    await using world = await startWorld({ whatsapp: { find: false } })
    world.whatsapp.faults.next({ type: 'throws', error: new Error('socket hang up'), accepted: true })
    world.whatsapp.customer('anna').says('one')
    await world.settle()
    expect(world.named('reply-held')).toHaveLength(1)
  })

  it('makes a dead letter of what the transport has nothing for', async () => {
    const card = defineAgent({
      name: 'card',
      description: 'Sends a template.',
      respond: ({ reply }) => reply.template({ name: 'welcome', language: 'en' }),
    })
    await using world = await startWorld({ agents: [card], whatsapp: { capabilities: { types: ['text'] } } })
    world.whatsapp.customer('anna').says('hi')
    await world.settle()
    expect(world.named('reply-dead')).toMatchObject([{ reason: 'the transport simulated cannot send a template' }])
  })

  it('says something that nobody asked for once, however often it is asked to', async () => {
    await using world = await startWorld()
    const conversation = { tenant: 'default', channel: 'default', chat: 'anna' }
    await world.bot.send(conversation, { type: 'text', text: 'Good morning' }, { id: 'greeting-1' })
    await world.bot.send(conversation, { type: 'text', text: 'Good morning' }, { id: 'greeting-1' })
    await world.settle()
    expect(world.whatsapp.customer('anna').texts).toEqual(['Good morning'])
    await expect(world.bot.send({ ...conversation, chat: '' }, { type: 'text', text: 'x' })).rejects.toMatchObject({
      code: 'invalid_options',
    })
  })

  it('offers choices as a numbered text where there are no buttons, and understands the number', async () => {
    const sizes = defineAgent({
      name: 'sizes',
      description: 'Asks for a size.',
      respond({ message, reply }) {
        if (message.type === 'selection') reply.text(`chosen: ${message.selection.id}`)
        else
          reply.buttons('Which size?', [
            { id: 's', title: 'Small' },
            { id: 'l', title: 'Large' },
          ])
      },
    })
    await using world = await startWorld({
      agents: [sizes],
      whatsapp: { capabilities: { types: ['text'], maxButtons: 0 } },
    })
    const anna = world.whatsapp.customer('anna')
    anna.says('boxes')
    await world.settle()
    anna.says('the second one')
    await world.settle()
    expect(anna.texts).toEqual(['Which size?\n\n1. Small\n2. Large', 'chosen: l'])
  })

  it('replaces what must not leave', async () => {
    const leaky = defineAgent({
      name: 'leaky',
      description: 'Says what it should not.',
      respond: ({ reply }) => reply.text('TypeError: x is not a function\n    at respond (/srv/shop/agent.ts:12:7)'),
    })
    await using world = await startWorld({ agents: [leaky] })
    const anna = world.whatsapp.customer('anna')
    anna.says('hi')
    await world.settle()
    expect(anna.texts).toEqual(['Sorry, something went wrong on our side. A person will look into it.'])
  })
})
