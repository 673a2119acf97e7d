import { createPipeline, type OutboundMessage, type Transport } from '@wa-agent/core'
import { inboundBuilder, simulatedWhatsApp } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { makeBot } from './core-only.ts'
import { orderAgent } from './payments.ts'
import { sizes } from './sizes.ts'
import { pipeline as supportPipeline } from './support.ts'

const texts = (replies: readonly OutboundMessage[]) => replies.map((reply) => ('text' in reply ? reply.text : ''))

test('a turn that runs again makes no second order', async () => {
  const orders = new Map<string, string>()
  const create = async ({ key, text }: { key: string; text: string }) => {
    orders.set(key, text)
    return { number: String(orders.size) }
  }
  const pipeline = createPipeline({ agents: [orderAgent({ create })] })
  const messages = [inboundBuilder().text('I want to order 10 boxes')]
  for (const _attempt of [1, 2]) {
    const { replies } = await pipeline.run({ messages, turnId: 'default/default/m1' })
    expect(texts(replies)).toEqual(['Thank you. Your order has the number 1.'])
  }
  expect(orders.size).toBe(1)
})

test('a choice is understood by its button and by its number', async () => {
  const pipeline = createPipeline({ agents: [sizes] })
  const anna = inboundBuilder({ from: 'anna' })
  const { replies } = await pipeline.run({ messages: [anna.text('do you have boxes')] })
  expect(replies).toMatchObject([{ type: 'buttons', buttons: [{ id: 'size:small' }, { id: 'size:large' }] }])
  const choices = {
    agent: 'sizes',
    options: [
      { id: 'size:small', title: 'Small' },
      { id: 'size:large', title: 'Large' },
    ],
  }
  const state = { sessions: {}, choices }
  const pressed = await pipeline.run({ messages: [anna.selection({ id: 'size:large', title: 'Large' })], state })
  const typed = await pipeline.run({ messages: [anna.text('the second one')], state })
  expect([...texts(pressed.replies), ...texts(typed.replies)]).toEqual([
    'One large box. Anything else?',
    'One large box. Anything else?',
  ])
})

test('rules decide before examples, and what has no text has no intent', async () => {
  const anna = inboundBuilder({ from: 'anna' })
  const decide = async (text: string) =>
    (await supportPipeline.run({ messages: [anna.text(text)] })).trace.classification
  expect(await decide('Status?')).toMatchObject({ intent: 'order_status', decidedBy: 'rules', confidence: 1 })
  expect(await decide('what about order #12345')).toMatchObject({ decidedBy: 'rules', entities: { order: '12345' } })
  expect(await decide('where is my order please')).toMatchObject({ intent: 'order_status', decidedBy: 'examples' })
  const sticker = await supportPipeline.run({ messages: [anna.sticker()] })
  expect(sticker.trace.classification).toMatchObject({ decidedBy: 'none' })
})

test('a bot of core alone answers through any transport', async () => {
  const whatsApp = simulatedWhatsApp()
  const transport: Transport = whatsApp.transport
  const bot = makeBot(transport)
  await bot.start()
  const anna = whatsApp.customer('anna', { name: 'Anna' })
  anna.says('hello')
  expect((await anna.next()).text).toBe('Hello Anna! How can I help?')
  await bot.stop()
})
