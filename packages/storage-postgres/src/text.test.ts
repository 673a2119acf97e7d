import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrayOf, decodeText, encodeText } from './text.ts'

const anyString = fc.string({ unit: 'binary' })
const anyUnits = fc
  .array(fc.oneof(fc.constantFrom(0, 1, 0x30, 0xd800, 0xdbff, 0xdc00, 0xdfff), fc.integer({ min: 0, max: 0xffff })))
  .map((units) => String.fromCharCode(...units))

test('every string comes back, and what is stored is well-formed and without NUL', () => {
  fc.assert(
    fc.property(fc.oneof(anyString, anyUnits), (text) => {
      const stored = encodeText(text)
      expect(decodeText(stored)).toBe(text)
      expect(stored.isWellFormed()).toBe(true)
      expect(stored).not.toContain('\u0000')
    }),
  )
})

test('a prefix that does not cut a pair is stored as a prefix', () => {
  fc.assert(
    fc.property(anyUnits, anyUnits, (prefix, rest) => {
      fc.pre(prefix.isWellFormed())
      expect(encodeText(prefix + rest).startsWith(encodeText(prefix))).toBe(true)
    }),
  )
})

test('arrays are written as PostgreSQL reads them', () => {
  expect(arrayOf([])).toBe('{}')
  expect(arrayOf([1, null, undefined, 2.5, true])).toBe('{1,NULL,NULL,2.5,true}')
  expect(arrayOf(['a"b', 'c\\d', '', 'NULL', '{,}'])).toBe('{"a\\"b","c\\\\d","","NULL","{,}"}')
})
