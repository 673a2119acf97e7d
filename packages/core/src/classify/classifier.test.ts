import { describe, expect, test } from 'vitest'
import { type Agent, defineAgent, type Intents } from '../agent.ts'
import { systemClock } from '../clock.ts'
import { type InboundMessage, type InboundMessageInput, parseInboundMessage } from '../message.ts'
import type { Model } from '../model.ts'
import { createClassifier } from './classifier.ts'

const base = { id: 'm1', chat: 'c1', from: { id: 'c1' }, sentAtMs: 1 }
const text = (words: string): InboundMessage => parseInboundMessage({ ...base, type: 'text', text: words })
const agentOf = (name: string, intents: Intents): Agent =>
  defineAgent({ name, description: 'x', intents, respond: () => undefined })
const usage = { inputTokens: 1, outputTokens: 1, costUsd: 0 }

const status = { examples: ['where is my order', 'has it shipped', 'track my parcel', 'when does my parcel come'] }
const buy = { examples: ['I want to buy boxes', 'can I buy boxes', 'order ten boxes', 'send me boxes'] }
const agents = [
  agentOf('orders', { status, buy, menu: { rules: ['menu'] } }),
  agentOf('people', { back: { rules: ['bot'], endsHandoff: true } }),
]

/** A model that counts its calls and answers as told. */
function modelOf(answer: () => Promise<unknown>) {
  let calls = 0
  const model: Model = {
    name: 'scripted',
    async generate() {
      calls += 1
      return { text: '', output: (await answer()) as never, usage, toolCalls: [] }
    },
  }
  return { model, calls: () => calls }
}

const found = async () => ({ intent: 'orders.buy', confidence: 0.9, entities: {} })
const failing = () => Promise.reject(new Error('away'))

async function classify(
  messages: readonly InboundMessage[],
  {
    model,
    askModel = true,
    timeoutMs = 1000,
    signal,
  }: { model?: Model; askModel?: boolean; timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const errors: unknown[] = []
  const words = messages.map((message) => (message.type === 'text' ? message.text : '👍')).join('\n')
  const classification = await createClassifier({ agents, model }).classify(
    { messages, text: words, history: [] },
    {
      clock: systemClock,
      timeoutMs,
      signal,
      askModel,
      onUsage: () => undefined,
      onModelError: (error) => errors.push(error),
    },
  )
  return { classification, errors }
}

describe('the cascade', () => {
  test('lets the cheapest step decide that can', async () => {
    const { model, calls } = modelOf(found)
    expect((await classify([text('menu')], { model })).classification).toMatchObject({
      intent: 'menu',
      decidedBy: 'rules',
    })
    expect((await classify([text('where is my parcel')], { model })).classification).toMatchObject({
      intent: 'status',
      decidedBy: 'examples',
    })
    expect(calls()).toBe(0)
    expect((await classify([text('жжж щщщ')], { model })).classification).toMatchObject({
      intent: 'buy',
      decidedBy: 'model',
    })
    expect(calls()).toBe(1)
  })

  test('works without a model, and does not ask one where it must not', async () => {
    expect((await classify([text('жжж щщщ')])).classification).toMatchObject({
      decidedBy: 'none',
      reason: 'unlike all examples',
    })
    const { model, calls } = modelOf(found)
    expect((await classify([text('жжж щщщ')], { model, askModel: false })).classification.decidedBy).toBe('none')
    expect(calls()).toBe(0)
  })

  test('asks nobody about what has no words', async () => {
    const { model, calls } = modelOf(found)
    const reaction: InboundMessageInput = { ...base, type: 'reaction', emoji: '👍', to: 'm0' }
    for (const message of [text(' \u200b'), text(''), parseInboundMessage(reaction)]) {
      expect((await classify([message], { model })).classification).toMatchObject({ decidedBy: 'none', confidence: 0 })
    }
    expect(calls()).toBe(0)
  })

  test('reads a burst as a whole, then its parts, the newest first', async () => {
    const burst = [text('жжж щщщ'), text('where is my order'), text('ыыы')]
    expect((await classify(burst)).classification).toMatchObject({ intent: 'status', decidedBy: 'examples' })
  })

  test('says what it made of an unlike text, with its confidence', async () => {
    const { classification } = await classify([text('boxes of the moon')])
    if (classification.intent === undefined) expect(classification.confidence).toBeLessThan(1)
    expect(classification.reason).not.toContain('moon')
  })
})

describe('a model that fails', () => {
  test('is told, and the cascade goes on without it', async () => {
    const { classification, errors } = await classify([text('жжж щщщ')], { model: modelOf(failing).model })
    expect(classification.decidedBy).toBe('none')
    expect(errors).toEqual([new Error('away')])
  })

  test('to answer in time is left behind', async () => {
    const { model } = modelOf(() => new Promise(() => undefined))
    const { classification, errors } = await classify([text('жжж щщщ')], { model, timeoutMs: 1 })
    expect(classification.decidedBy).toBe('none')
    expect(errors).toMatchObject([{ code: 'model_timeout', retryable: true }])
  })

  test('because the turn was stopped stops the turn', async () => {
    const controller = new AbortController()
    const { model } = modelOf(async () => {
      controller.abort(new Error('stopped'))
      throw new Error('away')
    })
    await expect(classify([text('жжж щщщ')], { model, signal: controller.signal })).rejects.toThrow('stopped')
  })
})

test('only a rule of an intent that ends a handoff takes a conversation back', () => {
  const classifier = createClassifier({ agents })
  const release = (words: string) => classifier.findRelease({ messages: [text(words)], text: words })
  expect(release('bot')).toMatchObject({ agent: 'people', intent: 'back' })
  for (const words of ['menu', 'where is my order', '']) expect(release(words)).toBeUndefined()
})

test('two agents may use one name for an intent', async () => {
  const both = [agentOf('a', { ask: status }), agentOf('b', { ask: buy })]
  const classification = await createClassifier({ agents: both }).classify(
    { messages: [text('can I buy boxes')], text: 'can I buy boxes', history: [] },
    {
      clock: systemClock,
      timeoutMs: 1,
      signal: undefined,
      askModel: false,
      onUsage: () => undefined,
      onModelError: () => undefined,
    },
  )
  expect(classification).toMatchObject({ agent: 'b', intent: 'ask' })
})

test('agents without intents classify nothing and ask no model', async () => {
  const { model, calls } = modelOf(found)
  const classification = await createClassifier({ agents: [agentOf('a', {})], model }).classify(
    { messages: [text('hi')], text: 'hi', history: [] },
    {
      clock: systemClock,
      timeoutMs: 1,
      signal: undefined,
      askModel: true,
      onUsage: () => undefined,
      onModelError: () => undefined,
    },
  )
  expect(classification).toMatchObject({ decidedBy: 'none', reason: 'no agent has examples' })
  expect(calls()).toBe(0)
})
