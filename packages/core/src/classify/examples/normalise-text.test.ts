import { expect, it } from 'vitest'
import { normaliseText } from './normalise-text.ts'

it.each([
  ['ÁRBOL Über', 'arbol uber'],
  ['ｆｕｌｌ ｗｉｄｔｈ', 'full width'],
  ['zero\u200bwidth\ufeff', 'zerowidth'],
  ['👍🏽', '👍'],
  ['❤️', '❤'],
  ['كَتَبَ أحمد', 'كتب احمد'],
  ['lone \ud800 surrogate', 'lone  surrogate'],
])('%j becomes %j', (text, expected) => {
  expect(normaliseText(text, 100)).toBe(expected)
})

it.each(['कीमत क्या है', 'がぎぐ', '한국어', 'й'.normalize('NFC').replace('й', 'и')])(
  '%s keeps the marks that spell it',
  (text) => {
    expect(normaliseText(text, 100)).toBe(text)
  },
)

it('Thai words are set apart', () => {
  expect(normaliseText('ร้านเปิดกี่โมง', 100).trim().split(/\s+/).length).toBeGreaterThan(2)
})

it('never becomes longer than the maximum, even where one character decomposes into many', () => {
  expect(normaliseText('ﷺ'.repeat(50), 50).length).toBeLessThanOrEqual(50)
  expect(normaliseText('ร้าน'.repeat(50), 50).length).toBeLessThanOrEqual(50)
})
