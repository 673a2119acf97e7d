import { isAbsolute } from 'node:path'
import { describe, expect, test } from 'vitest'
import { settingsOf, type WebjsTransportOptions } from './options.ts'

describe('the options', () => {
  test('may all be left out', () => {
    const settings = settingsOf({})
    expect(settings).toMatchObject({ tenant: 'default', channel: 'main', clientId: 'default-main', groups: false })
    expect(isAbsolute(settings.sessionDir)).toBe(true)
    expect(settings.limits.cold?.perDay).toBe(100)
  })

  test('give channels whose names differ folders that differ', () => {
    const names = [
      ['a', 'b'],
      ['a.b', 'c'],
      ['a:b', 'c'],
      ['a', 'b-c'],
      ['a-b', 'c'],
    ].map(([tenant = '', channel = '']) => settingsOf({ tenant, channel }).clientId)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[-_A-Za-z0-9]+$/)
  })

  test.each<readonly [WebjsTransportOptions, RegExp]>([
    [{ tenant: '' }, /`tenant` to be a text that is not empty/],
    [{ sessionDir: ' ' }, /`sessionDir`/],
    [{ clientId: 'a/b' }, /`clientId` to be letters, digits/],
    [{ pairWithPhone: { phone: '+1 555' } }, /`pairWithPhone\.phone` to be a number in international form/],
    [{ heartbeatMs: 0 }, /`heartbeatMs` to be a whole number above 0, got 0/],
    [{ catchUp: { chats: -1 } }, /`catchUp\.chats`/],
    [{ typing: { leastMs: Number.NaN } }, /`typing\.leastMs`/],
  ])('%o is refused', (options, expected) => {
    const check = () => settingsOf(options)
    expect(check).toThrow(expect.objectContaining({ code: 'invalid_options' }))
    expect(check).toThrow(expected)
  })

  test('are not changed', () => {
    const options = Object.freeze({
      browserArgs: Object.freeze(['--a']),
      limits: Object.freeze({ messagesPerSecond: 9 }),
    })
    expect(settingsOf(options)).toMatchObject({ browserArgs: ['--a'], limits: { messagesPerSecond: 9, perChat: {} } })
  })
})
