import { describe, expect, test } from 'vitest'
import { type OutboundMessage, parseInboundMessage } from '../message.ts'
import { isEchoOf } from './rules.ts'

const isEcho = (content: object, reply: OutboundMessage) => {
  const message = parseInboundMessage({
    id: 'e',
    chat: 'ana',
    from: { id: 'us' },
    fromMe: true,
    sentAtMs: 0,
    ...content,
  })
  return isEchoOf(message, { status: 'sending', attempts: 1, message: reply })
}
const choices = [
  { id: 'a', title: 'Yes' },
  { id: 'b', title: 'No', description: 'not yet' },
]
const buttons: OutboundMessage = { type: 'buttons', text: 'Sure?', footer: 'Take your time', buttons: choices }
const media = { url: 'https://files.example/a' }
const reference = { reference: 'r' }

describe('a message from our own number is the echo of a reply', () => {
  test.each<[string, object, OutboundMessage]>([
    ['that says the same', { type: 'text', text: 'Hello' }, { type: 'text', text: 'Hello' }],
    ['whose blanks got lost', { type: 'text', text: 'Hello\nyou' }, { type: 'text', text: ' Hello\r\nyou \n' }],
    ['whose buttons are not shown', { type: 'text', text: 'Sure?' }, buttons],
    [
      'whose choices were written out',
      { type: 'text', text: 'Sure?\n\n1. Yes\n2. No - not yet\n\nTake your time' },
      buttons,
    ],
    [
      'whose cards were written out',
      { type: 'text', text: 'Ana, +1\nBen' },
      { type: 'contacts', contacts: [card('Ana', '+1'), card('Ben')] },
    ],
    [
      'that is the same place, without its name',
      { type: 'location', latitude: 41.09, longitude: 29.060001 },
      { type: 'location', latitude: 41.09, longitude: 29.06, name: 'Shop' },
    ],
    ['of its type that has no words', { type: 'image', media: reference }, { type: 'image', media }],
  ])('%s', (_, content, reply) => {
    expect(isEcho(content, reply)).toBe(true)
  })
})

describe('a message from our own number is the own hand of the owner', () => {
  test.each<[string, object, OutboundMessage]>([
    ['where it says something else', { type: 'text', text: 'Hi' }, { type: 'text', text: 'Hello' }],
    [
      'where it is another type',
      { type: 'image', media: reference, caption: 'Hello' },
      { type: 'text', text: 'Hello' },
    ],
    ['where it is only a part of the choices', { type: 'text', text: 'Sure?\n\n1. Yes' }, buttons],
    ['where it says nothing', { type: 'text', text: ' ' }, { type: 'image', media }],
    [
      'where it is another place',
      { type: 'location', latitude: 41.1, longitude: 29.06, name: 'Shop' },
      { type: 'location', latitude: 41.09, longitude: 29.06, name: 'Shop' },
    ],
  ])('%s', (_, content, reply) => {
    expect(isEcho(content, reply)).toBe(false)
  })
})

function card(name: string, ...phones: string[]) {
  return { name, phones, emails: [] }
}
