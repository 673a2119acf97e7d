import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { completeIds, isOurs, messageIdsOf, serializedKey, textOfId } from './ids.ts'

describe('the key of a message', () => {
  test('is as WhatsApp Web writes it, also where that no longer tells', () => {
    expect(serializedKey({ fromMe: false, remote: '1555@c.us', id: '3A1' })).toBe('false_1555@c.us_3A1')
    const participant = { _serialized: '1666@c.us' }
    const remote = { _serialized: '1203@g.us' }
    expect(serializedKey({ fromMe: true, remote, id: '3A1', participant })).toBe('true_1203@g.us_3A1_1666@c.us')
    expect(serializedKey({ fromMe: true, remote, id: '3A1', _serialized: 'as it is' })).toBe('as it is')
  })

  test('is completed where it lacks what the library looks for, and left alone where it does not', () => {
    const key = { fromMe: false, remote: '1555@c.us', id: '3A1' }
    expect(completeIds({ id: key }).id).toEqual({ ...key, _serialized: 'false_1555@c.us_3A1' })
    const whole = { ...key, _serialized: 'x' }
    expect(completeIds({ id: whole }).id).toBe(whole)
  })
})

test('an id is text, however it is written', () => {
  expect(['a@c.us', { _serialized: 'a@c.us' }, '', {}, null, 7, { _serialized: 7 }].map(textOfId)).toEqual([
    'a@c.us',
    'a@c.us',
    ...Array(5).fill(undefined),
  ])
})

describe('the ids of a reply at WhatsApp', () => {
  const reply = fc.record({ tenant: fc.string(), channel: fc.string(), id: fc.string() })

  test('are the same at every attempt, differ between replies and channels, and look like those of WhatsApp Web', () => {
    fc.assert(
      fc.property(reply, reply, (one, other) => {
        const ids = messageIdsOf(one)
        expect(new Set(ids).size).toBe(4)
        for (const id of ids) expect(id).toMatch(/^3EB0[0-9A-F]{18}$/)
        expect(messageIdsOf({ ...one })).toEqual(ids)
        const isSame = JSON.stringify(one) === JSON.stringify(other)
        expect(messageIdsOf(other)[0] === ids[0]).toBe(isSame)
      }),
    )
  })

  test('are known as ours without anything being remembered, and only by their channel', () => {
    fc.assert(
      fc.property(reply, (one) => {
        for (const id of messageIdsOf(one)) {
          expect(isOurs(one, id)).toBe(true)
          expect(isOurs({ ...one, channel: `${one.channel}x` }, id)).toBe(false)
        }
      }),
    )
    const channel = { tenant: 'default', channel: 'main' }
    expect(['3EB0C767D71A7F4E1C2B3A', '3A66BF2A1E109400000001', ''].map((id) => isOurs(channel, id))).toEqual([
      false,
      false,
      false,
    ])
  })
})
