import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitText } from './split-text.ts'

const withoutBlanks = (text: string) => text.replace(/\s/gu, '')
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.constantFrom('a', 'word', ' ', '\n', '\n\n', '. ', '。', '👨‍👩‍👧', '🇮🇳', 'é', '👍🏽', 'न्दी', '\u0301'), {
      maxLength: 120,
    })
    .map((parts) => parts.join('')),
)

test('loses nothing but blanks, and no part is empty, padded or longer than the limit', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 2, max: 60 }), (text, limit) => {
      const parts = splitText(text, limit)
      expect(withoutBlanks(parts.join(''))).toBe(withoutBlanks(text))
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(limit)
        expect(part).toBe(part.trim())
        expect(part).not.toBe('')
      }
    }),
    { numRuns: 2000 },
  )
})

test('never cuts a surrogate pair in two', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), fc.integer({ min: -1, max: 20 }), (text, limit) => {
      const whole = text.toWellFormed()
      for (const part of splitText(whole, limit)) expect(part.isWellFormed()).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('never cuts what people see as one character, where that fits', () => {
  const family = '👨‍👩‍👧‍👦'
  expect(splitText(family.repeat(3), family.length + 3)).toEqual([family, family, family])
  expect(splitText('🇮🇳🇧🇷', 6)).toEqual(['🇮🇳', '🇧🇷'])
  expect(splitText('a👍🏽', 3)).toEqual(['a', '👍', '🏽'])
  expect(splitText('aa👍🏽', 5)).toEqual(['aa', '👍🏽'])
})

test('leaves a text that fits as it is, without the blanks around it', () => {
  expect(splitText(' Hello.\n\nBye. ', 100)).toEqual(['Hello.\n\nBye.'])
  expect(splitText(' \n ', 100)).toEqual([])
})

test('prefers the end of a paragraph, then of a line, a sentence, a word', () => {
  expect(splitText('One two.\n\nThree. Four', 18)).toEqual(['One two.', 'Three. Four'])
  expect(splitText('One two.\nThree. Four', 18)).toEqual(['One two.', 'Three. Four'])
  expect(splitText('One two three. Four five', 20)).toEqual(['One two three.', 'Four five'])
  expect(splitText('One two three four', 10)).toEqual(['One two', 'three four'])
  expect(splitText('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij'])
})

test('finds the end of a sentence where no blank follows it', () => {
  expect(splitText('我们有箱子。您要什么尺寸？请告诉我们。', 15)).toEqual([
    '我们有箱子。您要什么尺寸？',
    '请告诉我们。',
  ])
})

test('a cut that would waste most of the space is not taken', () => {
  expect(splitText('Hi.\n\nThis is a sentence of some length', 30)).toEqual([
    'Hi.\n\nThis is a sentence of',
    'some length',
  ])
})

test('a blank right behind the limit costs no word', () => {
  expect(splitText('hello world', 5)).toEqual(['hello', 'world'])
})

test('splits 1 MB of anything in bounded time', () => {
  for (const part of ['a', ' ', 'a ', '. ', '."', '\n', '👨‍👩‍👧', '\u0301', '。', '\ud83d']) {
    const text = `x${part.repeat(1_000_000 / part.length)}x`
    const beganMs = performance.now()
    splitText(text, 4096)
    expect(performance.now() - beganMs, JSON.stringify(part)).toBeLessThan(3000)
  }
})
