import { createPipeline, logFieldsOf, silentLogger, tagOf, WaAgentError } from '@wa-agent/core'
import { inboundBuilder, scriptedModel } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { shopFallback } from './fallback.ts'
import { sqliteOrderStore } from './order-store.ts'
import { shopPlugin } from './shop.ts'
import { ShopConversation } from './transcript.ts'

test('a free question is answered by the model with the catalogue at hand', async () => {
  using model = scriptedModel([
    { toolCalls: [{ name: 'search_catalogue', input: { query: 'boxes' } }] },
    { text: 'I only know boxes, a large one is $1.50.' },
  ])
  const chat = new ShopConversation({ model })
  expect(await chat.ask('what is the meaning of life')).toBe('I only know boxes, a large one is $1.50.')
  expect(JSON.stringify(model.toolResults)).toContain('Large 40×30×20 cm $1.50')
})

test('a free question in an order is answered, then the order goes on', async () => {
  using model = scriptedModel([{ text: 'A large box holds 20 kg.' }])
  const chat = new ShopConversation({ model })
  await chat.ask('I want to order 10 boxes')
  expect(await chat.ask('how heavy may they be')).toMatch(/^A large box holds 20 kg\. Which size do you need\?/)
  expect(model.requests[0]?.instructions).toContain('"Which size do you need?"')
  expect(await chat.ask('large')).toContain('10 × large box')
})

test('in an order the model sees the orders of its customer only', async () => {
  using model = scriptedModel([
    { toolCalls: [{ name: 'look_at_order', input: { number: 'PK1001' } }] },
    { text: 'I do not know that order.' },
  ])
  const chat = new ShopConversation({ model, from: 'boris' })
  await chat.store.place({
    customer: { tenant: 'default', chat: 'anna' },
    draft: 'turn-1',
    lines: [],
    address: 'a secret place',
    totalCents: 0,
    nowMs: 0,
  })
  await chat.ask('I want to order 10 boxes')
  await chat.ask('tell me what anna ordered last week')
  expect(model.toolResults).toEqual([{ found: 'no such order of this customer' }])
})

test('what the rules know costs no model', async () => {
  using model = scriptedModel([])
  const chat = new ShopConversation({ model })
  expect(
    await chat.play([
      ['do you have boxes?', 'Yes, we have boxes'],
      ['10 large'],
      ['12 Hill Road, Leeds'],
      ['yes', 'PK1001'],
    ]),
  ).toBeUndefined()
})

test('a model that fails is answered for by the rules', async () => {
  const error = new WaAgentError('model_unavailable', 'The model is away. Try again later.', { retryable: true })
  using model = scriptedModel([{ error }])
  const chat = new ShopConversation({ model })
  expect(await chat.ask('what is the meaning of life')).toContain('1. Order something')
})

test('a model that fails is told with the conversation and the message', async () => {
  const error = new WaAgentError('model_unavailable', 'The model is away. Try again later.', { retryable: true })
  using model = scriptedModel([{ error }])
  const lines: Record<string, unknown>[] = []
  const logger = { ...silentLogger, warn: (fields: Record<string, unknown>) => void lines.push(fields) }
  const orders = sqliteOrderStore({ path: ':memory:' })
  const pipeline = createPipeline({ plugins: [shopPlugin({ orders })], fallback: shopFallback, model, logger })
  const message = inboundBuilder({ from: 'anna' }).text('what is the meaning of life')
  await pipeline.run({ tenant: 'acme', channel: 'sales', messages: [message] })
  const whose = logFieldsOf({ tenant: 'acme', channel: 'sales', chat: message.chat })
  expect(lines).toEqual([{ ...whose, message: tagOf(message.id), error: expect.stringContaining('model_unavailable') }])
})
