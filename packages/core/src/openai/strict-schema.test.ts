import { expect, test } from 'vitest'
import { z } from 'zod'
import { type JsonSchema, toStrictSchema, withoutOptionalNulls } from './strict-schema.ts'

const schemaOf = (type: z.ZodType) => z.toJSONSchema(type, { io: 'input' }) as JsonSchema
const strict = (type: z.ZodType) => toStrictSchema(schemaOf(type))
const clean = (value: unknown, type: z.ZodType) => withoutOptionalNulls(value, schemaOf(type))

test('requires each property, allows no other, and makes the optional ones nullable', () => {
  const type = z.object({
    a: z.string(),
    b: z.number().optional(),
    c: z.boolean().nullish(),
    d: z.array(z.string()).default([]),
  })
  expect(strict(type)).toEqual({
    type: 'object',
    properties: {
      a: { type: 'string' },
      b: { anyOf: [{ type: 'number' }, { type: 'null' }] },
      c: { type: ['boolean', 'null'] },
      d: { anyOf: [{ type: 'array', description: 'default: []', items: { type: 'string' } }, { type: 'null' }] },
    },
    required: ['a', 'b', 'c', 'd'],
    additionalProperties: false,
  })
})

test('moves limits into the description, after what the author wrote', () => {
  const type = z.object({ name: z.string().min(2).max(9).describe('Full name'), count: z.int().min(1) })
  expect(strict(type)?.properties).toEqual({
    name: { type: 'string', description: 'Full name — minLength: 2, maxLength: 9' },
    count: { type: 'integer', description: 'minimum: 1' },
  })
})

test('says unions as anyOf and constants as enum', () => {
  const type = z.object({
    item: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a') }),
      z.object({ kind: z.literal('b'), size: z.enum(['s', 'm']).optional() }),
    ]),
  })
  expect(strict(type)?.properties?.['item']).toEqual({
    anyOf: [
      {
        type: 'object',
        properties: { kind: { type: 'string', enum: ['a'] } },
        required: ['kind'],
        additionalProperties: false,
      },
      {
        type: 'object',
        properties: {
          kind: { type: 'string', enum: ['b'] },
          size: { anyOf: [{ type: 'string', enum: ['s', 'm'] }, { type: 'null' }] },
        },
        required: ['kind', 'size'],
        additionalProperties: false,
      },
    ],
  })
})

test('keeps references of recursive shapes', () => {
  const node = z.object({
    name: z.string(),
    get children() {
      return z.array(node).optional()
    },
  })
  expect(strict(node)?.properties?.['children']).toEqual({
    anyOf: [{ type: 'array', items: { $ref: '#' } }, { type: 'null' }],
  })
  const value = { name: 'a', children: [{ name: 'b', children: null }] }
  expect(clean(value, node)).toEqual({ name: 'a', children: [{ name: 'b' }] })
})

test.each([
  ['a record', z.object({ a: z.record(z.string(), z.number()) })],
  ['a tuple', z.object({ a: z.tuple([z.string(), z.number()]) })],
  ['unknown', z.object({ a: z.unknown() })],
  ['a loose object', z.looseObject({ a: z.string() })],
])('does not pretend that %s can be said strictly', (_, type) => {
  expect(strict(type)).toBeUndefined()
})

test('takes away nulls where a property was optional only', () => {
  const type = z.object({
    a: z.string().optional(),
    b: z.string().nullish(),
    c: z.string().nullable(),
    d: z.coerce.number().optional(),
    list: z.array(z.object({ e: z.string().optional() })),
  })
  const value = { a: null, b: null, c: null, d: null, list: [{ e: null }, { e: 'x' }], extra: null }
  expect(clean(value, type)).toEqual({ b: null, c: null, list: [{}, { e: 'x' }], extra: null })
})

test('finds the branch of a union before it takes nulls away', () => {
  const type = z.object({
    item: z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('a'), note: z.string().nullable() }),
        z.object({ kind: z.literal('b'), note: z.string().optional() }),
      ])
      .nullable(),
  })
  expect(clean({ item: { kind: 'a', note: null } }, type)).toEqual({ item: { kind: 'a', note: null } })
  expect(clean({ item: { kind: 'b', note: null } }, type)).toEqual({ item: { kind: 'b' } })
  expect(clean({ item: null }, type)).toEqual({ item: null })
})

test('leaves alone what does not fit the schema', () => {
  const type = z.object({ a: z.object({ b: z.string() }) })
  for (const value of [null, 3, 'text', [null], { a: [null] }, { a: null }]) expect(clean(value, type)).toEqual(value)
})
