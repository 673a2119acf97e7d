import type { InboundMessageInput, OutboundMessage } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { OwnMessages } from './own-messages.ts'
import { renderMaytapi } from './render.ts'

const chat = '15550001001@c.us'
const minuteMs = 60_000

function sent(message: OutboundMessage, own = new OwnMessages(), fields: { chat?: string; atMs?: number } = {}) {
  const delivery = { id: 'r1', chat: fields.chat ?? chat, message, inReplyTo: [], attempt: 1 }
  const body = renderMaytapi(delivery, { file: 'x', skipFilter: false }) ?? {}
  own.begin({ delivery, body }, fields.atMs ?? 0)('uuid')
  return own
}

function echo(content: object, fields: Partial<InboundMessageInput> = {}): InboundMessageInput {
  const base = { id: 'true_1', chat, from: { id: 'me' }, fromMe: true, sentAtMs: 0 }
  return { ...base, ...content, ...fields } as InboundMessageInput
}

const media = { url: 'https://files.example/a' }
const reference = { media: { reference: 'https://cdnydm.com/a' } }

describe('an echo is recognised', () => {
  test.each<[OutboundMessage, object]>([
    [
      { type: 'text', text: 'Hello ' },
      { type: 'text', text: 'Hello' },
    ],
    [
      { type: 'image', media, caption: 'Look' },
      { type: 'image', caption: 'Look', ...reference },
    ],
    [
      { type: 'document', media },
      { type: 'document', ...reference },
    ],
    [
      { type: 'audio', media, voice: true },
      { type: 'audio', ...reference },
    ],
    [
      { type: 'location', latitude: 1, longitude: 2, name: 'Shop' },
      { type: 'location', latitude: 1, longitude: 2 },
    ],
    [
      { type: 'contacts', contacts: [{ name: 'Ana', phones: [], emails: [] }] },
      { type: 'contacts', contacts: [] },
    ],
    [
      { type: 'contacts', contacts: ['Ana', 'Ben'].map((name) => ({ name, phones: [], emails: [] })) },
      { type: 'text', text: 'Ana\nBen' },
    ],
    [
      { type: 'buttons', text: 'Sure?', buttons: [{ id: 'y', title: 'Yes' }] },
      { type: 'text', text: 'Sure?' },
    ],
    [
      { type: 'buttons', text: 'Sure?', buttons: [{ id: 'y', title: 'Yes' }] },
      { type: 'unsupported', originalType: 'buttons' },
    ],
    [
      { type: 'reaction', emoji: '👍', to: 'm1' },
      { type: 'reaction', emoji: '👍', to: 'm1' },
    ],
  ])('of %j', (message, content) => {
    expect(sent(message).recognise(echo(content), minuteMs).id).toBe('uuid')
  })

  test('in a chat that was written to by its number alone', () => {
    const own = sent({ type: 'text', text: 'Hello' }, new OwnMessages(), { chat: '+15550001001' })
    expect(own.recognise(echo({ type: 'text', text: 'Hello' }), 0).id).toBe('uuid')
  })

  test('each time it comes', () => {
    const own = sent({ type: 'text', text: 'Hello' })
    const ids = [1, 2].map(() => own.recognise(echo({ type: 'text', text: 'Hello' }), 0).id)
    expect(ids).toEqual(['uuid', 'uuid'])
  })
})

test('an echo that comes before the answer keeps its id, however often it comes', () => {
  const own = new OwnMessages()
  const delivery = { id: 'r1', chat, message: { type: 'text', text: 'Hello' } as const, inReplyTo: [], attempt: 1 }
  const answered = own.begin({ delivery, body: {} }, 0)
  const id = () => own.recognise(echo({ type: 'text', text: 'Hello' }), 0).id
  expect(id()).toBe('true_1')
  answered('uuid')
  expect(id()).toBe('true_1')
  own.pair({ rxid: 'true_1', msgId: 'uuid' })
  expect(id()).toBe('true_1')
  // What the owner writes then is another message.
  expect(own.recognise(echo({ type: 'text', text: 'Hello' }, { id: 'true_2' }), 0).id).toBe('true_2')
  expect(own.replyOf('uuid')).toBe('r1')
})

test('an echo that an acknowledgement told is no other one', () => {
  const own = sent({ type: 'text', text: 'Hello' })
  own.pair({ rxid: 'true_1', msgId: 'uuid' })
  expect(own.recognise(echo({ type: 'text', text: 'Hello' }), 0).id).toBe('uuid')
  expect(own.recognise(echo({ type: 'text', text: 'Hello' }, { id: 'true_2' }), 0).id).toBe('true_2')
})

describe('a message stays what it is', () => {
  const hello = () => sent({ type: 'text', text: 'Hello' })
  test.each<[string, InboundMessageInput, number]>([
    ['with other words', echo({ type: 'text', text: 'Hi' }), 0],
    ['of another type', echo({ type: 'image', caption: 'Hello', ...reference }), 0],
    ['in another chat', echo({ type: 'text', text: 'Hello' }, { chat: '15550001002@c.us' }), 0],
    ['from the customer', echo({ type: 'text', text: 'Hello' }, { fromMe: false }), 0],
    ['long after', echo({ type: 'text', text: 'Hello' }), 15 * minuteMs],
  ])('%s', (_, message, nowMs) => {
    expect(hello().recognise(message, nowMs)).toBe(message)
  })
})

test('what is remembered has a bound', () => {
  const own = new OwnMessages()
  const delivery = { id: 'r', chat, message: { type: 'text', text: 'Hello' } as const, inReplyTo: [], attempt: 1 }
  for (let index = 0; index < 6000; index += 1) {
    own.begin({ delivery: { ...delivery, id: `r${index}` }, body: {} }, index)(`uuid-${index}`)
    own.pair({ rxid: `true_${index}`, msgId: `uuid-${index}` })
  }
  expect([own.replyOf('uuid-0'), own.replyOf('uuid-5999')]).toEqual([undefined, 'r5999'])
  expect(own.recognise(echo({ type: 'sticker', ...reference }, { id: 'true_5999' }), 0).id).toBe('uuid-5999')
  expect(own.recognise(echo({ type: 'sticker', ...reference }, { id: 'true_0' }), 0).id).toBe('true_0')
})
