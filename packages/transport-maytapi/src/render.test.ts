import type { OutboundMessage } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { renderMaytapi } from './render.ts'

const chat = '15550001001@c.us'
const media = { url: 'https://files.example/a.pdf', fileName: 'a.pdf' }
const card = { name: 'Ana, Example', phones: ['+15550001001'], emails: ['ana@example.com'] }

const cases: readonly (readonly [OutboundMessage, object])[] = [
  [
    { type: 'text', text: 'Hello' },
    { type: 'text', message: 'Hello' },
  ],
  [
    { type: 'text', text: 'Hello', replyTo: { id: 'm1' } },
    { type: 'text', message: 'Hello', reply_to: 'm1' },
  ],
  [
    { type: 'image', media, caption: 'Look' },
    { type: 'media', message: 'FILE', text: 'Look', filename: 'a.pdf' },
  ],
  [
    { type: 'video', media: { url: 'https://files.example/a.mp4' } },
    { type: 'media', message: 'FILE' },
  ],
  [
    { type: 'document', media },
    { type: 'media', message: 'FILE', filename: 'a.pdf' },
  ],
  [
    { type: 'audio', media, voice: true },
    { type: 'media', message: 'FILE', filename: 'a.pdf' },
  ],
  [
    { type: 'sticker', media },
    { type: 'sticker', message: 'FILE' },
  ],
  [
    { type: 'location', latitude: 41.09, longitude: 29.06, name: 'Shop', address: 'Street 1' },
    { type: 'location', text: 'Shop, Street 1', latitude: '41.09', longitude: '29.06' },
  ],
  [
    { type: 'contacts', contacts: [card] },
    {
      type: 'vcard',
      message: {
        displayName: 'Ana, Example',
        vcard:
          'BEGIN:VCARD\nVERSION:3.0\nN:;Ana\\, Example;;;\nFN:Ana\\, Example\nTEL;TYPE=CELL;waid=15550001001:+15550001001\nEMAIL:ana@example.com\nEND:VCARD',
      },
    },
  ],
  [
    { type: 'contacts', contacts: [card, { name: 'Ben', phones: [], emails: [] }] },
    { type: 'text', message: 'Ana, Example, +15550001001, ana@example.com\nBen' },
  ],
  [
    { type: 'reaction', emoji: '👍', to: 'm1' },
    { type: 'reaction', message: '👍', reply_to: 'm1' },
  ],
  [
    { type: 'buttons', text: 'Sure?', footer: 'Shop', buttons: [{ id: 'yes', title: 'Yes' }] },
    { type: 'buttons', message: 'Sure?', footer: 'Shop', buttons: [{ id: 'yes', text: 'Yes' }] },
  ],
]

describe('the body of sendMessage', () => {
  test.each(cases)('%j', (message, body) => {
    const delivery = { id: 'r1', chat, message, inReplyTo: [], attempt: 1 }
    expect(renderMaytapi(delivery, { file: 'FILE', skipFilter: false })).toEqual({ to_number: chat, ...body })
    expect(renderMaytapi(delivery, { file: 'FILE', skipFilter: true })).toHaveProperty('skip_filter', true)
  })

  test('has a number without symbols', () => {
    const delivery = { id: 'r1', chat: '+1 (555) 000-1001', message: { type: 'text', text: 'Hi' } as const }
    const body = renderMaytapi({ ...delivery, inReplyTo: [], attempt: 1 }, { skipFilter: false })
    expect(body).toHaveProperty('to_number', '15550001001')
  })

  test('there is none for what Maytapi has nothing like', () => {
    const message = { type: 'template' as const, name: 'hello', language: 'en', parameters: [] }
    const delivery = { id: 'r1', chat, message, inReplyTo: [], attempt: 1 }
    expect(renderMaytapi(delivery, { skipFilter: false })).toBeUndefined()
  })
})
