import { describe, expect, test } from 'vitest'
import type { OutboundMessage } from '../message.ts'
import type { Capabilities } from '../transport.ts'
import { adaptMessage } from './adapt.ts'

const everything: Capabilities = {
  types: [
    ...(['text', 'image', 'video', 'audio', 'document', 'sticker', 'location'] as const),
    ...(['contacts', 'reaction', 'template', 'buttons', 'list'] as const),
  ],
  maxTextLength: 40,
  maxCaptionLength: 10,
  maxButtons: 3,
  maxListRows: 10,
  quotes: true,
}
const textOnly: Capabilities = { ...everything, types: ['text'], maxTextLength: 4096, quotes: false }
const url = 'https://shop.example/box.jpg'
const replyTo = { id: 'm1' }
const sizes = [
  { id: 's', title: 'Small' },
  { id: 'l', title: 'Large', description: '40 cm' },
]
const buttons: OutboundMessage = { type: 'buttons', text: 'Which size?', buttons: sizes, footer: 'Free delivery' }
const list: OutboundMessage = {
  type: 'list',
  text: 'What?',
  button: 'Products',
  sections: [
    { title: 'Boxes', rows: sizes },
    { title: 'Tape', rows: [{ id: 't', title: 'Tape' }] },
  ],
}

describe('where a transport can do it', () => {
  const messages: OutboundMessage[] = [
    { type: 'text', text: 'Hello' },
    { type: 'image', media: { url }, caption: 'A box' },
    { type: 'audio', media: { url }, voice: true },
    { type: 'sticker', media: { url } },
    { type: 'location', latitude: 1, longitude: 2 },
    { type: 'contacts', contacts: [{ name: 'Ana', phones: ['+1'], emails: [] }] },
    { type: 'reaction', emoji: '👍', to: 'm1' },
    { type: 'template', name: 'hi', language: 'en', parameters: [] },
  ]
  test.each(messages.map((message) => [message.type, message] as const))('a %s stays as it is', (_, message) => {
    const quoting = { ...message, replyTo }
    expect(adaptMessage(quoting, everything)).toEqual({ messages: [quoting] })
  })

  test('choices stay as they are, and are known by their place', () => {
    const choices = sizes.map(({ id, title }) => ({ id, title }))
    expect(adaptMessage(buttons, everything)).toEqual({ messages: [buttons], choices })
    expect(adaptMessage(list, everything)).toEqual({
      messages: [list],
      choices: [...choices, { id: 't', title: 'Tape' }],
    })
  })
})

describe('where a transport cannot', () => {
  test('buttons become a numbered text', () => {
    const text = 'Which size?\n\n1. Small\n2. Large - 40 cm\n\nFree delivery'
    expect(adaptMessage(buttons, textOnly).messages).toEqual([{ type: 'text', text }])
    expect(adaptMessage(buttons, { ...everything, maxTextLength: 400, maxButtons: 1 }).messages).toEqual([
      { type: 'text', text },
    ])
  })

  test('a list becomes a text that is numbered through its sections', () => {
    const { messages, choices } = adaptMessage(list, textOnly)
    expect(messages).toEqual([{ type: 'text', text: 'What?\n\nBoxes\n1. Small\n2. Large - 40 cm\n\nTape\n3. Tape' }])
    expect(choices?.map((choice) => choice.id)).toEqual(['s', 'l', 't'])
  })

  test('a file becomes its link, and stays where it has none', () => {
    expect(adaptMessage({ type: 'image', media: { url }, caption: 'A box' }, textOnly).messages).toEqual([
      { type: 'text', text: `A box\n${url}` },
    ])
    const local: OutboundMessage = { type: 'document', media: { path: 'terms.pdf' } }
    expect(adaptMessage(local, textOnly).messages).toEqual([local])
  })

  test('a place and a contact become words', () => {
    expect(adaptMessage({ type: 'location', latitude: 1.5, longitude: -2, name: 'Shop' }, textOnly).messages).toEqual([
      { type: 'text', text: 'Shop\nhttps://maps.google.com/?q=1.5,-2' },
    ])
    const contacts = [
      { name: 'Ana', phones: ['+1'], emails: ['ana@shop.example'] },
      { name: '', phones: ['+2'], emails: [] },
    ]
    expect(adaptMessage({ type: 'contacts', contacts }, textOnly).messages).toEqual([
      { type: 'text', text: 'Ana, +1, ana@shop.example\n+2' },
    ])
    expect(
      adaptMessage({ type: 'contacts', contacts: [{ name: '', phones: [], emails: [] }] }, textOnly).messages,
    ).toEqual([])
  })

  test('a reaction and a sticker become nothing, a template and a voice note stay for the sender to refuse', () => {
    expect(adaptMessage({ type: 'reaction', emoji: '👍', to: 'm1' }, textOnly).messages).toEqual([])
    expect(adaptMessage({ type: 'sticker', media: { url } }, textOnly).messages).toEqual([])
    const template: OutboundMessage = { type: 'template', name: 'hi', language: 'en', parameters: [] }
    expect(adaptMessage(template, textOnly).messages).toEqual([template])
  })

  test('no quotation is left where the transport shows none', () => {
    expect(adaptMessage({ type: 'text', text: 'Hi', replyTo }, textOnly).messages).toEqual([
      { type: 'text', text: 'Hi' },
    ])
  })
})

describe('what is too long', () => {
  test('a text becomes several, of which only the first one quotes', () => {
    const text = 'One two three four five six. Seven eight nine ten eleven.'
    expect(adaptMessage({ type: 'text', text, replyTo }, everything).messages).toEqual([
      { type: 'text', text: 'One two three four five six.', replyTo },
      { type: 'text', text: 'Seven eight nine ten eleven.' },
    ])
  })

  test('a caption follows as a text of its own', () => {
    expect(adaptMessage({ type: 'image', media: { url }, caption: 'A very large box' }, everything).messages).toEqual([
      { type: 'image', media: { url } },
      { type: 'text', text: 'A very large box' },
    ])
  })

  test('the text of buttons becomes a numbered text in parts', () => {
    const { messages, choices } = adaptMessage({ ...buttons, text: 'Which size? '.repeat(5).trim() }, everything)
    expect(messages.length).toBeGreaterThan(1)
    expect(messages.every((message) => message.type === 'text' && message.text.length <= 40)).toBe(true)
    expect(choices).toHaveLength(2)
  })
})
