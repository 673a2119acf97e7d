import type { InboundMessage } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { ShopConversation, type Step, shown } from './transcript.ts'

const anna = { tenant: 'default', chat: 'anna' }
const toConfirmation: readonly Step[] = [
  ['I want to order 10 boxes'],
  ['large'],
  ['12 Hill Road, Leeds', 'Shall I place'],
]

/** Each must go through as written; the title says what it is about. */
const transcripts: Readonly<Record<string, readonly Step[]>> = {
  'remembers the quantity of the first sentence and asks for the size': [
    [
      'I want to order 10 boxes',
      /^Great! We have boxes available\. Which size do you need\?\n/,
      '3. Large 40×30×20 cm',
    ],
    ['large', 'Got it, 10 × large box (40×30×20 cm): $15.00.', 'Where shall we deliver it?'],
    ['12 Hill Road, Leeds', '10 × large box', 'Delivery: $5.00', '*Total: $20.00*', 'To: 12 Hill Road, Leeds'],
    ['yes', 'Your order is *PK1001*, $20.00 in total'],
  ],
  'understands a choice by its number': [['i need 4 boxes'], ['2', '4 × medium box (30×20×15 cm): $3.80']],
  'understands a choice by its place': [['i need 4 boxes'], ['the second one', '4 × medium box']],
  'understands a size with a new quantity': [['i need 4 boxes'], ['6 extra large please', '6 × extra large box']],
  'takes several things at once': [
    ['hi i need 20 large boxes and 10 small, also 2 brown tape', '20 × large', '10 × small', '2 × brown tape'],
    ['9 Elm Street, Dover', '*Total: $44.60*'],
  ],
  'asks for what is missing of each thing': [
    ['i want to buy tape', 'Which kind do you need?'],
    ['brown and 3 clear', '3 × clear tape (66 m): $5.70', 'How many rolls of brown tape'],
    ['a dozen', '12 × brown tape (66 m): $21.60'],
  ],
  'does not take nonsense for a quantity and loses nothing': [
    ['i want to order brown tape', 'How many rolls of brown tape'],
    ['0', 'at least 1', 'How many rolls of brown tape'],
    ['-3', 'at least 1', 'How many rolls of brown tape'],
    ['2.5', 'whole numbers', 'How many rolls of brown tape'],
    ['1e9', 'at most 10,000', 'How many rolls of brown tape'],
    ['a few', 'did not get that', 'How many rolls of brown tape'],
    ['asdf', '*cancel*', '*human*', 'How many rolls of brown tape'],
    ['ten', '10 × brown tape (66 m): $18.00'],
  ],
  'reads digits of other scripts': [['i want to order brown tape'], ['१०', '10 × brown tape']],
  'leaves one of several things out at zero': [
    ['5 large boxes and tape'],
    ['brown'],
    ['0', 'I left that out', 'Where shall we deliver it?'],
  ],
  'says that something is sold out and goes on': [
    ['i want to order 3 rolls of bubble wrap'],
    ['large', 'sold out at the moment', 'Which roll'],
    ['small', '3 × small roll of bubble wrap (30 cm × 10 m): $13.50'],
  ],
  'lists the products where it does not know what is wanted': [
    ['i want to place an order', 'What would you like to order?', '1. Cardboard boxes - from $0.60 each'],
    ['a bicycle', 'cannot find that in our shop', '1. Cardboard boxes'],
    ['labls', 'We have labels available. Which kind'],
  ],
  'answers questions in the middle and goes on': [
    ['I want to order 10 boxes'],
    ['what are your opening hours?', 'Monday to Friday 9:00 to 18:00', 'Back to your order: Which size do you need?'],
    ['how much is the large one?', 'The large box (40×30×20 cm) is $1.50 each.', 'Which size do you need?'],
    ['do you have tape?', 'Packing tape (a roll): Clear tape 66 m $1.90', 'Which size do you need?'],
    ['large', '10 × large box'],
    ['do you accept cards?', 'cash or by card', 'Back to your order: Where shall we deliver it?'],
    ['12 Hill Road, Leeds', '*Total: $20.00*'],
    ['thanks', 'welcome', 'Back to your order: Shall I place your order?'],
    ['yes', 'PK1001'],
  ],
  'leaves the dialogue on cancel': [
    ['I want to order 10 boxes'],
    ['cancel', 'Nothing was ordered'],
    ['large', /^(?!.*Where shall we deliver)/s],
  ],
  'shows the cart at any time': [
    ['what have i in my cart', 'Your cart is empty', 'What would you like to order?'],
    ['3 medium boxes', '3 × medium box'],
    ['what have i in my cart', '3 × medium box (30×20×15 cm): $2.85', '*Total: $7.85*', 'Where shall we deliver it?'],
  ],
  'changes quantity, size, address and things before the confirmation': [
    ...toConfirmation,
    ['no', 'What shall I change?', '"15 large boxes"'],
    ['make it 20', '20 × large box (40×30×20 cm): $30.00'],
    ['extra large instead', '20 × extra large box (60×40×40 cm): $56.00', 'Delivery: free'],
    ['add 5 brown tape', '5 × brown tape (66 m): $9.00', '*Total: $65.00*'],
    ['remove the tape', 'Removed.', '*Total: $56.00*'],
    ['remove the labels', 'not in your order'],
    ['change the address', 'Where shall we deliver it?'],
    ['Flat 3, Rose Court, York', 'To: Flat 3, Rose Court, York'],
    ['7 Mill Lane, Bath', 'To: 7 Mill Lane, Bath', '20 × extra large box'],
    ['10 more extra large boxes', '30 × extra large box'],
    ['yes', 'PK1001', '$84.00'],
  ],
  'takes a product instead of another before its size is chosen': [
    ['I want to order 10 boxes'],
    ['sorry i mean tape', 'packing tape', 'Which kind'],
    ['clear', '10 × clear tape'],
  ],
  'does not take a word or a question for an address': [
    ['5 large boxes'],
    ['why do you need that?', 'Where shall we deliver it?'],
    ['leeds', 'a bit short'],
    ['12 Hill Road, Leeds', 'To: 12 Hill Road, Leeds'],
  ],
  'takes what does not look like an address where it is said twice': [
    ['5 large boxes'],
    ['Village Rampur post Salempur', 'Is that the whole address?'],
    ['Village Rampur post Salempur', 'To: Village Rampur post Salempur'],
  ],
  'remembers the address for the next order': [
    ...toConfirmation,
    ['yes'],
    ['2 brown tape', 'To: 12 Hill Road, Leeds', '*Total: $8.60*'],
  ],
  'orders the same again at today’s prices': [
    ['same as last time', 'cannot find an earlier order'],
    ['cancel'],
    ...toConfirmation,
    ['yes'],
    ['same as last time please', '10 × large box (40×30×20 cm): $15.00', 'To: 12 Hill Road, Leeds', 'Shall I place'],
    ['yes', 'PK1002'],
  ],
  'cancels a placed order after asking': [
    ...toConfirmation,
    ['yes'],
    ['cancel my order', 'Shall I cancel order PK1001 ($20.00)?'],
    ['no', 'PK1001 stays as it is'],
    ['please cancel my order', 'Shall I cancel order PK1001'],
    ['yes', 'PK1001 is cancelled'],
    ['cancel my order', 'no open order'],
  ],
  'says how to change an order that is placed': [
    ...toConfirmation,
    ['yes'],
    ['i want to change my order', 'PK1001 is placed already', '1. Cancel the order', '2. Talk to a person'],
    ['2', 'A colleague will answer you'],
  ],
  'goes from the menu back to the order': [
    ['I want to order 10 boxes'],
    ['menu', '1. Order something'],
    ['1', 'You have an order open.', 'Which size do you need?'],
  ],
  'takes an order in Spanish': [
    ['quiero pedir 10 cajas grandes', '10 × large box'],
    ['Calle Mayor 5, Madrid', 'To: Calle Mayor 5, Madrid'],
    ['sí', 'PK1001'],
  ],
  'takes an order in Portuguese': [
    ['quero comprar 20 caixas médias e 2 fitas marrons', '20 × medium box', '2 × brown tape'],
    ['Rua Augusta 100, São Paulo', 'To: Rua Augusta 100, São Paulo'],
    ['sim pode mandar', 'PK1001'],
  ],
  'takes an order in Hinglish': [
    ['mujhe 10 dabbe chahiye bade wale', '10 × large box'],
    ['Gandhi Nagar 12, Jaipur', 'Shall I place'],
    ['haan ji', 'PK1001'],
  ],
  'takes an order in Hindi': [
    ['मुझे १० बड़े डिब्बे चाहिए', '10 × large box'],
    ['गांधी नगर 12, जयपुर', 'Shall I place'],
    ['हाँ', 'PK1001'],
  ],
  'takes an order in Arabic': [
    ['اريد 10 صناديق كبيرة', '10 × large box'],
    ['شارع الملك فهد ١٢، الرياض', 'Shall I place'],
    ['نعم', 'PK1001'],
  ],
  'takes a thumb up for a yes': [...toConfirmation, ['👍', 'PK1001']],
}

test.each(Object.entries(transcripts))('%s', async (_title, steps) => {
  expect(await new ShopConversation().play(steps)).toBeUndefined()
})

describe('messages that are no text', () => {
  test('a location is an address', async () => {
    const chat = new ShopConversation()
    await chat.play([['5 large boxes']])
    const answer = await chat.ask((message) =>
      message.location({ latitude: 53.8, longitude: -1.55, name: 'Leeds Dock' }),
    )
    expect(answer).toContain('To: Leeds Dock (53.80000, -1.55000)')
  })

  test('a voice message in the middle asks again', async () => {
    const chat = new ShopConversation()
    await chat.play([['I want to order 10 boxes']])
    expect(await chat.ask((message) => message.audio())).toMatch(/I can only read text here\. Which size/)
  })

  test('a cart of the WhatsApp catalogue becomes an order', async () => {
    const items = [
      { productId: 'boxes:l', quantity: 3 },
      { productId: 'tape:brown', quantity: 2 },
    ]
    const answer = await new ShopConversation().ask((message) => message.order({ items }))
    expect(answer).toContain('Got it, 3 × large box (40×30×20 cm): $4.50 and 2 × brown tape (66 m): $3.60.')
  })

  test('real buttons and list rows choose, also old ones', async () => {
    const chat = new ShopConversation()
    const large = { id: 'pick:boxes:l', title: 'Large 40×30×20 cm' }
    expect(await chat.ask((message) => message.selection(large))).toContain('How many large boxes do you need?')
    await chat.play([['6'], ['12 Hill Road, Leeds']])
    expect(await chat.ask((message) => message.selection({ id: 'order:confirm', title: 'Place the order' }))).toContain(
      'PK1001',
    )
    expect(await chat.ask((message) => message.selection({ id: 'order:confirm', title: 'Place the order' }))).toContain(
      'What would you like to order?',
    )
    expect(await chat.store.latest(anna, 9)).toHaveLength(1)
  })

  test('a burst is one order', async () => {
    const answer = await new ShopConversation().ask((message) =>
      ['hi', 'i need 5 large boxes', 'and 2 brown tape'].map((text) => message.text(text)),
    )
    expect(answer).toMatch(/5 × large box.* and 2 × brown tape/)
  })
})

describe('what is placed', () => {
  test('is on the books with its prices', async () => {
    const chat = new ShopConversation()
    await chat.play([...toConfirmation, ['yes']])
    expect(await chat.store.latest(anna, 9)).toMatchObject([
      {
        number: 'PK1001',
        status: 'received',
        totalCents: 2000,
        address: '12 Hill Road, Leeds',
        lines: [{ product: 'boxes', key: 'l', quantity: 10, priceCents: 150 }],
      },
    ])
  })

  test('is placed once when the turn runs twice', async () => {
    const chat = new ShopConversation()
    await chat.play(toConfirmation)
    let yes: InboundMessage | undefined
    const sayYes = (commit: boolean) =>
      chat.say(
        (message) => {
          yes ??= message.text('yes')
          return yes
        },
        { commit, turnId: 'turn-4' },
      )
    const first = await sayYes(false)
    const second = await sayYes(true)
    expect(shown(second.replies)).toBe(shown(first.replies))
    expect(await chat.store.latest(anna, 9)).toHaveLength(1)
  })

  test('is changed when the turn has grown after a crash', async () => {
    const chat = new ShopConversation()
    await chat.play(toConfirmation)
    await chat.say('yes', { commit: false, turnId: 'turn-4' })
    await chat.say((message) => [message.text('yes'), message.text('no make it 20')], { turnId: 'turn-4' })
    await chat.play([['yes', 'PK1001', '$35.00']])
    expect(await chat.store.latest(anna, 9)).toMatchObject([{ number: 'PK1001', lines: [{ quantity: 20 }] }])
  })

  test('is taken back when the turn has grown by a cancel', async () => {
    const chat = new ShopConversation()
    await chat.play(toConfirmation)
    await chat.say('yes', { commit: false, turnId: 'turn-4' })
    await chat.say((message) => [message.text('yes'), message.text('cancel')], { turnId: 'turn-4' })
    expect(await chat.store.latest(anna, 9)).toEqual([])
  })

  test('is not cancelled once it is packed', async () => {
    const chat = new ShopConversation()
    await chat.play([...toConfirmation, ['yes'], ['cancel my order', 'Shall I cancel']])
    await chat.store.setStatus('PK1001', 'packed')
    expect(
      await chat.play([
        ['yes', 'cannot be cancelled any more'],
        ['cancel my order', 'is packed already'],
      ]),
    ).toBeUndefined()
    expect((await chat.store.latest(anna, 1))[0]?.status).toBe('packed')
  })
})

describe('what is remembered', () => {
  test('a broken session is reset with a warning', async () => {
    const chat = new ShopConversation({ state: { sessions: { orders: { lines: 'seven' } } } })
    const { replies, trace } = await chat.say('I want to order 10 boxes')
    expect(shown(replies)).toContain('Which size do you need?')
    expect(trace.warnings).toHaveLength(1)
  })

  test('a line of a product that is not sold any more asks for another', async () => {
    const orders = { asked: 'quantity', lines: [{ product: 'mugs', quantity: 3 }], changedAtMs: Date.UTC(2026, 10, 23) }
    const chat = new ShopConversation({ state: { sessions: { orders } } })
    expect(await chat.play([['large boxes', '3 × large box']])).toBeUndefined()
  })

  test('a yes is understood long after the floor was given up', async () => {
    const chat = new ShopConversation()
    await chat.play(toConfirmation)
    chat.nowMs += 3 * 60 * 60_000
    expect(await chat.ask('yes')).toContain('PK1001')
  })

  test('a cart of yesterday is forgotten', async () => {
    const chat = new ShopConversation()
    await chat.play(toConfirmation)
    chat.nowMs += 25 * 60 * 60_000
    expect(await chat.ask('yes')).not.toContain('PK1001')
    expect(await chat.ask('2 brown tape')).not.toContain('large box')
  })

  test('the state of a conversation stays small', async () => {
    const chat = new ShopConversation()
    await chat.play([['hi'], ['do you have boxes?'], ...toConfirmation, ['where is my order']])
    expect(JSON.stringify(chat.state).length).toBeLessThan(700)
  })
})
