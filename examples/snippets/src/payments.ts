import { defineAgent } from '@wa-agent/core'

/** Somebody else's system, that makes an order once for each key. */
export interface OrderSystem {
  create(order: { readonly key: string; readonly text: string }): Promise<{ readonly number: string }>
}

// #region idempotent
export const orderAgent = (orders: OrderSystem) =>
  defineAgent({
    name: 'orders',
    description: 'Takes orders.',
    intents: { order: { examples: ['I want to order 10 boxes', 'can I buy two of these', 'please send me tape'] } },
    async respond({ text, turnId, reply }) {
      // A turn may run again after a failure or a crash: the same turnId then makes no second order.
      const { number } = await orders.create({ key: turnId, text })
      reply.text(`Thank you. Your order has the number ${number}.`)
    },
  })
// #endregion
