import { asking, customerOf, type Dialogue } from './order-dialogue.ts'
import { askNext } from './order-questions.ts'
import { clearOrder } from './order-session.ts'
import type { Order } from './order-store.ts'
import { formatPrice } from './products.ts'

/** Asks whether the order that was placed last is to be cancelled, or says why it cannot be. */
export async function cancelLatest(dialogue: Dialogue): Promise<void> {
  const { context, store } = dialogue
  const [latest] = await store.latest(customerOf(context), 1)
  if (!latest || latest.status === 'cancelled' || latest.status === 'delivered') {
    return resume(dialogue, 'You have no open order, so there is nothing to cancel. Write *menu* to see what I can do.')
  }
  askToCancel(dialogue, latest)
}

/** The same for the order of a number: another customer's does not exist here. */
export async function cancelNumbered(dialogue: Dialogue, digits: string | undefined): Promise<void> {
  const { context, store } = dialogue
  const customer = customerOf(context)
  const order = digits === undefined ? undefined : await store.find(customer, digits)
  if (order) return askToCancel(dialogue, order)
  const [latest] = await store.latest(customer, 1)
  const hint = latest ? `Your latest order is ${latest.number}.` : 'Please check it, or write *human*.'
  resume(dialogue, `I cannot find an order PK${digits ?? ''} for this WhatsApp number. ${hint}`)
}

function askToCancel(dialogue: Dialogue, { number, status, totalCents }: Order) {
  const { session, reply } = dialogue.context
  if (status !== 'received') return resume(dialogue, `${number} ${whyNot[status]}`)
  session.asked = 'withdraw'
  session.withdrawing = number
  reply.buttons(`Shall I cancel order ${number} (${formatPrice(totalCents)})? (yes / no)`, [
    { id: 'order:withdraw', title: 'Cancel the order' },
    { id: 'order:stay', title: 'Keep the order' },
  ])
}

const whyNot: Readonly<Record<Exclude<Order['status'], 'received'>, string>> = {
  packed: 'is packed already, so I cannot cancel it here. Write *human* and a colleague will help.',
  shipped: 'is shipped already, so I cannot cancel it here. Write *human* and a colleague will help.',
  delivered: 'was delivered already. You can return anything unused within 14 days; write *human* for that.',
  cancelled: 'is cancelled already.',
}

/** Cancels the placed order, if nobody has packed it meanwhile. */
export async function withdrawPlaced(dialogue: Dialogue): Promise<void> {
  const { context, store } = dialogue
  const number = context.session.withdrawing
  if (number === undefined) return resume(dialogue, 'There is nothing to cancel. Write *menu* to see what I can do.')
  resume(
    dialogue,
    (await store.cancel(customerOf(context), number))
      ? `Done, ${number} is cancelled.`
      : `${number} cannot be cancelled any more. Write *human* and a colleague will help.`,
  )
}

/** The placed order stays as it is. */
export function keepPlaced(dialogue: Dialogue, before = 'OK') {
  const number = dialogue.context.session.withdrawing
  resume(dialogue, number === undefined ? `${before}.` : `${before}, ${number} stays as it is.`)
}

/** An order that was being made when a placed one was talked about goes on. */
function resume(dialogue: Dialogue, said: string) {
  const { session, reply } = dialogue.context
  if (session.lines.length === 0) {
    clearOrder(session)
    return reply.text(said)
  }
  delete session.withdrawing
  session.misses = 0
  askNext(asking(dialogue), `${said} Back to your order:`)
}
