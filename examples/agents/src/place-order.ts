import { asking, customerOf, type Dialogue } from './order-dialogue.ts'
import { askNext } from './order-questions.ts'
import { clearOrder, completeLines, toOrderLines, totalOf } from './order-session.ts'
import { cancelLatest } from './placed-orders.ts'
import { formatPrice } from './products.ts'

/** Places the order. Safe to run twice: the draft makes it the same order. */
export async function place(dialogue: Dialogue): Promise<void> {
  const { context, store, shop } = dialogue
  const { session, nowMs, reply } = context
  const { draft, address } = session
  const lines = completeLines(session)
  if (draft === undefined || address === undefined || lines.length === 0) return askNext(asking(dialogue))
  const { totalCents } = totalOf(lines, shop)
  const customer = customerOf(context)
  const order = await store.place({ customer, draft, lines: toOrderLines(lines), address, totalCents, nowMs })
  clearOrder(session)
  reply.text(
    `Thank you! Your order is *${order.number}*, ${formatPrice(order.totalCents)} in total. It arrives in ${shop.deliveryDays}; you pay on delivery. Ask me "where is my order" at any time.`,
  )
}

/** Leaves the order that is being made, or offers to cancel the one that was placed last. */
export async function drop(dialogue: Dialogue): Promise<void> {
  const { context, store } = dialogue
  const { session, reply } = context
  if (session.asked === 'nothing' || session.asked === 'interest') {
    clearOrder(session)
    return cancelLatest(dialogue)
  }
  if (session.draft !== undefined) await store.withdraw(customerOf(context), session.draft)
  clearOrder(session)
  reply.text('OK, cancelled. Nothing was ordered. Write *menu* if you need anything else.')
}
