import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseMaytapi } from './parse.ts'

const options = { nowMs: Date.UTC(2026, 0, 1), productId: 'p', phoneId: '1' }
const chat = '15550001001@c.us'
const messageEvent = (message: object, fields: object = {}) => ({
  type: 'message',
  conversation: chat,
  user: { id: chat },
  timestamp: 1_760_000_000,
  message: { id: 'm1', fromMe: false, ...message },
  ...fields,
})
const messageOf = (message: object, fields: object = {}) =>
  parseMaytapi(messageEvent(message, fields), options)?.messages[0]

describe('messages', () => {
  test('a time that cannot be one is that of the arrival; milliseconds are understood', () => {
    const sentAtMs = (timestamp: unknown) => messageOf({ type: 'text', text: 'Hi' }, { timestamp })?.sentAtMs
    expect(sentAtMs(1_760_000_000)).toBe(1_760_000_000_000)
    expect(sentAtMs('1760000000')).toBe(1_760_000_000_000)
    expect(sentAtMs(1_760_000_000_123)).toBe(1_760_000_000_123)
    for (const wrong of [undefined, null, 0, -1, 1e300, 'yesterday', {}]) expect(sentAtMs(wrong)).toBe(options.nowMs)
  })

  test('a number in place of a text is a text', () => {
    expect(messageOf({ type: 'text', text: 42 })).toMatchObject({ type: 'text', text: '42' })
  })

  test('a chosen button is a selection where its id is told, otherwise its words', () => {
    expect(messageOf({ type: 'buttons_response', text: 'Yes', selectedId: 'yes' })).toMatchObject({
      type: 'selection',
      selection: { id: 'yes', title: 'Yes' },
      source: 'button',
    })
    expect(messageOf({ type: 'list_response', selectedId: 'row' })).toMatchObject({
      selection: { id: 'row', title: 'row' },
      source: 'list',
    })
    expect(messageOf({ type: 'buttons_response', text: 'Yes' })).toMatchObject({ type: 'text', text: 'Yes' })
  })

  test('a reaction without its target or its emoji is kept as unsupported', () => {
    expect(messageOf({ type: 'reaction', reaction: '👍' })).toMatchObject({
      type: 'unsupported',
      originalType: 'reaction',
    })
    expect(messageOf({ type: 'reaction', msgId: 'm0' })).toMatchObject({ type: 'unsupported' })
    expect(messageOf({ type: 'reaction', emoji: '' }, { quoted: { id: 'm0' } })).toMatchObject({ emoji: '', to: 'm0' })
  })

  test('a type that is no word is not repeated', () => {
    expect(messageOf({ type: '<script>' })).toMatchObject({ type: 'unsupported', originalType: 'unknown' })
  })

  test('a message without id cannot be told from its repetition, and is left out', () => {
    const parsed = parseMaytapi(messageEvent({ type: 'text', text: 'Hi', id: undefined }), options)
    expect(parsed).toMatchObject({ messages: [], ignored: ['text without id or chat'] })
  })
})

describe('statuses', () => {
  test('a batch of a thousand is read in its order', () => {
    const data = Array.from({ length: 1000 }, (_, index) => ({ ackCode: 2, msgId: `m${index}`, time: 1_760_000_000 }))
    const updates = parseMaytapi({ type: 'ack', data }, options)?.updates ?? []
    expect(updates.map(({ providerId }) => providerId)).toEqual(data.map(({ msgId }) => msgId))
    expect(new Set(updates.map(({ status }) => status))).toEqual(new Set(['delivered']))
  })

  test('a code that is no number leaves it to the type', () => {
    const data = [{ ackCode: null, ackType: 'seen', msgId: 'm1', time: '1760000000' }]
    expect(parseMaytapi({ type: 'ack', data }, options)?.updates).toMatchObject([
      { status: 'read', atMs: 1_760_000_000_000 },
    ])
  })

  test('codes and types that are not known are ignored', () => {
    const data = [{ ackCode: 0, msgId: 'm1' }, { ackCode: 99, ackType: 'seen', msgId: 'm1' }, { ackType: 'toString' }]
    expect(parseMaytapi({ type: 'ack', data }, options)).toMatchObject({ updates: [], ignored: ['ack', 'ack', 'ack'] })
  })

  test('a reaction without an id of its own gets the same one each time', () => {
    const data = { chatId: chat, msgId: 'm1', reaction: '👍', reactorId: chat, time: 1_760_000_000 }
    const ids = [data, data].map((ack) => parseMaytapi({ type: 'ack', data: [ack] }, options)?.messages[0]?.id)
    expect(ids[0]).toBeTruthy()
    expect(ids[0]).toBe(ids[1])
  })

  test('the reason of a failure tells no number', () => {
    const event = { type: 'error', code: 'F09', message: 'No WhatsApp on +1 555 000 1001.', data: { id: 'm1' } }
    expect(parseMaytapi(event, options)?.updates).toEqual([
      { providerId: 'm1', status: 'failed', atMs: options.nowMs, reason: 'F09 No WhatsApp on [number].' },
    ])
  })
})

test('nothing that is JSON is an error', () => {
  const word = fc.constantFrom('message', 'ack', 'status', 'error', 'live_event', 'text', 'image', 'vcard', '__proto__')
  const json = fc.jsonValue({ maxDepth: 3 })
  const value = fc.oneof(word, json)
  const event = fc.record(
    {
      type: word,
      message: fc.oneof(fc.dictionary(fc.constantFrom('type', 'id', 'text', 'fromMe', 'vcardList'), value), json),
      data: json,
      user: json,
      conversation: value,
      quoted: json,
      status: value,
    },
    { requiredKeys: ['type'] },
  )
  fc.assert(
    fc.property(fc.oneof(json, event), (body) => {
      expect(parseMaytapi(body, options)).toBeDefined()
    }),
    { seed: 20_261_121, numRuns: 500, examples: [[null], [[]], ['text'], [{}]] },
  )
})
