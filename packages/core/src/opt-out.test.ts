import { describe, expect, test } from 'vitest'
import { type InboundMessageInput, parseInboundMessage } from './message.ts'
import { createOptOut, defaultStartWords, defaultStopWords } from './opt-out.ts'

const base = { id: 'm1', chat: 'c1', from: { id: 'c1' }, sentAtMs: 1 }
const text = (words: string) => parseInboundMessage({ ...base, type: 'text', text: words })
const orderOf = (words: string) => createOptOut().orderOf(text(words))

describe('stop', () => {
  test.each([
    'STOP',
    'stop.',
    ' Stop!!! ',
    'STOP 🙏',
    `stop${'\n'.repeat(300)}`,
    's\u200btop',
    'ＳＴＯＰ',
    'Stop please',
    'please stop',
    'Unsubscribe',
    'opt-out',
    'OPT OUT',
    'Don’t message me',
    'Arrêt',
    'ARRETER',
    'İptal',
    'СТОП',
    'बंद करो',
    'إيقاف',
    'ايقاف',
    '退订',
    '수신거부',
  ])('is what %j means', (words) => {
    expect(orderOf(words)).toBe('stop')
  })

  test('is what a button of that title means', () => {
    const selection = parseInboundMessage({
      ...base,
      type: 'selection',
      selection: { id: 'b1', title: 'Stop promotions' },
    })
    expect(createOptOut().orderOf(selection)).toBe('stop')
  })
})

test('start takes it back', () => {
  for (const words of ['START', 'Start!', 'unstop', 'शुरू', 'BAŞLA', 'старт']) expect(orderOf(words), words).toBe('start')
})

describe('no order is given', () => {
  test.each([
    'please stop calling it blue',
    'which bus stop is near you?',
    "don't stop",
    'non-stop',
    'stop the order',
    'cancel',
    'end',
    'start my order',
    '',
    '...',
    '👍',
    'constructor',
    '__proto__',
    'stop '.repeat(200_000),
  ])('by %.40j', (words) => {
    expect(orderOf(words)).toBeUndefined()
  })

  test('by one member of a group for all others; START ends an opt-out there, too', () => {
    expect(createOptOut().orderOf({ ...text('stop'), isGroup: true })).toBeUndefined()
    expect(createOptOut().orderOf({ ...text('start'), isGroup: true })).toBe('start')
  })

  test('by the business itself, nor by a picture', () => {
    expect(createOptOut().orderOf({ ...text('stop'), fromMe: true })).toBeUndefined()
    const image: InboundMessageInput = { ...base, type: 'image', media: { reference: 'r' }, caption: 'stop' }
    expect(createOptOut().orderOf(parseInboundMessage(image))).toBeUndefined()
  })
})

test('every built-in word gives its order, and no word gives both', () => {
  expect(defaultStopWords.map(orderOf)).toEqual(defaultStopWords.map(() => 'stop'))
  expect(defaultStartWords.map(orderOf)).toEqual(defaultStartWords.map(() => 'start'))
})

test('own words replace the built-in ones, also signs and long sentences', () => {
  const sentence =
    'I would like you to never ever send me any more of these messages about boxes, tape and other things'
  const optOut = createOptOut({ stopWords: ['🛑', sentence, ''], startWords: [] })
  expect(optOut.orderOf(text('🛑'))).toBe('stop')
  expect(optOut.orderOf(text(`${sentence}!`))).toBe('stop')
  for (const words of ['stop', 'start', '', '👍']) expect(optOut.orderOf(text(words)), words).toBeUndefined()
})

test('both orders are confirmed unless that is turned off', () => {
  expect(createOptOut().confirmation.stop).toContain('START')
  const { confirmation } = createOptOut({ stopText: 'Bye.', startText: false })
  expect(confirmation).toEqual({ stop: 'Bye.', start: false })
})
