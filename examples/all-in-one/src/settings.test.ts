import { expect, test } from 'vitest'
import { readSettings } from './settings.ts'

test('what is blank is not set', () => {
  expect(readSettings({ PORT: ' ', OPENAI_BASE_URL: '   ' })).toMatchObject({ PORT: 3000 })
})

test.each([
  'nowhere',
  'ftp://example.com',
  'https://u:p@example.com/v1',
  'https://example.com?x=1',
  'http://a.example/#x',
])('takes no address of more than a host and a path: %s', (value) => {
  expect(() => readSettings({ OPENAI_BASE_URL: value })).toThrow('  OPENAI_BASE_URL: Expected an address')
})
