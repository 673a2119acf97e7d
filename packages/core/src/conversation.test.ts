import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversationId, emptyState, isKeyName } from './conversation.ts'

test('a tenant and a channel have plain names', () => {
  for (const name of ['a', 'acme', 'shop-1.main', '+4917012345', 'constructor', 'a@b:c', 'x'.repeat(128)]) {
    expect(isKeyName(name), name).toBe(true)
  }
  for (const name of ['', '__proto__', '-a', '.', 'a/b', 'a b', 'a\n', 'ä', 'x'.repeat(129), '\0']) {
    expect(isKeyName(name), name).toBe(false)
  }
})

test('two conversations never share an id', () => {
  const name = fc.stringMatching(/^[a-z][a-z.:@]{0,3}$/)
  const keys = fc.record({ tenant: name, channel: name, chat: fc.string({ minLength: 1, maxLength: 6 }) })
  fc.assert(
    fc.property(keys, keys, (one, other) => {
      const isSame = one.tenant === other.tenant && one.channel === other.channel && one.chat === other.chat
      expect(conversationId(one) === conversationId(other)).toBe(isSame)
    }),
  )
})

test('the empty state cannot be changed for everybody', () => {
  expect(() => Object.assign(emptyState.sessions, { a: 1 })).toThrow(TypeError)
  expect(() => Object.assign(emptyState, { floor: 1 })).toThrow(TypeError)
})
