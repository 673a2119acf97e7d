import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isBlank, keywordOf, normalizeKeyword } from './normalize.ts'

describe('a keyword', () => {
  test.each([
    ['STOP', 'stop'],
    ['  Stop!! ', 'stop'],
    ['"Track   my\n order?"', 'track my order'],
    ['DÉSABONNER 🙏', 'desabonner'],
    ['İPTAL', 'iptal'],
    ['Ёлка', 'елка'],
    ['إيقاف', 'ايقاف'],
    ['مَرْحَبًا', 'مرحبا'],
    ['बंद करो।', 'बंद करो'],
    ['پرداخت می‌کنم', 'پرداخت میکنم'],
    ['don’t', "don't"],
    ['s\u200bto\u00adp', 'stop'],
    ['\u202eSTOP\u202c', 'stop'],
    ['ＳＴＯＰ', 'stop'],
    ['2️⃣', '2'],
    ['②', '2'],
    ['ŉ', 'n'],
    ['٢३७', '237'],
    ['order_id', 'order_id'],
    ['constructor', 'constructor'],
    ['__proto__', 'proto'],
    ['👍', ''],
    ['?!', ''],
    ['', ''],
  ])('%j is read as %j', (text, keyword) => {
    expect(normalizeKeyword(text)).toBe(keyword)
  })

  test('is the same when it is read again', () => {
    for (const unit of ['grapheme', 'binary', 'binary-ascii'] as const) {
      fc.assert(
        fc.property(fc.string({ unit }), (text) => {
          const keyword = normalizeKeyword(text)
          expect(normalizeKeyword(keyword)).toBe(keyword)
          expect(keyword).toBe(keyword.trim())
        }),
        { numRuns: 2000 },
      )
    }
  })

  test('reads every digit of every script as its value', () => {
    for (let first = 0; first < 0x20000; first += 1) {
      if (!/\p{Nd}/u.test(String.fromCodePoint(first))) continue
      const digits = Array.from({ length: 10 }, (_, value) => String.fromCodePoint(first + value)).join('')
      expect(normalizeKeyword(`${digits}x`), first.toString(16)).toBe('0123456789x')
      first += 9
    }
  })

  test('of 1 MB of signs, accents or digits is read in bounded time', () => {
    for (const part of ['!', 'é', '!x', '٢', 'a\u0301', '\u200b', '\ud83d', ' ', '👍', '\u0301']) {
      const text = `é${part.repeat(1_000_000 / part.length)}!`
      const beganMs = performance.now()
      normalizeKeyword(text)
      isBlank(text)
      expect(performance.now() - beganMs, JSON.stringify(part)).toBeLessThan(2000)
    }
  })
})

test('a text of signs alone is a keyword of its own', () => {
  expect(keywordOf(' 👍 ')).toBe('👍')
  expect(keywordOf('❤️')).toBe(keywordOf('❤'))
  expect(keywordOf('??')).toBe('??')
  expect(keywordOf('👍 Great!')).toBe('great')
  expect(keywordOf('  ')).toBe('')
})

describe('a text is blank', () => {
  test.each([
    '',
    ' \t\n',
    '\u00a0\u2003',
    '\u200b\u200c\u200d',
    '\ufeff',
    '\u2060\u180e',
    '\u3164\u115f',
    '\u2800',
    '\ufe0f',
    '\u0301',
    '\u0000\u0007',
  ])('where it is %j', (text) => {
    expect(isBlank(text)).toBe(true)
  })
  test.each(['a', '.', '👍', '0', '\u200ba', 'ا', '。', '\ufffd'])('and not where it is %j', (text) => {
    expect(isBlank(text)).toBe(false)
  })
})
