import { readdirSync, readFileSync } from 'node:fs'
import { inboundMessageSchema, parseInboundMessage } from '@wa-agent/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseWebhook, projectsOf } from './parse.ts'

const folder = new URL('fixtures/', import.meta.url)
const names = readdirSync(folder)
  .filter((name) => !name.endsWith('.expected.json'))
  .map((name) => name.replace(/\.json$/, ''))
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))

const options = { nowMs: 1763374700000 }

describe('every kind of webhook is understood', () => {
  test('there are fixtures, each with what is expected of it', () => {
    expect(names.length).toBeGreaterThan(60)
    expect(readdirSync(folder)).toHaveLength(names.length * 2)
  })

  test.each(names)('%s', (name) => {
    const parsed = parseWebhook(read(name), options)
    expect(parsed).toEqual(read(`${name}.expected`))
    for (const message of parsed.messages) expect(inboundMessageSchema.safeParse(message).error).toBeUndefined()
  })

  test('each message, status or reason to ignore it is told exactly once or said to be ignored', () => {
    for (const name of names) {
      const { messages, updates, released, ignored } = parseWebhook(read(name), options)
      const told = [...messages, ...updates, ...(released ? [released] : []), ...ignored]
      expect(told.length, name).toBeGreaterThan(0)
    }
  })
})

describe('what nobody has seen yet', () => {
  const strange = fc.oneof(
    fc.constant(null),
    fc.constant(''),
    fc.constant(-1),
    fc.constant({}),
    fc.constant([]),
    fc.constant(1e300),
    fc.string(),
    fc.jsonValue(),
  )
  /** A fixture in which some values are others. */
  const mutated = fc.tuple(fc.constantFrom(...names), fc.array(fc.tuple(fc.nat(), strange), { maxLength: 4 }))

  test('is no error, and every message in it is one that the engine takes', () => {
    fc.assert(
      fc.property(mutated, ([name, changes]) => {
        const body = changes.reduce((value, [place, other]) => replaced(value, place, other), read(name))
        const parsed = parseWebhook(body, options)
        for (const message of parsed.messages) expect(() => parseInboundMessage(message)).not.toThrow()
        for (const update of parsed.updates) expect(update.atMs).toBeGreaterThan(0)
        projectsOf(body)
      }),
      { seed: 20_261_121, numRuns: 1500 },
    )
  })

  test('is no error where the whole body is something else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        parseWebhook(body, options)
        projectsOf(body)
      }),
    )
  })
})

/** `value` with another value at its `place`-th key, counted through all levels. */
function replaced(value: unknown, place: number, other: unknown): unknown {
  let count = 0
  const total = keysIn(value)
  const target = total === 0 ? -1 : place % total
  const copy = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part
    if (Array.isArray(part)) return part.map((one) => (count++ === target ? other : copy(one)))
    return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, count++ === target ? other : copy(one)]))
  }
  return copy(value)
}

function keysIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const parts = Object.values(value)
  return parts.reduce<number>((sum, part) => sum + keysIn(part), parts.length)
}
