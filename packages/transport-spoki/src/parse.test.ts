import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { phoneOf } from './ids.ts'
import { parseSpoki } from './parse.ts'

const nowMs = Date.UTC(2026, 0, 1)
const outbound = (data: object) => ({
  event: 'message.outbound',
  data: { uuid: 'm1', to_phone: '+15550001001', ...data },
})
const parse = (body: unknown, handoff = true) => parseSpoki(body, { nowMs, handoff })

describe('outgoing messages', () => {
  test.each([
    ['Sent', 'sent'],
    ['DELIVERED', 'delivered'],
    [' read ', 'read'],
    ['Seen', 'read'],
    ['Failed', 'failed'],
    ['Error', 'failed'],
    ['Undelivered', 'failed'],
  ])('%s is %s', (send_status, status) => {
    expect(parse(outbound({ send_status })).updates).toMatchObject([{ providerId: 'm1', status }])
  })

  test.each(['---', 'Pending', 'Queued', 'constructor', ''])('%s is no status yet', (send_status) => {
    expect(parse(outbound({ send_status })).updates).toEqual([])
  })

  test('a UUID is the same one with and without dashes', () => {
    const ids = ['8992CE12-1474-4cbf-bc0b-c1dbf79b3a7e', '8992ce1214744cbfbc0bc1dbf79b3a7e'].map(
      (uuid) => parse(outbound({ uuid, send_status: 'Sent' })).updates[0]?.providerId,
    )
    expect(ids).toEqual(['8992ce1214744cbfbc0bc1dbf79b3a7e', '8992ce1214744cbfbc0bc1dbf79b3a7e'])
  })

  test('that others wrote are handed over: by a person where no program says that it was it, unless that is turned off', () => {
    const body = { type: 'Message', content_type: 'Text', text: 'I am on it', send_status: 'Sent' }
    const byPerson = { fromMe: true, chat: '+15550001001', text: 'I am on it' }
    const byProgram = { ...byPerson, automated: true }
    const updates = [{ status: 'sent' }]
    expect(parse(outbound(body))).toMatchObject({ messages: [byPerson], updates })
    expect(parse(outbound(body)).messages[0]).not.toHaveProperty('automated')
    expect(parse(outbound({ ...body, metadata: { order: 42 } }))).toMatchObject({ messages: [byProgram], updates })
    expect(parse(outbound(body), false)).toMatchObject({ messages: [byProgram], updates })
  })

  test.each<[string, object]>([
    ['we sent', { metadata: { wa_agent_reply: 'r1' } }],
    ['are templates', { type: 'Template' }],
    ['are templates by their number', { template: 7001 }],
    ['failed', { send_status: 'Failed' }],
    ['have nobody they went to', { to_phone: null }],
  ])('that %s are nobody else’s', (_, data) => {
    expect(parse(outbound({ type: 'Message', content_type: 'Text', text: 'Hi', ...data })).messages).toEqual([])
  })

  test('an empty metadata is none', () => {
    expect(parse(outbound({ text: 'Hi', metadata: {} })).messages).toHaveLength(1)
  })
})

describe('times', () => {
  const atMs = (timestamp: unknown) => parse({ ...outbound({ send_status: 'Sent' }), timestamp }).updates[0]?.atMs
  test('are read as seconds, as milliseconds and as ISO 8601', () => {
    expect(atMs(1683893130.979)).toBe(1683893130979)
    expect(atMs('1683893130.979')).toBe(1683893130979)
    expect(atMs(1683893130979)).toBe(1683893130979)
    expect(atMs('2023-05-12T12:05:30.979+00:00')).toBe(1683893130979)
  })

  test('that are none are those of the arrival', () => {
    for (const wrong of [undefined, null, '', 0, -1, 1e300, 'yesterday', {}]) expect(atMs(wrong)).toBe(nowMs)
  })
})

test('a location without coordinates is none', () => {
  const data = { uuid: 'm1', from_phone: '+15550001001', content_type: 'Location', latitude: null, longitude: null }
  expect(parse({ event: 'message.inbound', data }).messages).toMatchObject([{ type: 'unsupported' }])
})

test('a phone number is written as Spoki wants it, anything else stays as it is', () => {
  for (const number of ['+15550001001', '15550001001', '+1 (555) 000-1001', '15550001001@c.us']) {
    expect(phoneOf(number)).toBe('+15550001001')
  }
  for (const other of ['ana', 'contact:4455', '12', '1'.repeat(16), 'US.1349']) expect(phoneOf(other)).toBe(other)
})

test('nothing that is JSON is an error', () => {
  const word = fc.constantFrom('message.inbound', 'message.outbound', 'Text', 'Image', 'Template', '__proto__', 'Sent')
  const json = fc.jsonValue({ maxDepth: 3 })
  const value = fc.oneof(word, json)
  const field = fc.constantFrom(
    'uuid',
    'from_phone',
    'to_phone',
    'text',
    'type',
    'content_type',
    'send_status',
    'metadata',
  )
  const body = fc.record({ event: word, data: fc.dictionary(fc.oneof(field, fc.constant('mediamessage_set')), value) })
  fc.assert(
    fc.property(fc.oneof(json, body), (one) => {
      expect(parse(one)).toHaveProperty('messages')
    }),
    { seed: 20_261_121, numRuns: 500, examples: [[null], [[]], ['text'], [{}]] },
  )
})
