import { defineAgent } from '@wa-agent/core'
import { describe, expect, it } from 'vitest'
import { echo, startWorld } from './world.ts'

const conversation = { tenant: 'default', channel: 'default', chat: 'anna' }
const hourMs = 3_600_000

/** An agent that answers when the test lets it. */
function gatedAgent(answer: string) {
  const gate = Promise.withResolvers<void>()
  const agent = defineAgent({
    name: 'gated',
    description: 'Waits for the test.',
    intents: { bot: { rules: ['back to the bot'], endsHandoff: true } },
    async respond({ reply }) {
      await gate.promise
      reply.text(answer)
    },
  })
  return { gate, agent }
}

describe('handoff', () => {
  it('is silent after the owner wrote by hand, until the time is over', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.owner.writes(anna, 'I take this one')
    await world.settle()
    anna.says('thanks')
    await world.settle()
    expect(anna.texts).toEqual(['I take this one'])
    expect(world.named('handoff-started')).toMatchObject([{ handoff: { by: 'owner' } }])
    await world.clock.advance(hourMs)
    anna.says('hello again')
    await world.settle()
    expect(anna.texts.at(-1)).toBe('you said hello again')
    expect(world.named('handoff-released')).toHaveLength(1)
  })

  it('does not talk over the owner who wrote while the turn was running', async () => {
    const { gate, agent } = gatedAgent('too late')
    await using world = await startWorld({ agents: [agent] })
    const anna = world.whatsapp.customer('anna')
    anna.says('hello')
    await world.settle()
    world.whatsapp.owner.writes(anna, 'I am here')
    await world.settle()
    gate.resolve()
    await world.settle()
    expect(anna.texts).toEqual(['I am here'])
    expect(world.named('reply-suppressed')).toMatchObject([{ reason: 'a person has taken over' }])
  })

  it('is started and ended by a person', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    await world.bot.handoff(conversation, { reason: 'complaint' })
    anna.says('hello?')
    await world.clock.advance(3 * hourMs)
    expect(anna.texts).toEqual([])
    await world.bot.release(conversation)
    anna.says('hello??')
    await world.settle()
    expect(anna.texts).toEqual(['you said hello??'])
  })

  it('still lets a person’s own messages out', async () => {
    await using world = await startWorld()
    await world.bot.handoff(conversation)
    await world.bot.send(conversation, { type: 'text', text: 'This is Maria.' })
    await world.settle()
    expect(world.whatsapp.customer('anna').texts).toEqual(['This is Maria.'])
  })

  it('is asked for by an agent, whose last words still go out', async () => {
    const human = defineAgent({
      name: 'human',
      description: 'Calls a person.',
      intents: { human: { rules: ['agent please'] }, bot: { rules: ['back to the bot'], endsHandoff: true } },
      respond({ intent, reply, handoff }) {
        if (intent?.name === 'human') {
          handoff('the customer wants a person', { forMs: hourMs })
          reply.text('A person will be with you.')
        } else reply.text('Here I am again.')
      },
    })
    await using world = await startWorld({ agents: [echo, human] })
    const anna = world.whatsapp.customer('anna')
    anna.says('agent please')
    await world.settle()
    anna.says('hello?')
    await world.settle()
    expect(anna.texts).toEqual(['A person will be with you.'])
    anna.says('back to the bot')
    await world.settle()
    anna.says('hello!')
    await world.settle()
    expect(anna.texts.slice(1)).toEqual(['Here I am again.', 'you said hello!'])
  })
})

describe('opt-out', () => {
  it.each(['STOP', ' stop. ', 'Unsubscribe', 'बंद', 'Désabonner', '停止'])(
    'honours %j where messages leave',
    async (word) => {
      await using world = await startWorld()
      const anna = world.whatsapp.customer('anna')
      anna.says(word)
      await world.settle()
      expect(anna.texts).toEqual(['You will not get any more messages from us. Write START to get them again.'])
      anna.says('hello?')
      await world.bot.send(conversation, { type: 'text', text: 'Sale!' })
      await world.settle()
      expect(anna.texts).toHaveLength(1)
      expect(world.named('reply-suppressed')).toMatchObject([{ reason: 'the customer opted out' }])
    },
  )

  it('holds for replies that are on their way', async () => {
    const { gate, agent } = gatedAgent('buy this')
    await using world = await startWorld({ agents: [agent] })
    const anna = world.whatsapp.customer('anna')
    anna.says('hello')
    await world.settle()
    anna.says('stop')
    await world.settle()
    gate.resolve()
    await world.settle()
    expect(anna.texts).toEqual(['You will not get any more messages from us. Write START to get them again.'])
  })

  it('is taken back by START, which means nothing to a customer who gets messages', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    anna.says('start')
    await world.settle()
    anna.says('stop')
    await world.settle()
    anna.says('START')
    await world.settle()
    anna.says('hello')
    await world.settle()
    expect(anna.texts[0]).toBe('you said start')
    expect(anna.texts.slice(2)).toEqual(['Welcome back. You will get our messages again.', 'you said hello'])
    expect(world.named('opted-out')).toHaveLength(1)
    expect(world.named('opted-in')).toHaveLength(1)
  })

  it('has words of its own, and leaves the others alone', async () => {
    await using world = await startWorld({ bot: { optOut: { stopWords: ['genug'], stopText: false } } })
    const anna = world.whatsapp.customer('anna')
    anna.says('stop')
    await world.settle()
    anna.says('Genug!')
    await world.settle()
    anna.says('hello')
    await world.settle()
    expect(anna.texts).toEqual(['you said stop'])
  })

  it('is not triggered by a sentence with the word in it', async () => {
    await using world = await startWorld()
    const anna = world.whatsapp.customer('anna')
    anna.says('where does the bus stop')
    await world.settle()
    expect(anna.texts).toEqual(['you said where does the bus stop'])
  })
})

describe('orders that come while a turn is running', () => {
  it('stays opted out when STOP comes while the turn of START is running', async () => {
    const { gate, agent } = gatedAgent('answer after start')
    await using world = await startWorld({ agents: [agent] })
    const anna = world.whatsapp.customer('anna')
    anna.says('stop')
    await world.settle()
    anna.burst(['start', 'hello'])
    await world.settle()
    anna.says('stop')
    await world.settle()
    gate.resolve()
    await world.settle()
    anna.says('hello?')
    await world.bot.send(conversation, { type: 'text', text: 'Sale!' })
    await world.settle()
    expect(anna.texts).not.toContain('Sale!')
    expect(anna.texts).not.toContain('answer after start')
  })

  it('keeps the owner’s handoff that begins while an older one is being released', async () => {
    const { gate, agent } = gatedAgent('answer after bot')
    await using world = await startWorld({ agents: [agent] })
    const anna = world.whatsapp.customer('anna')
    await world.bot.handoff(conversation)
    anna.says('back to the bot')
    await world.clock.advance(10)
    world.whatsapp.owner.writes(anna, 'No, stay with me')
    await world.settle()
    gate.resolve()
    await world.settle()
    anna.says('hello?')
    await world.settle()
    expect(anna.texts).toEqual(['No, stay with me'])
  })
})
