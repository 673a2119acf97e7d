import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { isWaAgentError, WaAgentError } from './errors.ts'
import {
  type InboundMessage,
  type InboundMessageInput,
  type OutboundMessage,
  type OutboundMessageInput,
  parseInboundMessage,
  parseOutboundMessage,
  textOf,
} from './message.ts'

const base = { id: 'm1', chat: 'c1', from: { id: 'c1' }, sentAtMs: 1 }
const media = { reference: 'r1' }

function errorOf(work: () => unknown): WaAgentError {
  try {
    work()
  } catch (error) {
    if (error instanceof WaAgentError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('an inbound message', () => {
  const inputs: InboundMessageInput[] = [
    { ...base, type: 'text', text: 'hi' },
    { ...base, type: 'image', media, caption: 'a box' },
    { ...base, type: 'video', media },
    { ...base, type: 'audio', media, voice: true },
    { ...base, type: 'document', media: { ...media, fileName: 'a.pdf', mimeType: 'application/pdf', sizeBytes: 12 } },
    { ...base, type: 'sticker', media },
    { ...base, type: 'location', latitude: 1, longitude: 2, name: 'Shop' },
    { ...base, type: 'contacts', contacts: [{ name: 'Ana' }] },
    { ...base, type: 'reaction', emoji: '', to: 'm0' },
    { ...base, type: 'selection', selection: { id: 'a', title: 'A' } },
    { ...base, type: 'order', items: [{ productId: 'p', quantity: 2 }], text: 'please' },
    { ...base, type: 'unsupported', originalType: 'poll' },
  ]
  test.each(inputs.map((input) => [input.type, input] as const))(
    'of type %s keeps what it says and gets its defaults',
    (_, input) => {
      const message = parseInboundMessage(input)
      expect(message).toMatchObject({ ...input, from: { id: 'c1', aliases: [] }, fromMe: false, isGroup: false })
      expect(parseInboundMessage(message)).toEqual(message)
    },
  )

  test('of an unknown type becomes unsupported', () => {
    const message = parseInboundMessage({ ...base, type: 'poll', question: 'Which?' })
    expect(message).toMatchObject({ type: 'unsupported', originalType: 'poll', id: 'm1' })
    for (const type of ['constructor', '__proto__', 'toString', '', 'Text']) {
      expect(parseInboundMessage({ ...base, type })).toMatchObject({ type: 'unsupported', originalType: type })
    }
  })

  test('that is wrong names the field and says nothing of what it holds', () => {
    const error = errorOf(() => parseInboundMessage({ ...base, type: 'text', text: 5, from: { id: '+49 170' } }))
    expect(error).toMatchObject({ code: 'invalid_message', retryable: false })
    expect(error.message).toContain('"text" is wrong')
    expect(error.message).not.toContain('170')
    expect(errorOf(() => parseInboundMessage(null)).message).toContain('"message" is wrong')
  })

  test('keeps ids of any kind', () => {
    for (const id of ['__proto__', 'constructor', '49170@c.us', '123@lid', 'a/b', '👍', ' ']) {
      const message = parseInboundMessage({
        ...base,
        id,
        chat: id,
        from: { id, aliases: [{ kind: 'lid', value: id }] },
        type: 'text',
        text: '',
      })
      expect([message.id, message.chat, message.from.id, message.from.aliases[0]?.value]).toEqual([id, id, id, id])
    }
  })

  test('takes no property over from a prototype', () => {
    const input = JSON.parse(
      '{"__proto__":{"fromMe":true,"isGroup":true},"type":"text","text":"hi","id":"m","chat":"c","from":{"id":"c","__proto__":{"name":"x"}},"sentAtMs":1}',
    )
    const message = parseInboundMessage(input)
    expect(message).toMatchObject({ fromMe: false, isGroup: false })
    expect(message.from.name).toBeUndefined()
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype)
  })

  test('can be stored by any store: no lone surrogate and no NUL is left', () => {
    const broken = 'a\ud83d\u0000b'
    const message = parseInboundMessage({
      ...base,
      id: broken,
      chat: broken,
      from: { id: broken, name: broken },
      type: 'selection',
      selection: { id: broken, title: broken },
    })
    expect(JSON.stringify(message)).not.toMatch(/\\ud83d|\\u0000/)
    expect(message.id).toBe('a\ufffd\ufffdb')
  })

  test('keeps a text of 1 MB, right-to-left and emoji as they are', () => {
    for (const text of ['x'.repeat(1_000_000), '\u202eabc\u202c مرحبا', '👨‍👩‍👧', '\u200b']) {
      expect(textOf(parseInboundMessage({ ...base, type: 'text', text }))).toBe(text)
    }
  })

  test('whatever comes in, a message or a WaAgentError comes out', () => {
    const values = fc.oneof(fc.jsonValue(), fc.anything())
    const types = fc.constantFrom(
      'text',
      'image',
      'order',
      'selection',
      'contacts',
      'reaction',
      'location',
      'nonsense',
      5,
      null,
    )
    const almost = fc.record(
      {
        ...Object.fromEntries(Object.entries(base).map(([key, value]) => [key, fc.oneof(fc.constant(value), values)])),
        type: types,
        text: values,
        media: values,
        items: values,
        contacts: values,
        selection: values,
        emoji: values,
        to: values,
        latitude: values,
        longitude: values,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(values, almost), (input) => {
        try {
          expect(parseInboundMessage(input)).toHaveProperty('type')
        } catch (error) {
          if (!isWaAgentError(error)) throw error
          expect(error.code).toBe('invalid_message')
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('an outbound message', () => {
  test('that cannot be sent names the field', () => {
    const wrong: [unknown, string][] = [
      [{ type: 'text' }, '"text"'],
      [{ type: 'image', media: {} }, '"media"'],
      [{ type: 'image', media: { url: 'no url' } }, '"media'],
      [{ type: 'buttons', text: 'x', buttons: [] }, '"buttons"'],
      [{ type: 'buttons', text: 'x', buttons: [{ id: 'a', title: ' \u200b' }] }, '"buttons.0.title"'],
      [{ type: 'list', text: 'x', button: 'y', sections: [{ rows: [] }] }, '"sections.0.rows"'],
      [{ type: 'poll' }, '"type"'],
      ['hello', '"message"'],
    ]
    for (const [input, field] of wrong) {
      const error = errorOf(() => parseOutboundMessage(input))
      expect(error).toMatchObject({ code: 'invalid_output', retryable: false })
      expect(error.message).toContain(field)
    }
  })

  test('gets its defaults and no lone surrogate', () => {
    expect(parseOutboundMessage({ type: 'audio', media: { url: 'https://shop.example/a.ogg' } })).toMatchObject({
      voice: false,
    })
    expect(parseOutboundMessage({ type: 'text', text: 'a\ud83d' })).toEqual({ type: 'text', text: 'a\ufffd' })
  })

  test('takes a file of 10 MB', () => {
    const base64 = Buffer.alloc(10_000_000, 'x').toString('base64')
    const file = { base64, mimeType: 'image/png' }
    expect(parseOutboundMessage({ type: 'image', media: file })).toEqual({ type: 'image', media: file })
  })
})

test('the words of a message are its text, caption, title or place', () => {
  const inbound: [InboundMessageInput, string][] = [
    [{ ...base, type: 'text', text: 'hi' }, 'hi'],
    [{ ...base, type: 'image', media, caption: 'a box' }, 'a box'],
    [{ ...base, type: 'document', media }, ''],
    [{ ...base, type: 'selection', selection: { id: 'a', title: 'A' } }, 'A'],
    [{ ...base, type: 'reaction', emoji: '👍', to: 'm0' }, '👍'],
    [{ ...base, type: 'order', items: [], text: 'please' }, 'please'],
    [{ ...base, type: 'location', latitude: 1, longitude: 2, name: 'Shop', address: 'Main St' }, 'Shop, Main St'],
    [{ ...base, type: 'contacts', contacts: [] }, ''],
    [{ ...base, type: 'unsupported', originalType: 'poll' }, ''],
  ]
  for (const [input, words] of inbound) expect(textOf(parseInboundMessage(input)), input.type).toBe(words)
  expect(textOf({ type: 'template', name: 'n', language: 'en', parameters: ['a', 'b'] })).toBe('a b')
})

test('messages are unions that their type tells apart', () => {
  type Of<Message, Type> = Extract<Message, { type: Type }>
  expectTypeOf<Of<InboundMessage, 'text'>['text']>().toEqualTypeOf<string>()
  expectTypeOf<Of<InboundMessage, 'selection'>['selection']>().toEqualTypeOf<{ id: string; title: string }>()
  expectTypeOf<Of<InboundMessage, 'audio'>['voice']>().toEqualTypeOf<boolean>()
  expectTypeOf<Of<InboundMessageInput, 'audio'>['voice']>().toEqualTypeOf<boolean | undefined>()
  expectTypeOf<Of<OutboundMessage, 'template'>['parameters']>().toEqualTypeOf<string[]>()
  expectTypeOf<{ type: 'text'; text: string }>().toExtend<OutboundMessageInput>()
  expectTypeOf<{ type: 'poll' }>().not.toExtend<OutboundMessageInput>()
})
