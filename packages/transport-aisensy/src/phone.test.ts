import { expect, test } from 'vitest'
import { internationalNumber } from './phone.ts'

test.each([
  ['919999900001', '91', '919999900001'],
  ['9999900001', '91', '919999900001'],
  // Ten digits that happen to begin with the code of their country.
  ['9123456789', '91', '919123456789'],
  // A guest, whom AiSensy takes for an Indian.
  ['4917012345678', '91', '4917012345678'],
  ['+91 99999 00001', '91', '919999900001'],
  ['+91 99999 00001', undefined, '919999900001'],
  ['919999900001', undefined, '919999900001'],
  ['919999900001', '', '919999900001'],
  ['1701234567', '49', '491701234567'],
  ['491701234567', '+49', '491701234567'],
  ['4155550100', '1', '14155550100'],
  ['14155550100', '1', '14155550100'],
  ['IN.13491208655302741918', '91', 'IN.13491208655302741918'],
])('%s with the code %s is %s', (phone, countryCode, expected) => {
  expect(internationalNumber(phone, countryCode)).toBe(expected)
})
