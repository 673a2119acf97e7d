import { type Agent, defineAgent } from '@wa-agent/core'
import { z } from 'zod'
import { orderByNumber } from './order-numbers.ts'
import type { Customer, Order, OrderStatus, OrderStore } from './order-store.ts'
import { formatPrice } from './products.ts'
import type { ShopDetails } from './shop-details.ts'

const statusWords = [
  'menu:status',
  'status',
  'order status',
  'track',
  'tracking',
  'track order',
  'track my order',
  'my order',
  'my orders',
  'mi pedido',
  'meu pedido',
  'rastrear',
  'mera order',
]

/** Tells where an order is: by its number, or the customer's latest one. Another customer's order does not exist here. */
export function orderStatusAgent({ store, shop }: { readonly store: OrderStore; readonly shop: ShopDetails }): Agent {
  return defineAgent({
    name: 'order-status',
    description: 'Tells where an order is, by its number or the latest one.',
    intents: {
      order_status: {
        description: 'The customer asks where an order is that was placed before.',
        rules: [...statusWords, ...orderByNumber],
        entities: z.object({ number: z.string() }),
        examples: [
          'where is my order',
          'wheres my order',
          'has it shipped',
          'did you ship my order',
          'has my order been sent yet',
          'when will my order arrive',
          'when will my parcel come',
          'where is my package',
          'my order has not arrived',
          'still waiting for my order',
          'order status please',
          'track my order pls',
          'whats happening with my order',
          'any update on my order',
          'is my order on the way',
          'my boxes didnt come yet',
          'when will i get my tape',
          'waiting for my parcel since friday',
          'i ordered last week and nothing came',
          'donde esta mi pedido',
          'cuando llega mi pedido',
          'ya enviaron mi pedido',
          'cadê meu pedido',
          'quando chega meu pedido',
          'mera order kahan hai',
          'order kab aayega',
          'मेरा ऑर्डर कब आएगा',
          'मेरा ऑर्डर कहाँ है',
          'اين طلبي',
          'متى يصل طلبي',
        ],
      },
    },
    async respond({ intent, conversation, reply, nowMs }) {
      const { tenant, chat } = conversation
      const customer: Customer = { tenant, chat }
      const number = intent?.entities.number
      if (number === undefined) return reply.text(aboutLatest(await store.latest(customer, 4), { shop, nowMs }))
      const order = await store.find(customer, number)
      if (order) return reply.text(describeStatus(order, { shop, nowMs }))
      reply.text(
        `I cannot find an order PK${number.replace(/\D/g, '')} for this WhatsApp number. Please check it, or write *human*.`,
      )
    },
  })
}

interface Telling {
  readonly shop: ShopDetails
  readonly nowMs: number
}

function aboutLatest([latest, ...older]: readonly Order[], telling: Telling): string {
  if (!latest) {
    return 'I cannot find an order for this WhatsApp number. If you ordered elsewhere, write *human* and a colleague will look.'
  }
  const status = describeStatus(latest, telling)
  if (older.length === 0) return status
  return `${status}\nEarlier orders: ${older.map(({ number, status: its }) => `${number} (${its})`).join(', ')}.`
}

const statusTexts: Readonly<Record<OrderStatus, (shop: ShopDetails) => string>> = {
  received: (shop) => `is received and will be packed soon; delivery takes ${shop.deliveryDays}.`,
  packed: () => 'is packed and leaves our shop next.',
  shipped: () => 'is on its way to you.',
  delivered: () => 'was delivered. If something is missing, write *human*.',
  cancelled: () => 'was cancelled.',
}

const day = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long' })

function describeStatus(order: Order, { shop, nowMs }: Telling): string {
  const isToday = nowMs - order.createdAtMs < 12 * 60 * 60_000
  const lines = order.lines.map(({ quantity, label }) => `${quantity} × ${label}`).join(', ')
  const when = isToday ? '' : ` of ${day.format(order.createdAtMs)}`
  return `Order ${order.number}${when} ${statusTexts[order.status](shop)}\n${lines}, ${formatPrice(order.totalCents)}`
}
