import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Agent, defineAgent, type Intents } from '../agent.ts'
import { type InboundMessage, type InboundMessageInput, parseInboundMessage } from '../message.ts'
import { createRules } from './rules.ts'

const base = { id: 'm1', chat: 'c1', from: { id: 'c1' }, sentAtMs: 1 }
const text = (words: string): InboundMessage => parseInboundMessage({ ...base, type: 'text', text: words })
const agentOf = (intents: Intents, name = 'shop'): Agent =>
  defineAgent({ name, description: 'x', intents, respond: () => undefined })
const rulesOf = (intents: Intents) => createRules([agentOf(intents)])
const intentOf = (intents: Intents, words: string) => rulesOf(intents).classify([text(words)], words)?.intent

describe('a keyword', () => {
  test.each(['menu', ' MENU! ', 'Menú', 'menu 🙏', 'me\u200bnu'])('decides for %j', (words) => {
    expect(rulesOf({ menu: { rules: ['Menu'] } }).classify([text(words)], words)).toEqual({
      agent: 'shop',
      intent: 'menu',
      confidence: 1,
      decidedBy: 'rules',
      entities: {},
      reason: 'keyword',
    })
  })

  test('is the whole message', () => {
    expect(intentOf({ menu: { rules: ['menu'] } }, 'the menu please')).toBeUndefined()
  })

  test('may be a sign, which then stands for itself alone', () => {
    const intents: Intents = { like: { rules: ['👍'] }, help: { rules: ['?'] } }
    expect(intentOf(intents, '👍')).toBe('like')
    expect(intentOf(intents, '?')).toBe('help')
    for (const words of ['👎', '!', '', ' ', '\u200b']) expect(intentOf(intents, words), words).toBeUndefined()
  })

  test('that is empty decides nothing', () => {
    for (const words of ['', '...', '👍']) expect(intentOf({ any: { rules: ['', ' '] } }, words)).toBeUndefined()
  })

  test('belongs to the first agent that claims it', () => {
    const rules = createRules([agentOf({ a: { rules: ['hi'] } }, 'one'), agentOf({ b: { rules: ['HI'] } }, 'two')])
    expect(rules.classify([text('hi')], 'hi')).toMatchObject({ agent: 'one', intent: 'a' })
  })

  test('named like a property of every object is a keyword like any other', () => {
    for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(intentOf({ menu: { rules: ['menu'] } }, word), word).toBeUndefined()
      expect(intentOf({ [word]: { rules: [word] } }, word), word).toBe(word)
    }
  })

  test('is found in the last message of a burst', () => {
    const burst = [text('hello there'), text('menu')]
    expect(rulesOf({ menu: { rules: ['menu'] } }).classify(burst, 'hello there\nmenu')?.intent).toBe('menu')
  })
})

describe('a chosen button', () => {
  const selection = (id: string, title: string): InboundMessage =>
    parseInboundMessage({ ...base, type: 'selection', selection: { id, title } })

  test('decides by its id, then by its type, then by its title', () => {
    const rules = rulesOf({ pick: { rules: ['size:l'] }, any: { types: ['selection'] } })
    expect(rules.classify([selection('size:l', 'Large')], 'Large')?.intent).toBe('pick')
    expect(rules.classify([selection('size:m', 'Medium')], 'Medium')?.intent).toBe('any')
    expect(rulesOf({ large: { rules: ['large'] } }).classify([selection('x', 'Large')], 'Large')?.intent).toBe('large')
  })

  test('with an id of 1 MB is looked at in bounded time', () => {
    const beganMs = performance.now()
    rulesOf({ pick: { rules: ['a'] } }).classify([selection('é!'.repeat(500_000), 'A')], 'A')
    expect(performance.now() - beganMs).toBeLessThan(200)
  })
})

test('a message type decides', () => {
  const order: InboundMessageInput = { ...base, type: 'order', items: [] }
  expect(rulesOf({ buy: { types: ['order'] } }).classify([parseInboundMessage(order)], '')).toMatchObject({
    intent: 'buy',
    reason: 'message type order',
  })
})

describe('a pattern', () => {
  test('is searched in the text and decides every time, whatever its flags', () => {
    const rules = rulesOf({ status: { rules: [/order/gi] }, hello: { rules: [/^hello/y] } })
    for (let round = 0; round < 3; round += 1) {
      expect(rules.classify([text('my Order please')], 'my Order please')?.intent).toBe('status')
      expect(rules.classify([text('hello you')], 'hello you')?.intent).toBe('hello')
    }
  })

  test('fills entities by its named groups, each checked by itself', () => {
    const intents: Intents = {
      status: {
        rules: [/order (?<number>\d+)(?: in (?<place>\w+))?(?: size (?<size>\w+))?/],
        entities: z.object({ number: z.coerce.number(), place: z.string(), size: z.enum(['s', 'l']) }),
      },
    }
    const entities = (words: string) => rulesOf(intents).classify([text(words)], words)?.entities
    expect(entities('order 12 in Pune')).toEqual({ number: 12, place: 'Pune' })
    expect(entities('order 12 size xxl')).toEqual({ number: 12 })
    expect(entities('order 12 size l')).toEqual({ number: 12, size: 'l' })
  })

  test('works where the entities are refined', () => {
    const entities = z.object({ from: z.string(), to: z.string() }).refine(({ from, to }) => from !== to)
    expect(
      rulesOf({ trip: { rules: [/(?<from>\w+) to (?<to>\w+)/], entities } }).classify([text('a to b')], 'a to b'),
    ).toMatchObject({
      entities: { from: 'a', to: 'b' },
    })
  })

  test('is not searched in more than 4,096 characters', () => {
    expect(intentOf({ any: { rules: [/a/] } }, 'a'.repeat(5000))).toBeUndefined()
  })
})
