import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCard, writeCard } from './vcard.ts'

test('a card that was written is read again as it was', () => {
  const value = fc.stringMatching(/^[\p{L}\p{N} .,;\\@+-]{1,30}$/u).map((text) => `x${text.trim()}`)
  fc.assert(
    fc.property(value, fc.array(value), fc.array(value), (name, phones, emails) => {
      expect(parseCard(writeCard({ name, phones, emails }))).toEqual({ name, phones, emails })
    }),
  )
})

test('continued lines, groups of properties and other line ends are understood', () => {
  const card =
    'BEGIN:VCARD\r\nFN:Ana\r\n  Example\r\nitem1.TEL;waid=1:+1 555\r\nitem1.X-ABLabel:Mobile\r\nNOTE:TEL:no\r\nEND:VCARD'
  expect(parseCard(card)).toEqual({ name: 'Ana Example', phones: ['+1 555'], emails: [] })
})

test('the name that is shown comes before the one in the card, and neither is needed', () => {
  expect(parseCard('FN:Ana', 'Anna').name).toBe('Anna')
  expect(parseCard('no card at all')).toEqual({ name: '', phones: [], emails: [] })
})
