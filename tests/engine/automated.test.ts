import { createPipeline, defineAgent } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { echo, startWorld } from './world.ts'

const windowMs = 86_400_000

test('what another program sent from the number starts no handoff, and the bot knows of it', async () => {
  const lines: string[] = []
  const reader = defineAgent({
    name: 'reader',
    description: 'Reads what was said.',
    respond({ history, reply }) {
      lines.push(...history.map(({ by, text }) => `${by}: ${text}`))
      reply.text('Your parcel is on its way.')
    },
  })
  const clock = virtualClock()
  const pipeline = createPipeline({ agents: [reader], fallback: reader, clock, historyLimit: 5 })
  await using world = await startWorld({ clock, bot: { pipeline } })
  const anna = world.whatsapp.customer('anna')
  world.whatsapp.owner.writes(anna, { type: 'text', text: 'Your order 7 is confirmed.', automated: true })
  await world.settle()
  anna.says('where is it?')
  await world.settle()
  expect(anna.texts).toEqual(['Your order 7 is confirmed.', 'Your parcel is on its way.'])
  expect(lines).toEqual(['owner: Your order 7 is confirmed.'])
  expect(world.named('handoff-started')).toEqual([])
})

test('what the owner writes by hand starts one all the same', async () => {
  await using world = await startWorld()
  const anna = world.whatsapp.customer('anna')
  world.whatsapp.owner.writes(anna, { type: 'text', text: 'Your order 7 is confirmed.', automated: false })
  await world.settle()
  anna.says('where is it?')
  await world.settle()
  expect(anna.texts).toEqual(['Your order 7 is confirmed.'])
})

test('a notice of a new number joins the conversations, and is neither answered nor opens the window', async () => {
  const transport = { window: { durationMs: windowMs } }
  await using world = await startWorld({ agents: [echo], transport })
  const anna = world.whatsapp.customer('anna')
  anna.says('hello')
  await world.settle()
  await world.clock.advance(windowMs - 1)
  const aliases = [{ kind: 'phone' as const, value: 'anna-2' }]
  anna.sends({ type: 'unsupported', originalType: 'system', automated: true, from: { id: 'anna-2', aliases } })
  await world.settle()
  expect(anna.texts).toEqual(['you said hello'])
  await world.clock.advance(1)
  await world.bot.send({ tenant: 'default', channel: 'default', chat: 'anna-2' }, { type: 'text', text: 'too late' })
  await world.settle()
  expect(world.named('reply-dead')).toMatchObject([{ conversation: { chat: 'anna' } }])
  world.whatsapp.customer('anna-2').says('it is me')
  await world.settle()
  expect(anna.texts.at(-1)).toBe('you said it is me')
  const [turn] = world.named('turn-committed').slice(-1)
  expect(turn).toMatchObject({ conversation: { chat: 'anna' } })
})

test('what a turn answers are the messages of the customer, not a notice among them', async () => {
  await using world = await startWorld()
  const anna = world.whatsapp.customer('anna')
  const notice = { type: 'unsupported', originalType: 'system', automated: true } as const
  const [, hello] = anna.burst([notice, 'hello'])
  await world.settle()
  expect(anna.texts).toEqual(['you said hello'])
  expect(world.named('turn-committed')).toMatchObject([{ messageIds: [hello?.id] }])
})
