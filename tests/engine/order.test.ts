import { defineAgent } from '@wa-agent/core'
import { describe, expect, it } from 'vitest'
import { startWorld } from './world.ts'

/** An agent that answers when the test lets it, and tells how many turns of each chat were in work at once. */
function gatedAgent() {
  const waiting = new Map<string, () => void>()
  const inWork = new Map<string, number>()
  let most = 0
  const agent = defineAgent({
    name: 'gated',
    description: 'Waits for the test.',
    async respond({ conversation, text, reply }) {
      const count = (inWork.get(conversation.chat) ?? 0) + 1
      inWork.set(conversation.chat, count)
      most = Math.max(most, count)
      await new Promise<void>((resolve) => waiting.set(`${conversation.chat}:${text}`, resolve))
      inWork.set(conversation.chat, count - 1)
      reply.text(`answer to ${text}`)
    },
  })
  return { agent, waiting, most: () => most }
}

describe('order', () => {
  it('never lets turns of one conversation overlap, and keeps the order of arrival', async () => {
    const { agent, waiting, most } = gatedAgent()
    await using world = await startWorld({ agents: [agent], bot: { coalesce: { maxMessages: 1 } } })
    const anna = world.whatsapp.customer('anna')
    anna.burst(['one', 'two', 'three'])
    await world.settle()
    for (const text of ['one', 'two', 'three']) {
      expect([...waiting.keys()]).toEqual([`anna:${text}`])
      waiting.get(`anna:${text}`)?.()
      waiting.clear()
      await world.settle()
    }
    expect(anna.texts).toEqual(['answer to one', 'answer to two', 'answer to three'])
    expect(most()).toBe(1)
    expect(world.whatsapp.breaches).toEqual([])
  })

  it('works on different conversations in parallel, up to the limit', async () => {
    const { agent, waiting } = gatedAgent()
    await using world = await startWorld({ agents: [agent], bot: { concurrency: 3 } })
    for (const name of ['anna', 'bert', 'cleo', 'dora']) world.whatsapp.customer(name).says('hi')
    await world.settle()
    expect([...waiting.keys()].sort()).toEqual(['anna:hi', 'bert:hi', 'cleo:hi'])
    waiting.get('anna:hi')?.()
    await world.settle()
    expect(waiting.has('dora:hi')).toBe(true)
    for (const open of waiting.values()) open()
    await world.settle()
    expect(world.whatsapp.sent).toHaveLength(4)
  })

  it('lets a slow conversation hold up no other', async () => {
    const { agent, waiting } = gatedAgent()
    await using world = await startWorld({ agents: [agent] })
    world.whatsapp.customer('slow').says('hi')
    await world.settle()
    const anna = world.whatsapp.customer('anna')
    anna.says('hi')
    await world.settle()
    waiting.get('anna:hi')?.()
    await world.settle()
    expect(anna.texts).toEqual(['answer to hi'])
    waiting.get('slow:hi')?.()
  })
})

describe('bursts', () => {
  it('makes one turn of what comes while a turn is in work', async () => {
    const { agent, waiting } = gatedAgent()
    await using world = await startWorld({ agents: [agent] })
    const anna = world.whatsapp.customer('anna')
    anna.says('one')
    await world.settle()
    anna.burst(['two', 'three'])
    await world.settle()
    waiting.get('anna:one')?.()
    await world.settle()
    waiting.get('anna:two\nthree')?.()
    await world.settle()
    expect(anna.texts).toEqual(['answer to one', 'answer to two\nthree'])
  })

  it('waits for the customer to settle, but not for ever', async () => {
    await using world = await startWorld({ bot: { coalesce: { settleMs: 2000, maxWaitMs: 5000 } } })
    const anna = world.whatsapp.customer('anna')
    anna.says('one')
    await world.clock.advance(1500)
    anna.says('two')
    await world.clock.advance(1500)
    expect(anna.texts).toEqual([])
    await world.clock.advance(500)
    expect(anna.texts).toEqual(['you said one + two'])
    for (let index = 0; index < 8; index += 1) {
      anna.says(`${index}`)
      await world.clock.advance(1000)
    }
    expect(anna.texts[1]).toBe('you said 0 + 1 + 2 + 3 + 4')
  })

  it('takes no more messages into a turn than allowed', async () => {
    await using world = await startWorld({ bot: { coalesce: { maxMessages: 2 } } })
    const anna = world.whatsapp.customer('anna')
    world.whatsapp.arrivals.hold()
    anna.burst(['1', '2', '3', '4', '5'])
    world.whatsapp.arrivals.release()
    await world.settle()
    expect(anna.texts.join(' | ')).toMatch(/you said 5$/)
    expect(anna.texts.every((text) => text.split('+').length <= 2)).toBe(true)
  })
})
