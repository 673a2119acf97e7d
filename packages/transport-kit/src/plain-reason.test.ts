import { expect, test } from 'vitest'
import { plainReason } from './plain-reason.ts'

test('a reason is one short line without anything like a phone number', () => {
  expect(plainReason('W05', 'Lib not\n loaded')).toBe('W05 Lib not loaded')
  expect(plainReason(undefined, 'no such user +91 99999 00001, try 15550001001@c.us')).not.toMatch(/\d{5}/)
  expect(plainReason('a b', undefined)).toBe('')
  expect(plainReason('X', 'y'.repeat(5000)).length).toBe(200)
})
