import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { isSigned } from './signature.ts'

const secret = 'a-shared-secret'
const sign = (text: string | Uint8Array) => createHmac('sha256', secret).update(text).digest('hex')
const compact = JSON.stringify({ topic: 'message.created', data: { text: 'नमस्ते 👋' } })
const spaced = `${JSON.stringify(JSON.parse(compact), null, 2)}\n`
const bytes = (text: string) => new TextEncoder().encode(text)

test('a signature over the bytes is right', () => {
  expect(isSigned(bytes(compact), sign(compact), secret)).toBe(true)
  expect(isSigned(bytes(spaced), sign(spaced), secret)).toBe(true)
})

test('a signature over the compact form of a body that is written otherwise is right', () => {
  expect(isSigned(bytes(spaced), sign(compact), secret)).toBe(true)
  const escaped = compact.replace(/[^\x20-\x7e]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
  expect(isSigned(bytes(escaped), sign(compact), secret)).toBe(true)
})

test('a prefix, capitals and spaces around it change nothing', () => {
  expect(isSigned(bytes(compact), `sha256=${sign(compact)}`, secret)).toBe(true)
  expect(isSigned(bytes(compact), ` SHA256=${sign(compact).toUpperCase()} `, secret)).toBe(true)
})

test.each([
  ['none', null],
  ['an empty one', ''],
  ['only a prefix', 'sha256='],
  ['one under another secret', createHmac('sha256', 'other').update(compact).digest('hex')],
  ['one of another body', sign(`${compact} `)],
  ['one that is cut', sign(compact).slice(0, 63)],
  ['one that is longer', `${sign(compact)}0`],
  ['no hexadecimal', 'z'.repeat(64)],
])('%s is wrong', (_, signature) => {
  expect(isSigned(bytes(compact), signature, secret)).toBe(false)
})

test('a wrong signature of what is no JSON, no UTF-8 or nested without end is wrong and no error', () => {
  const wrong = 'a'.repeat(64)
  for (const body of [bytes('{'), Uint8Array.of(0xff, 0xfe), bytes('['.repeat(100_000) + ']'.repeat(100_000))]) {
    expect(isSigned(body, wrong, secret)).toBe(false)
  }
})

test('a right signature of a body that is no JSON is right: what it says is somebody else’s question', () => {
  expect(isSigned(bytes('{'), sign('{'), secret)).toBe(true)
})

test('a large body is only right as it is, so that a wrong signature costs little', () => {
  const large = JSON.stringify({ text: 'x'.repeat(300_000) }, null, 1)
  expect(isSigned(bytes(large), sign(large), secret)).toBe(true)
  expect(isSigned(bytes(large), sign(JSON.stringify(JSON.parse(large))), secret)).toBe(false)
})
