import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../agent.ts'
import type { Model, ModelRequest } from '../model.ts'
import { createModelClassifier, toModelMessages } from './model.ts'

const usage = { inputTokens: 10, outputTokens: 2, costUsd: 0.001 }

/** Answers with `output` as it is, and keeps what it was asked. */
function scripted(output: unknown) {
  const requests: ModelRequest[] = []
  const model: Model = {
    name: 'scripted',
    async generate(request, { onUsage }) {
      requests.push(request)
      onUsage?.(usage)
      return { text: '', output: request.output?.parse(output) as never, usage, toolCalls: [] }
    },
  }
  return { model, requests }
}

const orders = defineAgent({
  name: 'orders',
  description: 'Takes orders.',
  intents: {
    order: {
      description: 'Wants to buy.',
      examples: ['I want "10" boxes', 'b', 'c', 'd', 'e', 'a sixth one'],
      entities: z.object({ product: z.string(), quantity: z.number().int() }),
    },
    constructor: { description: 'Asks how boxes are made.' },
  },
  respond: () => undefined,
})
const help = defineAgent({
  name: 'help',
  description: 'Helps.',
  intents: { order: { entities: z.object({ quantity: z.number().max(3) }) } },
  respond: () => undefined,
})

async function classify(output: unknown, text = 'ten boxes') {
  const { model, requests } = scripted(output)
  const used: unknown[] = []
  const classification = await createModelClassifier(model, [orders, help]).classify(
    { text, history: [] },
    { signal: new AbortController().signal, onUsage: (cost) => used.push(cost) },
  )
  return { classification, request: requests[0], used }
}

describe('the model', () => {
  test('decides for an intent of an agent, with its entities', async () => {
    const output = { intent: 'orders.order', confidence: 0.9, entities: { product: 'box', quantity: 10 } }
    const { classification, used } = await classify(output)
    expect(classification).toEqual({
      agent: 'orders',
      intent: 'order',
      confidence: 0.9,
      decidedBy: 'model',
      entities: { product: 'box', quantity: 10 },
      reason: 'the model decided',
    })
    expect(used).toEqual([usage])
  })

  test('may leave entities open, and one that does not fit takes no other with it', async () => {
    const open = await classify({ intent: 'orders.order', confidence: 1, entities: { product: null } })
    expect(open.classification.entities).toEqual({})
    const wrong = await classify({ intent: 'help.order', confidence: 1, entities: { product: 'box', quantity: 10 } })
    expect(wrong.classification).toMatchObject({ agent: 'help', entities: {} })
  })

  test('may find none of the intents', async () => {
    const { classification } = await classify({ intent: 'none', confidence: 0.7, entities: {} })
    expect(classification).toMatchObject({ confidence: 0.7, decidedBy: 'none' })
    expect(classification).not.toHaveProperty('intent')
  })

  test('knows an intent that is named like a property of every object', async () => {
    const { classification } = await classify({ intent: 'orders.constructor', confidence: 1, entities: {} })
    expect(classification).toMatchObject({ agent: 'orders', intent: 'constructor' })
  })

  test('is told the intents, what they mean and at most five examples', async () => {
    const { request } = await classify({ intent: 'none', confidence: 1, entities: {} })
    expect(request?.instructions).toContain('- orders.order: Wants to buy. E.g. "I want \\"10\\" boxes"')
    expect(request?.instructions).toContain('- help.order: Helps.')
    expect(request?.instructions).not.toContain('a sixth one')
    expect(request?.purpose).toBe('classify')
  })

  test('is shown the beginning of a huge text, and never half a character', async () => {
    const { request } = await classify({ intent: 'none', confidence: 1, entities: {} }, `a${'😀'.repeat(500_000)}`)
    const shown = request?.messages.at(-1)?.text ?? ''
    expect(shown.length).toBeLessThanOrEqual(2000)
    expect(shown.isWellFormed()).toBe(true)
  })
})

test('the past is told as a conversation: what is empty is left out, the owner speaks for the business', () => {
  const entry = (by: 'customer' | 'bot' | 'owner', text: string) => ({ by, text, atMs: 1 })
  expect(toModelMessages([entry('customer', 'hi'), entry('bot', ''), entry('owner', 'hello')])).toEqual([
    { role: 'user', text: 'hi' },
    { role: 'assistant', text: 'hello' },
  ])
})
