import { expect, test } from 'vitest'
import { clientAddress } from './address.ts'

test('believes no header unless there is a proxy that writes it', () => {
  expect(clientAddress('203.0.113.1', '198.51.100.7', 0)).toBe('203.0.113.1')
  expect(clientAddress(undefined, '198.51.100.7', 0)).toBeUndefined()
})

test('takes what the outermost trusted proxy saw, whatever the client wrote before it', () => {
  expect(clientAddress('10.0.0.1', 'spoofed, 198.51.100.7', 1)).toBe('198.51.100.7')
  expect(clientAddress('10.0.0.1', '1.1.1.1, 198.51.100.7, 10.0.0.2', 2)).toBe('198.51.100.7')
  expect(clientAddress('10.0.0.1', '198.51.100.7:4711', 1)).toBe('198.51.100.7')
  expect(clientAddress('10.0.0.1', 'not an address', 1)).toBe('10.0.0.1')
  expect(clientAddress('10.0.0.1', null, 1)).toBe('10.0.0.1')
  expect(clientAddress('10.0.0.1', '198.51.100.7', 3)).toBe('10.0.0.1')
})

test('counts the first 64 bits of IPv6 as one, and IPv4 as itself however it is written', () => {
  expect(clientAddress('2001:db8:1:2:3:4:5:6', undefined, 0)).toBe('2001:db8:1:2::/64')
  expect(clientAddress('2001:DB8:1:2::9', undefined, 0)).toBe('2001:db8:1:2::/64')
  expect(clientAddress('2001:0db8:0001:0002::9', undefined, 0)).toBe('2001:db8:1:2::/64')
  expect(clientAddress('2001:db8::1', undefined, 0)).toBe('2001:db8:0:0::/64')
  expect(clientAddress('::1', undefined, 0)).toBe('0:0:0:0::/64')
  expect(clientAddress('fe80::1%eth0', undefined, 0)).toBe('fe80:0:0:0::/64')
  expect(clientAddress('::ffff:203.0.113.1', undefined, 0)).toBe('203.0.113.1')
  expect(clientAddress('10.0.0.1', '[2001:db8:1:2::9]:443', 1)).toBe('2001:db8:1:2::/64')
})
