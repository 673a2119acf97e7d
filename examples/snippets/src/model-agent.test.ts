// #region test
import { inboundBuilder, scriptedModel } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { shop } from './model-agent.ts'

test('answers with what the tool found', async () => {
  using model = scriptedModel([
    { toolCalls: [{ name: 'check_stock', input: { product: 'boxes' } }] },
    { text: 'Yes, we have 120 boxes.' },
  ])
  const { replies } = await shop(model).run({ messages: [inboundBuilder().text('do you have boxes')] })

  expect(replies).toEqual([{ type: 'text', text: 'Yes, we have 120 boxes.' }])
  expect(model.toolResults).toEqual([{ pieces: 120 }])
})
// #endregion

test('answers without a model when the budget of the day is spent', async () => {
  using model = scriptedModel([])
  const messages = [inboundBuilder().text('do you have boxes')]
  for (const result of [
    await shop(undefined).run({ messages }),
    await shop(model).run({ messages, usage: { tokens: 1000, costUsd: 2 } }),
  ]) {
    expect(result.replies).toEqual([{ type: 'text', text: 'A person will tell you in a moment what is in stock.' }])
  }
})
