import { expect, test } from 'vitest'
import { hmacSha256Hex, sameSecret } from './secrets.ts'

test('a secret is the same only as itself, whatever the lengths', () => {
  expect(sameSecret('abc', 'abc')).toBe(true)
  expect(sameSecret('abd', 'abc')).toBe(false)
  expect(sameSecret('ab', 'abc')).toBe(false)
  expect(sameSecret('abcabc', 'abc')).toBe(false)
  expect(sameSecret('ábc', 'abc')).toBe(false)
})

test('nothing and the empty secret are never the same', () => {
  for (const given of [null, undefined, '', 'abc']) expect(sameSecret(given, '')).toBe(false)
  for (const given of [null, undefined, '']) expect(sameSecret(given, 'abc')).toBe(false)
})

test('the parts of a HMAC count as one', () => {
  // RFC 4231, test case 2.
  const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
  expect(hmacSha256Hex('Jefe', 'what do ya want for nothing?')).toBe(expected)
  expect(hmacSha256Hex('Jefe', 'what do ya ', Buffer.from('want for nothing?'))).toBe(expected)
})
