import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findChoice } from './choices.ts'
import type { OfferedChoice } from './conversation.ts'

const offer = (...titles: string[]): OfferedChoice[] => titles.map((title, index) => ({ id: `id:${index + 1}`, title }))
const sizes = offer('Small box', 'Medium box', 'Large box')
/** The place of the choice that is found, from 1. */
function placeIn(choices: readonly OfferedChoice[], text: string): number | undefined {
  const found = findChoice(text, choices)
  return found && choices.indexOf(found) + 1
}

describe('a customer chooses by number', () => {
  test.each([
    ['2', 2],
    [' 2. ', 2],
    ['2)', 2],
    ['(2)', 2],
    ['#2', 2],
    ['02', 2],
    ['2️⃣', 2],
    ['2️⃣ please 🙏', 2],
    ['②', 2],
    ['２', 2],
    ['२', 2],
    ['٢', 2],
    ['۲', 2],
    ['2 please', 2],
    ['ok 2', 2],
    ['Yes, 2', 2],
    ['option 2', 2],
    ['Option no. 2', 2],
    ['n° 2', 2],
    ['number 2 please', 2],
    ['I want number 2', 2],
    ["I'll take option 3, thanks", 3],
    ['opción 2', 2],
    ['numéro 2', 2],
    ['विकल्प 2', 2],
    ['رقم ٣', 3],
    ['номер 3', 3],
  ])('%j', (text, place) => {
    expect(placeIn(sizes, text)).toBe(place)
  })
})

describe('a customer chooses by word', () => {
  test.each([
    ['two', 2],
    ['Second', 2],
    ['second one', 2],
    ['the second one please', 2],
    ['The 2nd', 2],
    ["I'd like the second one", 2],
    ['I’ll take the first', 1],
    ['option one', 1],
    ['one', 1],
    ['the last', 3],
    ['last one', 3],
    ['el segundo', 2],
    ['la segunda por favor', 2],
    ['a segunda', 2],
    ['le deuxième', 2],
    ['der zweite bitte', 2],
    ['fünf', undefined],
    ['yang kedua', 2],
    ['doosra', 2],
    ['doosra wala', 2],
    ['do', 2],
    ['do number', 2],
    ['दूसरा', 2],
    ['दूसरा वाला', 2],
    ['दो', 2],
    ['आखिरी', 3],
    ['الأول', 1],
    ['الاول', 1],
    ['الثاني من فضلك', 2],
    ['أخيرة', undefined],
    ['الأخير', 3],
    ['второй', 2],
    ['🔟', undefined],
  ])('%j', (text, place) => {
    expect(placeIn(sizes, text)).toBe(place)
  })

  test('the tenth of ten', () => {
    const many = offer(...Array.from({ length: 10 }, (_, index) => `Thing ${String.fromCharCode(65 + index)}`))
    for (const text of ['10', 'ten', 'tenth', '🔟', 'दस', 'عشرة', 'last']) expect(placeIn(many, text), text).toBe(10)
  })
})

describe('a customer chooses by title', () => {
  test.each([
    ['Medium box', 2],
    ['MEDIUM  BOX!', 2],
    ['medium', 2],
    ['the medium one', 2],
    ["I'd like the medium box please", 2],
    ['large please', 3],
  ])('%j', (text, place) => {
    expect(placeIn(sizes, text)).toBe(place)
  })

  test('one letter, a number or a sign is a title like any other', () => {
    expect(placeIn(offer('S', 'M', 'L'), 'l')).toBe(3)
    expect(placeIn(offer('S', 'M', 'L'), 'L please')).toBe(3)
    expect(placeIn(offer('👍', '👎'), '👎')).toBe(2)
    expect(placeIn(offer('5 boxes', '10 boxes', '20 boxes'), '10')).toBe(2)
    expect(placeIn(offer('1', '2', '5'), 'I want 2')).toBe(2)
    expect(placeIn(offer('1', '2', '5'), '5')).toBe(3)
  })

  test('a polite word is a choice where a title begins with it', () => {
    expect(placeIn(offer('Yes, order it', 'No, thanks'), 'yes')).toBe(1)
    expect(placeIn(offer('Yes, order it', 'No, thanks'), 'no')).toBe(2)
    expect(placeIn(offer('Yes', 'No'), 'yes please')).toBe(1)
  })

  test('the longer of two titles is told from the shorter one', () => {
    expect(placeIn(offer('Box', 'Box with lid'), 'box')).toBe(1)
    expect(placeIn(offer('Box', 'Box with lid'), 'box with lid please')).toBe(2)
    expect(placeIn(offer('Large box', 'Large bag'), 'large')).toBeUndefined()
  })
})

describe('what is more, or something else, is left to the agent', () => {
  test.each([
    'I want 2 boxes',
    '2 boxes',
    'I want 2',
    "I'll take 2",
    'give me two',
    '2 of them',
    '2x',
    '2 and 3',
    '1,2',
    '1.5',
    '10:30',
    '2/3',
    '2-3',
    '2 small 3 large',
    '$2',
    '-2',
    '−2',
    '2 €',
    '₹2',
    '2%',
    '+2',
    '4',
    '0',
    '-4',
    '400001',
    '9876543210',
    '1 moment',
    'one second',
    'a second please',
    'just a second',
    'no one',
    'do it',
    'please do',
    'i do',
    'not the second',
    'not 2',
    'no',
    'none',
    'both',
    'all',
    'the last two',
    'first and second',
    'where is my order 2',
    'is the second one cheaper?',
    'medium, and 3 of them',
    'not medium',
    'how much is the medium box',
    'box',
    'hi',
    'please',
    'the',
    '?',
    '👍',
    '',
    ' ',
    '\u200b',
  ])('%j', (text) => {
    expect(findChoice(text, sizes)).toBeUndefined()
  })

  test('a number that may be a place or a quantity', () => {
    expect(findChoice('2', offer('2 boxes', '1 box'))).toBeUndefined()
    expect(placeIn(offer('1 kg', '2 kg', '5 kg'), '2')).toBe(2)
  })
})

test('an id is a choice where a provider hands it over as a text, but never a bare number', () => {
  const choices = [
    { id: '2', title: 'Small' },
    { id: '1', title: 'Large' },
    { id: 'size:xl', title: 'Huge' },
    { id: '77', title: 'Other' },
  ]
  expect(findChoice('size:xl', choices)?.title).toBe('Huge')
  expect(findChoice('1', choices)?.title).toBe('Small')
  expect(findChoice('77', choices)).toBeUndefined()
})

test('never throws and only ever finds what was offered', () => {
  const words = fc.constantFrom(
    '2',
    'second',
    'one',
    'last',
    'do',
    'a',
    'the',
    'no',
    '#',
    '.',
    'constructor',
    '__proto__',
    'Small',
    '\ud83d',
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(words, { maxLength: 5 }).map((parts) => parts.join(' ')),
  )
  fc.assert(
    fc.property(texts, fc.array(fc.oneof(texts, fc.constant('Small')), { maxLength: 5 }), (text, titles) => {
      const choices = offer(...titles)
      const found = findChoice(text, choices)
      if (found) expect(choices).toContain(found)
    }),
    { numRuns: 2000 },
  )
  expect(findChoice('2'.repeat(1_000_000), sizes)).toBeUndefined()
})
