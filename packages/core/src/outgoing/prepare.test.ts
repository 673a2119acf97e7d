import { expect, test } from 'vitest'
import type { OutboundMessage } from '../message.ts'
import type { Capabilities } from '../transport.ts'
import { prepareMessages } from './prepare.ts'

const capabilities: Capabilities = {
  types: ['text', 'reaction'],
  maxTextLength: 30,
  maxCaptionLength: 30,
  maxButtons: 0,
  maxListRows: 0,
  quotes: true,
}
const fallbackText = 'Sorry.'
const prepare = (messages: readonly OutboundMessage[], fallback: string | false = fallbackText) =>
  prepareMessages(messages, { capabilities, fallbackText: fallback })
const text = (words: string): OutboundMessage => ({ type: 'text', text: words })

test('what is fit to leave leaves in its order, without a warning', () => {
  const messages = [text('One'), text('Two')]
  expect(prepare(messages)).toEqual({ messages, warnings: [] })
  expect(prepare([])).toEqual({ messages: [], warnings: [] })
})

test('the fallback stands where the first unsafe message stood, once', () => {
  const { messages, warnings } = prepare([text('One'), text('TypeError: x'), text('{"a": 1}'), text('Two')])
  expect(messages).toEqual([text('One'), text('Sorry.'), text('Two')])
  expect(warnings).toEqual([
    'a message (text) was replaced before sending: error text',
    'a message (text) was replaced before sending: tool output',
  ])
})

test('an empty message is left out, and the fallback stands for all where nothing is left', () => {
  expect(prepare([text(' '), text('Two')]).messages).toEqual([text('Two')])
  expect(prepare([text(' '), text('<think>hm')]).messages).toEqual([text('Sorry.')])
})

test('nothing takes the place of what a transport can do without', () => {
  expect(prepare([{ type: 'sticker', media: { url: 'https://shop.example/a.webp' } }])).toEqual({
    messages: [],
    warnings: [],
  })
})

test('without a fallback text nothing takes the place of an unsafe message', () => {
  expect(prepare([text('TypeError: x')], false).messages).toEqual([])
  expect(prepare([text('TypeError: x')], ' ').messages).toEqual([])
})

test('the fallback is cut like any other text', () => {
  expect(prepare([text('TypeError: x')], 'Sorry, that went wrong. A person will look.').messages).toEqual([
    text('Sorry, that went wrong.'),
    text('A person will look.'),
  ])
})

test('the choices are those that were offered last', () => {
  const buttons = (...ids: string[]): OutboundMessage => ({
    type: 'buttons',
    text: 'Which?',
    buttons: ids.map((id) => ({ id, title: id })),
  })
  expect(prepare([buttons('a'), buttons('b', 'c'), text('Thanks')]).choices?.map(({ id }) => id)).toEqual(['b', 'c'])
})

test('no warning repeats what the message said', () => {
  const { warnings } = prepare([text('TypeError: secret words of Ana'), text('')])
  expect(warnings.join()).not.toMatch(/Ana|secret/)
})
