import { describe, expect, test } from 'vitest'
import { goodsWordsOf, splitAddress } from './split-address.ts'

describe('an address in a sentence', () => {
  test.each([
    ['10 medium boxes to 99 Oak Avenue, Springfield please', '99 Oak Avenue, Springfield', '10 medium boxes please'],
    ['send it to 99 Oak Avenue', '99 Oak Avenue', ''],
    ['send it to 99 Oakfield', '99 Oakfield', ''],
    ['please send everything to my office, 99 Oak Avenue', '99 Oak Avenue', ''],
    ['make it 20 and send it to 99 Oak Ave. York and 5 rolls', '99 Oak Ave. York', 'make it 20 and and 5 rolls'],
    ['change the address to 5 Elm St, Dover', '5 Elm St, Dover', ''],
    ['deliver 3 boxes to Anna Smith, 12 Hill Road, Leeds LS1 4AB by friday', 'Anna Smith, 12 Hill Road, Leeds LS1 4AB'],
    ['5 brown tape, flat 3, 12 Hill Road, Leeds. thanks!', 'flat 3, 12 Hill Road, Leeds', '5 brown tape thanks'],
    ['5 boxes\n12 Hill Road\nLeeds\nasap', '12 Hill Road, Leeds', '5 boxes asap'],
    ['5 boxes to Unit 4, 99 Oak Avenue', 'Unit 4, 99 Oak Avenue', '5 boxes'],
    ['10 boxes to PO Box 123, Leeds', 'PO Box 123, Leeds', '10 boxes'],
    ['10 large boxes to B-12, Green Park, Delhi', 'B-12, Green Park, Delhi', '10 large boxes'],
    ['5 boxes to 7, MG Road, Pune 411001', '7, MG Road, Pune 411001', '5 boxes'],
    ['send 10 boxes to Rose Cottage, Mill Lane, Bath', 'Rose Cottage, Mill Lane, Bath', 'send 10 boxes'],
    ['12 Oak Road, Box Hill', '12 Oak Road, Box Hill', ''],
    ['12 Oak Road, Little Rock, 2 brown tape', '12 Oak Road, Little Rock', '2 brown tape'],
    ['12 Hill Road, Leeds, 10 large', '12 Hill Road, Leeds', '10 large'],
    ['10 cajas para la Calle Mayor 5, Madrid', 'Calle Mayor 5, Madrid', '10 cajas'],
    ['10 caixas para Rua Augusta 100, São Paulo', 'Rua Augusta 100, São Paulo', '10 caixas'],
    ['10 Kartons an die Hauptstraße 5, 10115 Berlin bitte', 'Hauptstraße 5, 10115 Berlin', '10 kartons bitte'],
    ['10 kartons an Alte Schönhauser Straße 5', 'Alte Schönhauser Straße 5', '10 kartons'],
    ['10 boîtes à 12 rue Victor Hugo, Lyon', '12 rue Victor Hugo, Lyon', '10 boites'],
    ['10 boxes to Gandhi Nagar 12, Jaipur', 'Gandhi Nagar 12, Jaipur', '10 boxes'],
  ])('%j', (text, address, goods?: string) => {
    expect(splitAddress(text)?.address).toBe(address)
    if (goods !== undefined) expect(goodsWordsOf(text).join(' ')).toBe(goods)
  })
})

test.each([
  '10 boxes for moving house',
  '5 large square boxes',
  '20 large house moving boxes',
  '2 tapes by the way',
  'can you deliver in 2 to 4 days, thanks',
  'change 10 to 20, thanks',
  'from 5 to 10, large ones please',
  'I want to order 10 boxes, 5 tape',
  'send it to 2 different addresses',
  'send it at 5 pm, thanks',
  '1,000 labels, 2 tapes',
  'leeds',
  '',
])('%j holds no address', (text) => {
  expect(splitAddress(text)).toBeUndefined()
})

test('a text of any length takes no time', () => {
  const startedMs = performance.now()
  for (const part of ['a 1,', 'to a ', '12 Hill Road, ', 'deliver to ', '10 boxes ', '\n'])
    splitAddress(part.repeat(50_000))
  expect(performance.now() - startedMs).toBeLessThan(1000)
})
