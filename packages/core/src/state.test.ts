import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyState } from './conversation.ts'
import { copyOf, loadState } from './state.ts'

function load(stored: unknown) {
  const warnings: string[] = []
  return { state: loadState(stored, (warning) => warnings.push(warning)), warnings }
}

const whole = {
  sessions: { orders: { cart: [1] } },
  floor: { agent: 'orders', keptAtMs: 5, interruptAt: 0.8 },
  choices: { agent: 'orders', options: [{ id: 'a', title: 'A' }] },
}

test('what was stored comes back, and nothing stored is the empty state', () => {
  expect(load(whole)).toEqual({ state: whole, warnings: [] })
  expect(load(undefined)).toEqual({ state: emptyState, warnings: [] })
})

test('a broken part is dropped with a warning, the others stay', () => {
  const { state, warnings } = load({ ...whole, floor: { agent: 'orders', keptAtMs: null, interruptAt: 1 } })
  expect(state).toEqual({ sessions: whole.sessions, choices: whole.choices })
  expect(warnings).toEqual(['the stored floor of the conversation does not fit and was reset'])
  expect(load({ ...whole, sessions: 5 }).state).toEqual({ sessions: {}, floor: whole.floor, choices: whole.choices })
  expect(load({ floor: whole.floor }).state).toEqual({ sessions: {}, floor: whole.floor })
})

test('a conversation never fails for its stored state, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.constantFrom(null, 'x', 5, []),
        fc.record({ sessions: fc.jsonValue(), floor: fc.jsonValue(), choices: fc.jsonValue() }),
      ),
      (stored) => {
        expect(load(stored).state).toHaveProperty('sessions')
      },
    ),
    { numRuns: 1000 },
  )
})

test('keys of a prototype are keys like any other', () => {
  const { state } = load(JSON.parse('{"sessions":{"constructor":{"a":1},"__proto__":{"polluted":true}}}'))
  expect(state.sessions['constructor']).toEqual({ a: 1 })
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('a copy is equal and shares nothing that can be changed', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(copyOf(value)).toEqual(value)
    }),
  )
  const date = new Date(5)
  const value = { list: [{ a: 1 }], date }
  const copy = copyOf(value) as typeof value
  copy.list[0] = { a: 2 }
  expect(value.list).toEqual([{ a: 1 }])
  expect(copy.date).toBe(date)
  const own = copyOf(JSON.parse('{"__proto__":{"polluted":[1]}}')) as object
  expect(Object.getPrototypeOf(own)).toBe(Object.prototype)
  expect(JSON.stringify(own)).toBe('{"__proto__":{"polluted":[1]}}')
})
