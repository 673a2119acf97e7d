import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { type Agent, defineAgent, type RespondContext } from './agent.ts'
import type { Reply } from './reply.ts'

const description = 'x'

describe('a definition is refused', () => {
  test.each(['', 'Orders', 'my agent', '1st', '-a', '_a', '__proto__', 'constructor', 'a'.repeat(65), 'a.b', 'ä'])(
    'for the name %j',
    (name) => {
      expect(() => defineAgent({ name, description, respond: () => undefined })).toThrow(
        expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining(name) }),
      )
    },
  )

  test('for a session that cannot begin with {}', () => {
    expect(() =>
      defineAgent({
        name: 'a',
        description,
        session: z.object({ cart: z.array(z.string()) }),
        respond: () => undefined,
      }),
    ).toThrow(expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining('default') }))
  })

  test.each([
    [{ order: { examples: [5] } }, '`intents.order.examples.0` of agent "a" is wrong: Invalid input: expected string'],
    [{ order: { examples: 'I want boxes' } }, '`intents.order.examples` of agent "a" is wrong'],
    [{ order: { rules: [/a/, null] } }, '`intents.order.rules.1` of agent "a" is wrong: expected a string or a'],
    [{ order: { types: ['parcel'] } }, '`intents.order.types.0` of agent "a" is wrong'],
    [
      { order: { entities: { size: z.string() } } },
      '`intents.order.entities` of agent "a" is wrong: expected z.object',
    ],
    [{ order: null }, '`intents.order` of agent "a" is wrong'],
    [['order'], '`intents.0` of agent "a" is wrong'],
  ])('for the intents %j', (intents, message) => {
    const define = () => defineAgent({ name: 'a', description, intents: intents as never, respond: () => undefined })
    const refused = { code: 'invalid_options', message: expect.stringContaining(message) }
    expect(define).toThrow(expect.objectContaining(refused))
  })
})

test('what is left out gets its default', () => {
  const agent = defineAgent({ name: 'a-1_b', description, respond: () => undefined })
  expect(agent).toMatchObject({ name: 'a-1_b', intents: {}, tools: [] })
  expect(agent.session.parse({})).toEqual({})
  expectTypeOf(agent).toEqualTypeOf<Agent>()
})

test('an intent may be named like a property of every object', () => {
  const intents = { constructor: { rules: ['a'] }, ['__proto__']: { rules: ['b'] }, toString: { rules: ['c'] } }
  const agent = defineAgent({ name: 'a', description, intents, respond: () => undefined })
  expect(Object.keys(agent.intents)).toEqual(['constructor', '__proto__', 'toString'])
})

test('respond knows the names and the entities of its own intents', () => {
  defineAgent({
    name: 'orders',
    description,
    intents: {
      order: { examples: ['a'], entities: z.object({ product: z.string(), quantity: z.coerce.number() }) },
      order_status: { examples: ['b'] },
    },
    respond({ intent }) {
      expectTypeOf(intent).not.toBeAny()
      if (!intent) return
      expectTypeOf(intent.name).toEqualTypeOf<'order' | 'order_status'>()
      if (intent.name === 'order') {
        expectTypeOf(intent.entities).toEqualTypeOf<Partial<{ product: string; quantity: number }>>()
      } else {
        expectTypeOf(intent.entities).toEqualTypeOf<Readonly<Record<string, never>>>()
      }
      // @ts-expect-error no intent of this agent
      if (intent.name === 'refund') return
    },
  })
})

test('without intents there is none to recognise', () => {
  defineAgent({
    name: 'a',
    description,
    respond({ intent }) {
      expectTypeOf(intent).toEqualTypeOf<undefined>()
    },
  })
})

test('respond knows its session', () => {
  defineAgent({
    name: 'a',
    description,
    session: z.object({ cart: z.array(z.string()).default([]), step: z.enum(['size', 'address']).optional() }),
    respond({ session }) {
      expectTypeOf(session.cart).toEqualTypeOf<string[]>()
      expectTypeOf(session.step).toEqualTypeOf<'size' | 'address' | undefined>()
      // @ts-expect-error no part of the session
      session.other = 1
    },
  })
})

test('respond returns nothing: what is said goes through reply', () => {
  // @ts-expect-error a string would be lost
  defineAgent({ name: 'a', description, respond: () => 'hello' })
  // @ts-expect-error a promised string would be lost, too
  defineAgent({ name: 'a', description, respond: async () => 'hello' })
  defineAgent({ name: 'a', description, respond: ({ reply }) => reply.text('hello') })
  defineAgent({ name: 'a', description, respond: async ({ reply }) => reply.text('hello') })
  expectTypeOf<RespondContext['reply']>().toEqualTypeOf<Reply>()
})

test('the model gives data of the shape that was asked for', () => {
  defineAgent({
    name: 'a',
    description,
    async respond({ llm }) {
      expectTypeOf(llm).not.toBeAny()
      const data = await llm?.data({ instructions: 'x', output: z.object({ size: z.enum(['s', 'l']) }) })
      expectTypeOf(data).toEqualTypeOf<{ size: 's' | 'l' } | undefined>()
      expectTypeOf(await llm?.text({ instructions: 'x' })).toEqualTypeOf<string | undefined>()
    },
  })
})
