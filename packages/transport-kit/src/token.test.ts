import { expect, test } from 'vitest'
import { createToken } from './token.ts'

/** A source that gives these, one after the other, and counts how often it was asked. */
function sourceOf(...tokens: readonly string[]) {
  const source = {
    asked: 0,
    async get() {
      const token = tokens[Math.min(source.asked, tokens.length - 1)] ?? ''
      source.asked += 1
      return token
    },
  }
  return source
}

test('a fixed token stays the same', async () => {
  const token = createToken('one')
  expect([await token.get(), await token.refresh('one'), await token.get()]).toEqual(['one', 'one', 'one'])
})

test('a function is asked once, and again when its token was rejected', async () => {
  const source = sourceOf('one', 'two')
  const token = createToken(source.get)
  expect([await token.get(), await token.get()]).toEqual(['one', 'one'])
  expect(await token.refresh('one')).toBe('two')
  expect(await token.get()).toBe('two')
  expect(source.asked).toBe(2)
})

test('an object is asked each time', async () => {
  const source = sourceOf('one', 'two', 'three')
  const token = createToken(source)
  expect([await token.get(), await token.get(), await token.get()]).toEqual(['one', 'two', 'three'])
})

test('calls in flight share one refresh, and so does who comes late with the old token', async () => {
  const source = sourceOf('one', 'two', 'three')
  const token = createToken(source.get)
  await token.get()
  expect(await Promise.all([token.refresh('one'), token.refresh('one'), token.refresh('one')])).toEqual([
    'two',
    'two',
    'two',
  ])
  expect(await token.refresh('one')).toBe('two')
  expect(source.asked).toBe(2)
})

test('who asks during a refresh gets the new token', async () => {
  const source = sourceOf('one', 'two')
  const token = createToken(source.get)
  await token.get()
  const [fresh, asked] = await Promise.all([token.refresh('one'), token.get()])
  expect([fresh, asked]).toEqual(['two', 'two'])
  expect(source.asked).toBe(2)
})

test('a source without a new token is asked once for those in flight, and again by the next call', async () => {
  const source = sourceOf('one', 'one', 'one', 'two')
  const token = createToken(source.get)
  await token.get()
  expect(await token.refresh('one')).toBe('one')
  expect(await token.refresh('one')).toBe('one')
  expect(source.asked).toBe(2)
  expect(await token.get()).toBe('one')
  expect(await token.get()).toBe('two')
  expect(await token.get()).toBe('two')
  expect(source.asked).toBe(4)
})

test('a refresh that failed can be tried again', async () => {
  let fails = true
  const token = createToken(async () => {
    if (fails) throw new Error('away')
    return 'two'
  })
  await expect(token.refresh('one')).rejects.toThrow('away')
  fails = false
  expect(await token.refresh('one')).toBe('two')
})
