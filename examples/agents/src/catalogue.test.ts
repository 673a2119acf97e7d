import { expect, test } from 'vitest'
import { findVariant, products } from './products.ts'
import { ShopConversation, type Step } from './transcript.ts'

const transcripts: Readonly<Record<string, readonly Step[]>> = {
  'says what there is and takes the order from there': [
    ['do you have boxes?', /^Yes, we have boxes\. Which size do you need\?/, '3. Large 40×30×20 cm - $1.50 each'],
    ['10 large', 'Got it, 10 × large box (40×30×20 cm): $15.00.'],
  ],
  'a size chosen after a look begins an order': [['got any tape'], ['2', 'How many rolls of brown tape do you need?']],
  'a yes after a price begins an order': [
    ['how much for 50 large boxes', '50 × large box (40×30×20 cm): $75.00. Would you like to order them?'],
    ['yes', 'Where shall we deliver it?'],
    ['9 Elm Street, Dover', '50 × large box', '*Total: $75.00*'],
  ],
  'a no after a look is no order': [
    ['how much is a large box', '$1.50 each'],
    ['no', 'No problem'],
  ],
  'a size is about what was looked at': [
    ['do you have boxes?'],
    ['how much is the medium one', 'medium box (30×20×15 cm) is $0.95 each'],
  ],
  'something else after a look is no order': [
    ['do you have boxes?'],
    ['what is the capital of france', 'did not understand', '1. Order something'],
    ['what are your opening hours', 'Monday to Friday', /^(?!.*Back to your order)/s],
  ],
  'shows everything, and a product of it': [
    ['what do you sell', '1. Cardboard boxes - from $0.60 each', '6. Packing paper - $11.00 a bundle'],
    ['2', 'Yes, we have packing tape. Which kind do you need?', '2. Brown tape 66 m - $1.80 a roll'],
  ],
  'compares several products': [
    [
      'price of tape and envelopes?',
      'Packing tape (a roll): Clear tape',
      'Padded envelopes (a pack of 25): A5, pack of 25 $5.50',
    ],
  ],
  'says what is sold out': [['is the large bubble wrap available', 'sold out', '2. Medium roll']],
  'a product with one kind needs no choice': [
    ['how much is packing paper', 'bundle of packing paper (5 kg) is $11.00 a bundle. How many'],
    ['4', '4 × bundle of packing paper (5 kg): $44.00'],
  ],
  'understands typos': [['do u have lables', 'we have labels']],
  'says what it does not have': [['do you sell padded chairs', 'cannot find that in our shop']],
  'understands other languages': [
    ['tienen cajas', 'we have boxes'],
    ['quanto custa a fita', 'packing tape', '$1.90'],
    ['box kitne ka hai', 'boxes'],
    ['هل عندكم صناديق', 'we have boxes'],
  ],
}

test.each(Object.entries(transcripts))('%s', async (_title, steps) => {
  expect(await new ShopConversation().play(steps)).toBeUndefined()
})

test('every title and description fits into a WhatsApp list', () => {
  const titles = products.flatMap(({ title, variants }) => [title, ...variants.map((variant) => variant.title)])
  expect(titles.filter((title) => title.length > 24)).toEqual([])
  expect(products.length).toBeLessThanOrEqual(10)
})

test('every price is a whole number of cents and every key finds its variant', () => {
  for (const product of products) {
    for (const variant of product.variants) {
      expect(Number.isInteger(variant.priceCents) && variant.priceCents > 0).toBe(true)
      expect(findVariant(product, variant.keys[0])).toBe(variant)
    }
  }
})
