import { parseInboundMessage } from '@wa-agent/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseMetaWebhook } from './parse-webhook.ts'

const nowMs = 1_764_100_000_000
const text = { from: '16505551234', id: 'wamid.1', timestamp: '1764000000', type: 'text', text: { body: 'hello' } }

function webhook(value: unknown, field: unknown = 'messages') {
  return { object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field, value }] }] }
}

const read = (body: unknown, phoneNumberId?: string) => parseMetaWebhook(body, { nowMs, phoneNumberId })

test('a thousand messages and statuses are read in their order', () => {
  const messages = Array.from({ length: 1000 }, (_, index) => ({ ...text, id: `m${index}` }))
  const statuses = Array.from({ length: 1000 }, (_, index) => ({ id: `s${index}`, status: 'read', timestamp: '1' }))
  const parsed = read(webhook({ messages, statuses }))
  expect(parsed.messages.map(({ id }) => id)).toEqual(messages.map(({ id }) => id))
  expect(parsed.updates.map(({ providerId }) => providerId)).toEqual(statuses.map(({ id }) => id))
})

test('what is malformed is left out, and what stands beside it is read', () => {
  const messages = [null, 7, {}, { ...text, id: '' }, { ...text, from: undefined }, text]
  const statuses = [null, { status: 'read' }, { id: 's', status: 7 }, { id: 's', status: 'read', timestamp: 'soon' }]
  const parsed = read(webhook({ messages, statuses }))
  expect(parsed.messages).toHaveLength(1)
  expect(parsed.updates).toEqual([{ providerId: 's', status: 'read', atMs: nowMs }])
  expect(parsed.ignored).toHaveLength(8)
})

test('times are understood in seconds, as text or as a number, and in milliseconds', () => {
  const timestamps = ['1764000000', 1_764_000_000, '1764000000000', undefined, 'soon', -5, {}]
  const messages = timestamps.map((timestamp, index) => ({ ...text, id: `m${index}`, timestamp }))
  const times = read(webhook({ messages })).messages.map(({ sentAtMs }) => sentAtMs)
  const known = 1_764_000_000_000
  expect(times).toEqual([known, known, known, nowMs, nowMs, nowMs, nowMs])
})

test('one name belongs to one sender, also where the number is written in another way', () => {
  const brazilian = { ...text, from: '5511987654321' }
  const contacts = [{ profile: { name: 'Bia' }, wa_id: '551187654321', user_id: 'BR.1' }]
  expect(read(webhook({ contacts, messages: [brazilian] })).messages[0]?.from).toEqual({
    id: '5511987654321',
    name: 'Bia',
    aliases: [{ kind: 'phone', value: '5511987654321' }],
  })
  const others = [...contacts, { profile: { name: 'Ana' }, wa_id: '1' }]
  expect(read(webhook({ contacts: others, messages: [brazilian] })).messages[0]?.from.name).toBeUndefined()
})

test('what is for another number is left out only where a number is asked for', () => {
  const body = webhook({ metadata: { phone_number_id: '1' }, messages: [text] })
  expect(read(body, '1').messages).toHaveLength(1)
  expect(read(body).messages).toHaveLength(1)
  expect(read(body, '2')).toEqual({ messages: [], updates: [], ignored: ['another number'] })
  expect(read(webhook({ messages: [text] }), '2').messages).toHaveLength(1)
})

test.each([null, 7, 'x', [], {}, { entry: {} }, { entry: [null] }, { entry: [{ changes: 7 }] }, webhook(null)])(
  'nothing is read from %j',
  (body) => {
    expect(read(body)).toMatchObject({ messages: [], updates: [] })
  },
)

test('whatever comes, nothing is thrown, and what is read is valid', () => {
  const type = fc.constantFrom(
    'text',
    'image',
    'location',
    'contacts',
    'reaction',
    'button',
    'interactive',
    'order',
    'edit',
  )
  const anything = fc.anything({ withNullPrototype: true, withBigInt: false })
  const message = fc.oneof(
    anything,
    fc
      .tuple(type, anything, anything)
      .map(([type, content, other]) => ({ ...text, type, [type]: content, context: other })),
    fc.dictionary(fc.constantFrom('from', 'id', 'timestamp', 'type', 'group_id', 'from_user_id', 'text'), anything),
  )
  const value = fc.record({ messages: fc.array(message), statuses: fc.array(anything), contacts: anything })
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        value.map((one) => webhook(one)),
        value.map((one) => webhook(one, one.contacts)),
      ),
      (body) => {
        for (const one of read(body).messages) parseInboundMessage(one)
      },
    ),
    { seed: 20_261_121, numRuns: 1000 },
  )
})
