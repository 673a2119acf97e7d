import { createPipeline, type Middleware } from '@wa-agent/core'
import { inboundBuilder } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { shopFallback } from './fallback.ts'
import { humanAgent } from './human.ts'
import { sqliteOrderStore } from './order-store.ts'
import { shopPlugin } from './shop.ts'
import { ShopConversation, type Step } from './transcript.ts'

const order: readonly Step[] = [['10 large boxes'], ['12 Hill Road, Leeds'], ['yes']]

const transcripts: Readonly<Record<string, readonly Step[]>> = {
  'greets and offers the menu, which works by number': [
    ['hi', 'Welcome to Parcel Corner', '1. Order something', '6. Talk to a person'],
    ['5', 'We are open Monday to Friday 9:00 to 18:00'],
    ['hello'],
    ['3', 'cannot find an order for this WhatsApp number'],
  ],
  'is polite': [
    ['thanks a lot', 'You are welcome'],
    ['how are you', 'Very well'],
    ['who are you', 'a computer program', '*human*'],
    ['👍🏽', '👍'],
    ['ok bye', 'Goodbye'],
  ],
  'answers what every shop is asked': [
    ['what time do you close', 'Sunday closed', 'we are open'],
    ['where is your shop', '24 Harbour Street'],
    ['how much is delivery', '$5.00', 'free for orders from $50.00'],
    ['can i pay by card', 'cash or by card'],
    ['can i return it', '14 days'],
    ['cuanto cuesta el envio', '$5.00'],
    ['dukan kab khulti hai', 'Monday to Friday'],
    ['متى تفتحون', 'Monday to Friday'],
  ],
  'tells where the latest order is': [
    ['where is my order', 'cannot find an order'],
    ...order,
    ['where is my order', 'Order PK1001 is received', '10 × large box (40×30×20 cm), $20.00'],
    ['5 brown tape'],
    ['yes', 'PK1002'],
    ['cuando llega mi pedido', 'Order PK1002', 'Earlier orders: PK1001 (received).'],
  ],
  'tells where an order of that number is': [
    ...order,
    ['order 1001', 'Order PK1001'],
    ['where is pk 1001?', 'Order PK1001'],
    ['pedido numero 1001', 'Order PK1001'],
    ['PK9999', 'cannot find an order PK9999'],
    ['1001', 'write it like this: PK1001'],
  ],
  'answers a voice message and a picture': [
    [(message) => message.audio(), 'cannot listen to voice messages', '1. Order something'],
    [(message) => message.image(), 'cannot look at files'],
  ],
  'names what it can do where it does not understand': [
    ['what is the capital of france', 'did not understand that', '1. Order something'],
    ['yes', 'Alright'],
    ['menu', 'This is what I can do'],
  ],
  'understands an order of which only the product is clear': [['gimme 40 envelopes pronto', 'padded envelopes']],
}

test.each(Object.entries(transcripts))('%s', async (_title, steps) => {
  expect(await new ShopConversation().play(steps)).toBeUndefined()
})

describe('a person', () => {
  test('has the conversation until "bot" is written', async () => {
    const chat = new ShopConversation()
    const { handoff } = await chat.say('i want to talk to a human')
    expect(handoff).toMatchObject({ reason: 'the customer asks for a person', untilMs: chat.nowMs + 12 * 60 * 60_000 })
    expect(await chat.ask('do you have boxes?')).toBe('')
    expect(await chat.ask('bot')).toContain('I am here again')
    expect(await chat.ask('do you have boxes?')).toContain('Yes, we have boxes')
  })

  test('is offered in the middle of an order, which goes on afterwards', async () => {
    const chat = new ShopConversation()
    const steps: Step[] = [
      ['I want to order 10 boxes'],
      ['human', 'A colleague'],
      ['bot', 'I am here'],
      ['large', '10 × large'],
    ]
    expect(await chat.play(steps)).toBeUndefined()
  })
})

test('a guess that a person is wanted is asked about first', async () => {
  const guess = { agent: 'human', intent: 'human', decidedBy: 'examples', entities: {}, reason: 'a guess' } as const
  const guessing: Middleware = { name: 'guessing', classify: async () => ({ ...guess, confidence: 0.5 }) }
  const pipeline = createPipeline({ agents: [humanAgent()], middleware: [guessing] })
  const { replies, handoff } = await pipeline.run({ messages: [inboundBuilder().text('someone fix my sink')] })
  expect(replies).toMatchObject([{ type: 'buttons', text: 'Would you like to talk to a person?' }])
  expect(handoff).toBeUndefined()
})

describe('customers', () => {
  test('see their own orders only', async () => {
    const store = sqliteOrderStore({ path: ':memory:' })
    await new ShopConversation({ store }).play(order)
    const steps: Step[] = [
      ['PK1001', 'cannot find an order PK1001'],
      ['where is my order', 'cannot find an order'],
    ]
    expect(await new ShopConversation({ store, from: 'boris' }).play(steps)).toBeUndefined()
  })

  test('of another tenant are other customers', async () => {
    const store = sqliteOrderStore({ path: ':memory:' })
    await new ShopConversation({ store }).play(order)
    const pipeline = createPipeline({ plugins: [shopPlugin({ orders: store })], fallback: shopFallback })
    const messages = [inboundBuilder({ from: 'anna' }).text('where is my order')]
    const { replies } = await pipeline.run({ messages, tenant: 'other' })
    expect(replies).toMatchObject([{ text: expect.stringContaining('cannot find an order') }])
  })

  test('are greeted by name where it is one', async () => {
    const chat = new ShopConversation()
    const from = (name: string) => ({ from: { id: 'anna', name } })
    expect(await chat.ask((message) => message.text('hi', from('Anna Smith')))).toContain('Hi Anna!')
    expect(await chat.ask((message) => message.text('hi', from('*CLICK* http://x.example')))).toContain('Hi! Welcome')
  })
})

test('the plugin opens and closes its order book with the pipeline', async () => {
  const pipeline = createPipeline({ plugins: [shopPlugin({ orders: ':memory:' })] })
  await pipeline.start?.()
  await pipeline.stop?.()
  const { replies } = await pipeline.run({ messages: [inboundBuilder().text('where is my order')] })
  expect(replies).toHaveLength(1)
})
