import type { OutboundMessage } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { renderSpoki } from './render.ts'

const templates = new Map([
  ['shipped', { id: 7001, fields: ['FIRST_NAME', 'ORDER_ID'] }],
  ['plain', { id: 7002 }],
])
const render = (message: OutboundMessage, chat = '+15550001001') =>
  renderSpoki({ id: 'r1', chat, message, inReplyTo: [], attempt: 1 }, templates)
const base = { phone: '+15550001001', metadata: { wa_agent_reply: 'r1' } }
const url = 'https://files.example/a.pdf'
const media = { url, fileName: 'a.pdf' }

const cases: readonly (readonly [OutboundMessage, object])[] = [
  [
    { type: 'text', text: 'Hi' },
    { type: 'Message', content_type: 'Text', text: 'Hi' },
  ],
  [
    { type: 'image', media, caption: 'Look' },
    { type: 'Message', content_type: 'Image', media: url, url, caption: 'Look', filename: 'a.pdf' },
  ],
  [
    { type: 'video', media: { url } },
    { type: 'Message', content_type: 'Video', media: url, url },
  ],
  [
    { type: 'document', media },
    { type: 'Message', content_type: 'Document', media: url, url, filename: 'a.pdf' },
  ],
  [
    { type: 'audio', media: { url }, voice: true },
    { type: 'Message', content_type: 'Audio', media: url, url },
  ],
  [
    { type: 'buttons', text: 'Confirm?', footer: 'Hotel', buttons: [{ id: 'confirm', title: 'Yes' }] },
    {
      type: 'Message',
      content_type: 'Interactive',
      text: 'Confirm?',
      footer: { text: 'Hotel' },
      buttons: [{ button_type: 'quick_reply', text: 'Yes', order: 0, payload: 'confirm' }],
    },
  ],
  [
    {
      type: 'list',
      text: 'Which room?',
      button: 'Rooms',
      sections: [{ title: 'Sea', rows: [{ id: 'r-1', title: 'One', description: 'Balcony' }] }],
    },
    {
      type: 'Message',
      content_type: 'List',
      text: 'Which room?',
      list: {
        title: 'Rooms',
        sections: [{ title: 'Sea', rows: [{ title: 'One', description: 'Balcony', payload: 'r-1' }] }],
      },
    },
  ],
  [
    { type: 'template', name: 'shipped', language: 'it', parameters: ['Ana', '42'] },
    { type: 'Template', template: 7001, language: 'it', custom_fields: { FIRST_NAME: 'Ana', ORDER_ID: '42' } },
  ],
  [
    { type: 'template', name: 'plain', language: 'it', parameters: [] },
    { type: 'Template', template: 7002, language: 'it' },
  ],
  [
    { type: 'template', name: '123', language: 'it', parameters: [] },
    { type: 'Template', template: 123, language: 'it' },
  ],
]

describe('the body of a send', () => {
  test.each(cases)('%j', (message, body) => {
    expect(render(message)).toEqual({ body: { ...base, ...body } })
  })

  test('has the number as Spoki wants it', () => {
    expect(render({ type: 'text', text: 'Hi' }, '15550001001')).toMatchObject({ body: { phone: '+15550001001' } })
  })

  test('has a numbered text in place of buttons that WhatsApp would refuse', () => {
    const buttons = ['a', 'b'].map((id) => ({ id, title: `A title of more than twenty characters, ${id}` }))
    const rendered = render({ type: 'buttons', text: 'Which?', buttons })
    expect(rendered).toMatchObject({
      body: { content_type: 'Text', text: expect.stringMatching(/^Which\?\n\n1\. A title/) },
    })
  })

  test.each<[OutboundMessage, RegExp]>([
    [{ type: 'template', name: 'unknown', language: 'it', parameters: [] }, /`templates`/],
    [{ type: 'template', name: 'shipped', language: 'it', parameters: ['Ana'] }, /2 custom fields and 1 parameters/],
    [{ type: 'template', name: '123', language: 'it', parameters: ['Ana'] }, /0 custom fields and 1 parameters/],
    [{ type: 'image', media: { path: 'a.png' } }, /only by URL/],
    [{ type: 'image', media: { base64: 'YWJj', mimeType: 'image/png' } }, /only by URL/],
    [{ type: 'reaction', emoji: '👍', to: 'm1' }, /no reaction/],
  ])('there is none for %j', (message, why) => {
    expect(render(message)).toEqual({ impossible: expect.stringMatching(why) })
  })
})
