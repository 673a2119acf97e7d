import { readdirSync, readFileSync } from 'node:fs'
import { inboundMessageSchema } from '@wa-agent/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseMaytapi } from './parse.ts'

const folder = new URL('fixtures/', import.meta.url)
const names = readdirSync(folder)
  .filter((name) => !name.endsWith('.expected.json'))
  .map((name) => name.replace(/\.json$/, ''))
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))

const options = {
  nowMs: Date.UTC(2026, 0, 1),
  productId: '0f0e0d0c-1111-4222-8333-444455556666',
  phoneId: '1150',
}

describe('every kind of webhook is understood', () => {
  test('there are fixtures, each with what is expected of it', () => {
    expect(names.length).toBeGreaterThan(40)
    expect(readdirSync(folder)).toHaveLength(names.length * 2)
  })

  test.each(names)('%s', (name) => {
    const parsed = parseMaytapi(read(name), options)
    expect(parsed).toEqual(read(`${name}.expected`))
    for (const message of parsed?.messages ?? []) expect(inboundMessageSchema.safeParse(message).error).toBeUndefined()
  })

  test.each(names)('%s is refused for another product and for another phone', (name) => {
    expect(parseMaytapi(read(name), { ...options, productId: 'other' })).toBeUndefined()
    expect(parseMaytapi(read(name), { ...options, phoneId: '1151' })).toBeUndefined()
  })
})

/** Every field, at any depth, with the object or array that holds it. */
function fieldsOf(value: unknown): { readonly holder: Record<string, unknown>; readonly key: string }[] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...fieldsOf(holder[key])])
}

const odd = [
  null,
  '',
  0,
  -1,
  1e300,
  true,
  [],
  {},
  [[]],
  'x'.repeat(3000),
  '\0',
  '\ud800',
  '_',
  '@c.us',
  '@lid',
  '__proto__',
]

test('whatever stands in one of the fields, only messages and updates come of it that the engine takes', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(), fc.constantFrom(...odd), (name, at, wrong) => {
      const body = read(name)
      const fields = fieldsOf(body)
      const field = fields[at % fields.length]
      if (field) field.holder[field.key] = wrong
      const parsed = parseMaytapi(body, options)
      const handedOver = [...(parsed?.messages ?? []), ...(parsed?.takeover ? [parsed.takeover] : [])]
      for (const message of handedOver) expect(inboundMessageSchema.safeParse(message).success).toBe(true)
      for (const { atMs } of parsed?.updates ?? []) expect(Number.isSafeInteger(atMs)).toBe(true)
    }),
    { seed: 20_261_121, numRuns: 2000 },
  )
})
