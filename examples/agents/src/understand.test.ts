import { inboundBuilder } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { countArticles } from './articles.ts'
import { quantityAt } from './quantity.ts'
import { questionKind } from './questions.ts'
import { readAddress } from './read-address.ts'
import { createIsOpen, describeHours, parcelCorner } from './shop-details.ts'
import { guessProduct, mentionsIn } from './understand-items.ts'
import { wordsOf } from './words.ts'
import { answerOf } from './yes-no.ts'

describe('quantities', () => {
  const quantityOf = (text: string) => {
    const words = wordsOf(text)
    return words.map((_, at) => quantityAt(words, at)).find((found) => found !== undefined)?.quantity
  }

  test.each([
    ['10', 10],
    ['1,000', 1000],
    ['1.000', 1000],
    ['ten', 10],
    ['twenty five', 25],
    ['two hundred fifty', 250],
    ['a dozen', 12],
    ['2 dozen', 24],
    ['half a dozen', 6],
    ['5k', 5000],
    ['x12', 12],
    ['12pcs', 12],
    ['१०', 10],
    ['١٢', 12],
    ['diez', 10],
    ['vinte', 20],
    ['paanch', 5],
    ['दस', 10],
    ['عشرة', 10],
    ['0', 'zero'],
    ['-3', 'negative'],
    ['minus 5', 'negative'],
    ['a couple', 2],
    ['2.5', 'fraction'],
    ['1e9', 'too-many'],
    ['99999999999999999999999', 'too-many'],
  ] as const)('%s is %s', (text, quantity) => {
    expect(quantityOf(text)).toBe(quantity)
  })

  test.each([
    'the large one',
    'that one',
    'for $5',
    '48 mm',
    '40x30x20',
    '3-4',
    '2nd',
    'at 10:30',
    '10 p.m.',
    'in 2 days',
    'before 5',
    'one moment',
    '+44 7700 900123',
    '07700900123',
    '',
  ])('%s is none', (text) => {
    expect(quantityOf(text)).toBeUndefined()
  })
})

describe('what a text names', () => {
  test.each([
    ['10 boxes', [{ product: 'boxes', quantity: 10 }]],
    ['boxes large 10', [{ product: 'boxes', key: 'l', quantity: 10 }]],
    ['2 extra large boxes', [{ product: 'boxes', key: 'xl', quantity: 2 }]],
    ['boxes 60 x 40 x 40 cm', [{ product: 'boxes', key: 'xl' }]],
    [
      '2 small and 3 large boxes',
      [
        { product: 'boxes', key: 's', quantity: 2 },
        { product: 'boxes', key: 'l', quantity: 3 },
      ],
    ],
    [
      '2 brown and 10 large boxes',
      [
        { product: 'tape', key: 'brown', quantity: 2 },
        { product: 'boxes', key: 'l', quantity: 10 },
      ],
    ],
    ['tape for my boxes', [{ product: 'tape' }]],
    ['stretch wrap', [{ product: 'stretch-film' }]],
    ['wrap', [{ product: 'bubble-wrap' }]],
    ['change my address', []],
    ['boxes but not large', [{ product: 'boxes' }]],
    ['a box of labels', [{ product: 'labels' }]],
    ['cajas pequeñas', [{ product: 'boxes', key: 's' }]],
  ] as const)('%s', (text, mentions) => {
    expect(mentionsIn(wordsOf(text))).toEqual(mentions)
  })

  test('a misspelt product is guessed, another word is not', () => {
    expect(guessProduct(wordsOf('enevlopes pls'))).toBe('envelopes')
    expect(guessProduct(wordsOf('a cartn'))).toBe('boxes')
    expect(guessProduct(wordsOf('a bicycle for my mother'))).toBeUndefined()
  })

  test('a text of any length takes no time', () => {
    expect(mentionsIn(wordsOf('10 boxes '.repeat(100_000))).length).toBeLessThan(100)
    expect(answerOf('yes '.repeat(100_000))).toBeUndefined()
    const messages = [inboundBuilder().text('a 1,'.repeat(100_000))]
    expect(readAddress(messages)?.address.length).toBeLessThanOrEqual(300)
  })
})

describe('yes and no', () => {
  test.each([
    'yes',
    'Yes!!',
    'y',
    'ok',
    'yess',
    'yes please',
    'ok go ahead',
    'sí',
    'sim',
    'haan ji',
    'हाँ',
    'نعم',
    'oui',
    "oui s'il vous plaît",
    'ja',
    'ja bitte',
    'in Ordnung',
    'ok thanks',
    'yes tomorrow please',
    'да',
    '👍',
    '✅',
  ])('%s is yes', (text) => {
    expect(answerOf(text)).toBe('yes')
  })
  test.each([
    'no',
    'No thanks',
    'nope',
    'não',
    'nahi',
    'नहीं',
    'لا',
    'non',
    'non merci',
    'nein',
    'nein danke',
    'нет',
    '👎',
  ])('%s is no', (text) => {
    expect(answerOf(text)).toBe('no')
  })
  test.each(['yes but make it 20', 'maybe', 'no tape', 'yes and add tape', '', '...', 'not sure', 'yesterday'])(
    '%s is neither',
    (text) => {
      expect(answerOf(text)).toBeUndefined()
    },
  )
})

describe('questions', () => {
  const kindOf = (text: string) => questionKind(text, wordsOf(text))
  test.each([
    ['do you have tape', 'to-know'],
    ['ok and when do you open', 'to-know'],
    ["what's the price", 'to-know'],
    ['can you tell me the price', 'to-know'],
    ['wie viel kostet das', 'to-know'],
    ['can i get 5 tapes?', 'request'],
    ['could you add tape', 'request'],
    ['tape?', 'suggestion'],
    ['how about 20', 'suggestion'],
    ['20 large boxes', undefined],
    ['yes', undefined],
    ['', undefined],
  ])('%j is %s', (text, kind) => {
    expect(kindOf(text)).toBe(kind)
  })
})

test('an article counts one where something is wanted', () => {
  const counted = (text: string) => countArticles(wordsOf(text)).join(' ')
  expect(counted('a roll of tape and a large box')).toBe('1 roll of tape and 1 large box')
  expect(counted('another one')).toBe('1 one')
  expect(counted('a few boxes')).toBe('a few boxes')
  expect(counted('send a message')).toBe('send a message')
})

describe('addresses', () => {
  const read = (text: string) => readAddress([inboundBuilder().text(text)])
  test.each([
    ['please deliver to 5 Station Road, Leeds', '5 Station Road, Leeds'],
    ['my address is 77 Hill Lane\nBristol', '77 Hill Lane, Bristol'],
    ['شارع الملك فهد ١٢، الرياض', 'شارع الملك فهد ١٢، الرياض'],
  ])('%s', (text, address) => {
    expect(read(text)).toEqual({ address, isSure: true })
  })
  test('without a number or a comma it is not sure', () => {
    expect(read('Village Rampur post Salempur')?.isSure).toBe(false)
    expect(read('20 pieces please')?.isSure).toBe(false)
  })
  test.each(['leeds', '12', 'yes', '', '????????', 'ok thanks'])('%s is none', (text) => {
    expect(read(text)).toBeUndefined()
  })
})

describe('opening hours', () => {
  test('days with the same hours are one', () => {
    expect(describeHours(parcelCorner)).toBe('Monday to Friday 9:00 to 18:00, Saturday 10:00 to 14:00, Sunday closed')
  })
  test('follow the time zone', () => {
    const monday8 = Date.UTC(2026, 10, 23, 8, 30)
    expect(createIsOpen(parcelCorner)(monday8)).toBe(false)
    expect(createIsOpen({ ...parcelCorner, timeZone: 'Europe/Berlin' })(monday8)).toBe(true)
    expect(createIsOpen(parcelCorner)(Date.UTC(2026, 10, 22, 12))).toBe(false)
  })
})
