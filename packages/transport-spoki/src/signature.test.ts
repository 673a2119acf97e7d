import { hmacSha256Hex } from '@wa-agent/transport-kit'
import { describe, expect, test } from 'vitest'
import { isSigned } from './signature.ts'

const secret = 'a-long-random-secret'
const nowMs = 1_760_000_000_000
const seconds = nowMs / 1000
const body = Buffer.from('{"event":"message.inbound"}')
const signed = (time: number | string, signedBody = body) =>
  `t=${time},v2=${hmacSha256Hex(secret, `${time}.`, signedBody)}`
const check = (header: string | null, at = nowMs) => isSigned(header, body, { secret, nowMs: at })

describe('a signature', () => {
  test('is over the time, a dot and the bytes of the body', () => {
    expect(check(signed(seconds))).toBe(true)
    expect(check(signed(seconds).replace(',', ' , '))).toBe(true)
    expect(check(signed(seconds).toUpperCase().replace('T=', 't=').replace('V2=', 'v2='))).toBe(true)
  })

  test('has the value that openssl computes', () => {
    // printf '1760000000.{"event":"message.inbound"}' | openssl dgst -sha256 -hmac a-long-random-secret
    const header = 't=1760000000,v2=7bf4f31dff7cb8e4efb1e18d36debc626c61283f977c0d67d0427100a5737370'
    expect(check(header)).toBe(true)
  })

  test('holds for 300 seconds in both directions', () => {
    for (const offset of [-300, 300]) expect(check(signed(seconds + offset))).toBe(true)
    for (const offset of [-301, 301]) expect(check(signed(seconds + offset))).toBe(false)
  })

  test('may be one of several while the secret is rotated', () => {
    const good = signed(seconds)
    expect(check(good.replace(',', `,v2=${'0'.repeat(64)},`))).toBe(true)
    const many = Array.from({ length: 5 }, () => `v2=${'0'.repeat(64)}`).join(',')
    expect(check(good.replace(',', `,${many},`))).toBe(false)
  })

  test.each<[string, string | null]>([
    ['missing', null],
    ['empty', ''],
    ['without time', `v2=${'0'.repeat(64)}`],
    ['without value', `t=${seconds}`],
    ['of an older version', signed(seconds).replace('v2=', 'v1=')],
    ['of another body', signed(seconds, Buffer.from('{}'))],
    ['of another time', signed(seconds).replace(`t=${seconds}`, `t=${seconds + 1}`)],
    ['with two times', `t=${seconds},${signed(seconds)}`],
    ['with a time that is no number', signed('now')],
    ['with a time in the far past', signed(-1)],
    ['with a time with decimals', signed(`${seconds}.5`)],
    ['cut off', signed(seconds).slice(0, -1)],
  ])('that is %s proves nothing', (_, header) => {
    expect(check(header)).toBe(false)
  })
})
