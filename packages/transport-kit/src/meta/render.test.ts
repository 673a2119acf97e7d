import type { Delivery, OutboundMessage } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { cut } from './cut.ts'
import { type MetaMedia, renderMeta } from './render.ts'

function render(message: OutboundMessage, fields: Partial<Delivery> & { readonly media?: MetaMedia } = {}) {
  const { media, ...delivery } = fields
  return renderMeta({ id: 'r1', chat: '16505551234', inReplyTo: [], attempt: 1, ...delivery, message }, media)
}

const common = {
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to: '16505551234',
  biz_opaque_callback_data: 'r1',
}
const file = { url: 'https://files.example/a' }
const media = { id: '77' }
const yes = { id: 'y', title: 'Yes' }

test.each<[string, OutboundMessage, Record<string, unknown>]>([
  ['a text', { type: 'text', text: 'Hi' }, { type: 'text', text: { body: 'Hi', preview_url: false } }],
  [
    'an answer to a message',
    { type: 'text', text: 'Hi', replyTo: { id: 'm1' } },
    { type: 'text', text: { body: 'Hi', preview_url: false }, context: { message_id: 'm1' } },
  ],
  ['an image', { type: 'image', media: file, caption: 'c' }, { type: 'image', image: { id: '77', caption: 'c' } }],
  ['a video', { type: 'video', media: file }, { type: 'video', video: { id: '77' } }],
  ['a sticker', { type: 'sticker', media: file }, { type: 'sticker', sticker: { id: '77' } }],
  ['audio', { type: 'audio', media: file, voice: false }, { type: 'audio', audio: { id: '77' } }],
  ['a voice message', { type: 'audio', media: file, voice: true }, { type: 'audio', audio: { id: '77', voice: true } }],
  [
    'a document',
    { type: 'document', media: { ...file, fileName: 'a.pdf' }, caption: 'c' },
    { type: 'document', document: { id: '77', caption: 'c', filename: 'a.pdf' } },
  ],
  [
    'a place',
    { type: 'location', latitude: 1.5, longitude: -2, name: 'Shop', address: undefined },
    { type: 'location', location: { latitude: 1.5, longitude: -2, name: 'Shop' } },
  ],
  [
    'contacts',
    {
      type: 'contacts',
      contacts: [{ name: 'Ana Maria Ruiz', phones: ['+49 30 123', '0123'], emails: ['a@b.example'] }],
    },
    {
      type: 'contacts',
      contacts: [
        {
          name: { formatted_name: 'Ana Maria Ruiz', first_name: 'Ana' },
          phones: [{ phone: '+49 30 123', wa_id: '4930123' }, { phone: '0123' }],
          emails: [{ email: 'a@b.example' }],
        },
      ],
    },
  ],
  [
    'a reaction, without a quotation',
    { type: 'reaction', emoji: '👍', to: 'm1', replyTo: { id: 'm1' } },
    { type: 'reaction', reaction: { message_id: 'm1', emoji: '👍' } },
  ],
  [
    'a reaction that is taken back',
    { type: 'reaction', emoji: '', to: 'm1' },
    { type: 'reaction', reaction: { message_id: 'm1', emoji: '' } },
  ],
  [
    'a template',
    { type: 'template', name: 'late', language: 'en_US', parameters: ['Ana', 'a\nb\t\tc      d'] },
    {
      type: 'template',
      template: {
        name: 'late',
        language: { code: 'en_US' },
        components: [
          {
            type: 'body',
            parameters: [
              { type: 'text', text: 'Ana' },
              { type: 'text', text: 'a b c d' },
            ],
          },
        ],
      },
    },
  ],
  [
    'a template without parameters',
    { type: 'template', name: 'late', language: 'en', parameters: [] },
    { type: 'template', template: { name: 'late', language: { code: 'en' } } },
  ],
  [
    'buttons',
    { type: 'buttons', text: 'Sure?', footer: 'f', buttons: [yes, { id: 'n', title: 'No, thank you very much' }] },
    {
      type: 'interactive',
      interactive: {
        type: 'button',
        body: { text: 'Sure?' },
        footer: { text: 'f' },
        action: {
          buttons: [
            { type: 'reply', reply: { id: 'y', title: 'Yes' } },
            { type: 'reply', reply: { id: 'n', title: 'No, thank you very…' } },
          ],
        },
      },
    },
  ],
  [
    'a list',
    {
      type: 'list',
      text: 'Which?',
      button: 'Choose one of these boxes',
      sections: [
        { title: 'Boxes', rows: [{ id: 'b', title: 'B', description: 'x'.repeat(80) }] },
        { rows: [{ id: 'c', title: 'C'.repeat(30) }] },
      ],
    },
    {
      type: 'interactive',
      interactive: {
        type: 'list',
        body: { text: 'Which?' },
        action: {
          button: 'Choose one of these…',
          sections: [
            { title: 'Boxes', rows: [{ id: 'b', title: 'B', description: `${'x'.repeat(71)}…` }] },
            { title: '-', rows: [{ id: 'c', title: `${'C'.repeat(23)}…` }] },
          ],
        },
      },
    },
  ],
])('%s is rendered as Meta wants it', (_, message, expected) => {
  expect(render(message, { media })).toEqual({ ...common, ...expected })
})

test('a file is sent by its address where it has one', () => {
  expect(render({ type: 'image', media: file }, { media: { link: file.url } })).toMatchObject({
    image: { link: 'https://files.example/a' },
  })
})

test('a person without a phone number is addressed by the business-scoped id, a group as a group', () => {
  const text: OutboundMessage = { type: 'text', text: 'Hi' }
  const person = render(text, { chat: 'US.13491208655302741918' })
  expect(person).toMatchObject({ recipient: 'US.13491208655302741918', recipient_type: 'individual' })
  expect(person).not.toHaveProperty('to')
  const parent = render(text, { chat: 'US.ENT.11815799212886844830' })
  expect(parent).toMatchObject({ recipient: 'US.ENT.11815799212886844830' })
  const group = 'Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2OTQyMzM4MjAZD'
  expect(render(text, { chat: group })).toMatchObject({ to: group, recipient_type: 'group' })
})

test.each<[string, OutboundMessage & { readonly type: 'buttons' | 'list' }]>([
  ['too long a text', { type: 'buttons', text: 'x'.repeat(1025), buttons: [yes] }],
  ['an empty text', { type: 'buttons', text: ' ', buttons: [yes] }],
  ['the same id twice', { type: 'buttons', text: 't', buttons: [yes, { id: 'y', title: 'No' }] }],
  ['too long an id', { type: 'buttons', text: 't', buttons: [{ id: 'i'.repeat(257), title: 'Yes' }] }],
  [
    'titles that are the same once they are cut',
    {
      type: 'buttons',
      text: 't',
      buttons: [
        { id: '1', title: 'A very long title of one' },
        { id: '2', title: 'A very long title of two' },
      ],
    },
  ],
  ['no label', { type: 'list', text: 't', button: ' ', sections: [{ rows: [yes] }] }],
  [
    'too long a row id',
    { type: 'list', text: 't', button: 'b', sections: [{ rows: [{ id: 'i'.repeat(201), title: 'T' }] }] },
  ],
])('choices with %s become a numbered text, and nothing is lost', (_, message) => {
  const { type, text } = render(message) as { type: string; text: { body: string } }
  expect(type).toBe('text')
  expect(text.body).toContain(message.text.trim())
  expect(text.body).toMatch(/^1\. /m)
})

test('choices in a group become a numbered text', () => {
  const message: OutboundMessage = { type: 'buttons', text: 'Sure?', buttons: [yes] }
  expect(render(message, { chat: 'Y2FwaV9ncm91cDox' })).toMatchObject({ text: { body: 'Sure?\n\n1. Yes' } })
})

test('a cut leaves characters whole', () => {
  expect(cut('👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 20)).toBe('👩‍👩‍👧‍👦…')
  expect(cut('👍👍👍', 5)).toBe('👍👍…')
  expect(cut('  a\n b  ', 20)).toBe('a b')
  expect(cut('exactly twenty chars', 20)).toBe('exactly twenty chars')
})
