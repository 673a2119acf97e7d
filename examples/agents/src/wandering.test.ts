import { seededRandom } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { offTopic } from './off-topic.ts'
import { sqliteOrderStore } from './order-store.ts'
import { shopAgents } from './shop.ts'
import { ShopConversation, shown } from './transcript.ts'

/** What customers say besides the examples: answers to questions, nonsense, numbers. */
const said = [
  ...['yes', 'no', 'ok', '1', '2', '3', '10', '0', '-1', '2.5', '1e9', 'large', 'the second one', 'make it 7', 'all'],
  ...['12 Hill Road, Leeds', 'Village Rampur post', 'remove the boxes', 'add 3 brown tape', 'change the address', '?'],
  ...['??', '...', '👍', '🤷', ' ', 'not that one', 'cheaper', 'and 5 clear', 'PK1001', 'cancel', 'x'.repeat(5000)],
]

test('whoever wanders about is always answered, and every sum is right', async () => {
  const store = sqliteOrderStore({ path: ':memory:' })
  const examples = shopAgents({ store }).flatMap(({ name, intents }) =>
    name === 'human' ? [] : Object.values(intents).flatMap((intent) => intent.examples ?? []),
  )
  const texts = [...examples, ...offTopic, ...said, ...said, ...said, ...said]
  const random = seededRandom(7)
  const chat = new ShopConversation({ store })
  for (let turn = 0; turn < 4000; turn += 1) {
    const text = texts[Math.floor(random() * texts.length)] ?? ''
    const { replies, trace } = await chat.say(text)
    const answer = shown(replies)
    expect(answer, text).not.toBe('')
    expect(answer, text).not.toMatch(/undefined|NaN|null|\[object/)
    expect(trace.warnings).toEqual([])
    if (chat.handoff) chat.handoff = undefined
    const total = totalIn(answer)
    if (total) expect(total.stated, answer).toBe(total.summed)
  }
  const orders = await store.latest({ tenant: 'default', chat: 'anna' }, 1000)
  expect(orders.length).toBeGreaterThan(5)
  for (const { lines, totalCents } of orders) {
    const goods = lines.reduce((sum, line) => sum + line.quantity * line.priceCents, 0)
    expect(totalCents).toBe(goods + (goods >= 5000 ? 0 : 500))
  }
})

/** The sum that an order's text states, and the one of its lines and its delivery. */
function totalIn(answer: string) {
  const order = /\*Your order\*\n(?<lines>.*?)\nDelivery: (?<delivery>\S+)\n\*Total: (?<total>\S+)\*/s.exec(
    answer,
  )?.groups
  if (!order) return undefined
  const lines = (order['lines'] ?? '').split('\n').map((line) => centsOf(line.slice(line.lastIndexOf('$'))))
  const delivery = order['delivery'] === 'free' ? 0 : centsOf(order['delivery'])
  return { stated: centsOf(order['total']), summed: lines.reduce((sum, cents) => sum + cents, delivery) }
}

function centsOf(price = ''): number {
  return Math.round(Number(price.replace(/[$,]/g, '')) * 100)
}
