import { describe, expect, test } from 'vitest'
import { ShopConversation, type Step } from './transcript.ts'

const placed: readonly Step[] = [['10 large boxes'], ['12 Hill Road, Leeds', 'Shall I place'], ['yes', 'PK1001']]

describe('an order that is cancelled by its number', () => {
  test('is asked about first, and is the one of that number', async () => {
    const chat = new ShopConversation()
    const steps: Step[] = [
      ...placed,
      ['2 brown tape'],
      ['yes', 'PK1002'],
      ['cancel order 1001', 'Shall I cancel order PK1001 ($20.00)?'],
      ['leave it', 'PK1001 stays as it is'],
      ['please cancel PK1001', 'Shall I cancel order PK1001'],
      ['yes', 'PK1001 is cancelled'],
      ['cancel order 1001', 'PK1001 is cancelled already'],
      ['where is my order', 'PK1002 is received'],
      ["don't cancel order 1002", 'Order PK1002 is received'],
      ['order #1002 cancel please', 'Shall I cancel order PK1002'],
    ]
    expect(await chat.play(steps)).toBeUndefined()
  })

  test.each([
    ['packed', 'is packed already'],
    ['shipped', 'is shipped already'],
    ['delivered', 'was delivered already'],
  ] as const)('is not cancelled once it is %s', async (status, answer) => {
    const chat = new ShopConversation()
    await chat.play(placed)
    await chat.store.setStatus('PK1001', status)
    expect(await chat.ask('cancel order 1001')).toContain(answer)
    expect((await chat.store.find({ tenant: 'default', chat: 'anna' }, 'PK1001'))?.status).toBe(status)
  })

  test('is unknown where it is somebody else’s', async () => {
    const anna = new ShopConversation()
    await anna.play(placed)
    const boris = new ShopConversation({ store: anna.store, from: 'boris' })
    expect(await boris.ask('cancel order 1001')).toContain('I cannot find an order PK1001')
    expect((await anna.store.find({ tenant: 'default', chat: 'anna' }, 'PK1001'))?.status).toBe('received')
  })

  test('leaves the one that is being made alone', async () => {
    const chat = new ShopConversation()
    const steps: Step[] = [
      ...placed,
      ['5 brown tape', 'Shall I place'],
      ['cancel order 1001', 'Shall I cancel order PK1001'],
      ['yes', 'PK1001 is cancelled', '5 × brown tape', 'Shall I place'],
      ['cancel order 9999', 'cannot find an order PK9999', '5 × brown tape'],
      ['yes', 'PK1002'],
    ]
    expect(await chat.play(steps)).toBeUndefined()
  })
})

test('an order number in a text of any length takes no time', async () => {
  const chat = new ShopConversation()
  const startedMs = performance.now()
  for (const part of ['order ', 'cancel ', 'cancel order ', ' ']) {
    await chat.say(`order${part.repeat(4000).slice(0, 4000)}x`)
  }
  expect(performance.now() - startedMs).toBeLessThan(1000)
})
