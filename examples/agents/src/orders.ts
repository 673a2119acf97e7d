import { type Agent, defineAgent, normalizeKeyword } from '@wa-agent/core'
import { edit } from './edit-order.ts'
import { isLeftOpen } from './misses.ts'
import { answerQuestion } from './order-answers.ts'
import { askAgain, asking, beginOrder, customerOf, type Dialogue, type OrdersContext } from './order-dialogue.ts'
import { orderIntents } from './order-intents.ts'
import { askNext, askProduct, describeOrder, questionText } from './order-questions.ts'
import { cartOf, clearOrder, completeLines, isBusy, isFresh, orderSessionSchema } from './order-session.ts'
import type { OrderStore } from './order-store.ts'
import { drop, place } from './place-order.ts'
import { cancelNumbered, keepPlaced, withdrawPlaced } from './placed-orders.ts'
import { readOrderText } from './read-order-text.ts'
import type { ShopDetails } from './shop-details.ts'
import { take } from './take-goods.ts'
import type { Mention } from './understand-items.ts'
import { answerOf } from './yes-no.ts'

/** What the orders agent needs. */
export interface OrdersOptions {
  readonly store: OrderStore
  readonly shop: ShopDetails
}

/** Another agent's intent takes the message from this confidence on; an address is a free text and less easily left. */
const interruptAt = 0.7
const addressInterruptAt = 0.9
/** Below this confidence, "cancel" and its like in the middle of an order are taken as an answer. */
const ownIntentAt = 0.7

/** Takes orders step by step: product, size, quantity, address, confirmation; changes and cancels them. */
export function ordersAgent({ store, shop }: OrdersOptions): Agent {
  return defineAgent({
    name: 'orders',
    description: 'Takes orders, changes and cancels them, and shows the cart.',
    intents: orderIntents,
    session: orderSessionSchema,
    async respond(context) {
      const { session, nowMs, floor } = context
      if (!isFresh(session, nowMs)) clearOrder(session)
      const { misses } = session
      await answer({ context, store, shop, ...readOrderText(context.text) })
      if (session.misses === misses) session.misses = 0
      session.changedAtMs = nowMs
      if (isLeftOpen(session)) floor.give()
      else if (isBusy(session, nowMs)) {
        floor.keep({ interruptAt: session.asked === 'address' ? addressInterruptAt : interruptAt })
      } else if (session.asked === 'interest') floor.keep({ interruptAt: 0 })
      else floor.give()
    },
  })
}

async function answer(dialogue: Dialogue): Promise<void> {
  const { context } = dialogue
  noteAddress(dialogue)
  switch (heededIntent(dialogue)) {
    case 'confirm':
      return place(dialogue)
    case 'drop':
      return dropWhatIsMeant(dialogue)
    case 'cancel_numbered':
      return cancelNumbered(dialogue, numberOf(context))
    case 'withdraw':
      return withdrawPlaced(dialogue)
    case 'stay':
      return keepPlaced(dialogue)
    case 'edit':
      return editAny(dialogue)
    case 'cart':
      return showCart(dialogue)
    case 'again':
      return orderAgain(dialogue)
    case 'address':
      delete context.session.address
      return askNext(asking(dialogue), 'Sure.')
    case 'more':
      return askMore(dialogue)
    case 'pick':
    case 'catalogue_order':
      return pick(dialogue)
    case 'order':
      return orderNow(dialogue)
    case undefined:
      return answerQuestion(dialogue)
  }
}

/** Whatever else a sentence says: where it names an address, there the order goes. A question only asks about it. */
function noteAddress({ context: { session }, address, asks }: Dialogue) {
  if (address !== undefined && (asks !== 'to-know' || session.asked === 'address')) session.address = address
}

/** What "never mind" takes back is what was asked last; the order stays. */
const takenBack: ReadonlySet<string> = new Set([
  'nevermind',
  'never mind',
  'forget it',
  'leave it',
  'olvidalo',
  'esquece',
  'rehne do',
])

async function dropWhatIsMeant(dialogue: Dialogue): Promise<void> {
  const { session, text } = dialogue.context
  const isTakenBack = takenBack.has(normalizeKeyword(text))
  if (session.asked === 'withdraw') return isTakenBack ? keepPlaced(dialogue) : withdrawPlaced(dialogue)
  if (session.asked === 'correction' && isTakenBack) return askNext(asking(dialogue), 'OK, nothing changed.')
  return drop(dialogue)
}

function numberOf({ intent }: OrdersContext): string | undefined {
  return intent?.name === 'cancel_numbered' ? intent.entities.number : undefined
}

/** "Place order", which also answers the last question. */
async function orderNow(dialogue: Dialogue): Promise<void> {
  const { session, nowMs, text } = dialogue.context
  if (!isBusy(session, nowMs) || (session.asked === 'confirm' && answerOf(text) === 'yes'))
    return answerQuestion(dialogue)
  askAgain(dialogue, 'You have an order open.')
}

/** In the middle of an order only what was surely meant leaves the question that was asked. */
function heededIntent(dialogue: Dialogue) {
  const { intent, session, nowMs } = dialogue.context
  if (!intent) return undefined
  if (intent.decidedBy === 'rules' || !isBusy(session, nowMs)) return intent.name
  const isSure = intent.confidence >= (session.asked === 'address' ? addressInterruptAt : ownIntentAt)
  if (intent.name === 'drop' && dropsSome(dialogue)) return undefined
  return isSure && ['drop', 'edit', 'cart'].includes(intent.name) ? intent.name : undefined
}

/** Who does not want the tape may want the rest. */
function dropsSome({ context: { session }, mentions }: Dialogue): boolean {
  const products = new Set(mentions.map(({ product }) => product))
  return (
    session.lines.some(({ product }) => products.has(product)) &&
    !session.lines.every(({ product }) => products.has(product))
  )
}

async function editAny(dialogue: Dialogue): Promise<void> {
  const { context, store } = dialogue
  const { session, reply } = context
  if (session.lines.length > 0 || (isBusy(session, context.nowMs) && session.asked !== 'withdraw')) {
    delete session.withdrawing
    return edit(dialogue)
  }
  const [latest] = await store.latest(customerOf(context), 1)
  if (latest?.status !== 'received') {
    clearOrder(session)
    return reply.text('You have no open order. Write what you need, e.g. "10 large boxes", or *menu*.')
  }
  reply.buttons(`${latest.number} is placed already. I can cancel it for you, or a colleague changes it.`, [
    { id: 'order:drop', title: 'Cancel the order' },
    { id: 'menu:human', title: 'Talk to a person' },
  ])
}

function showCart(dialogue: Dialogue) {
  const { context, shop } = dialogue
  const { session, reply } = context
  if (completeLines(session).length === 0) {
    if (session.lines.length > 0) return askNext(asking(dialogue), 'Nothing is in your cart yet.')
    beginOrder(context)
    return askNext(asking(dialogue), 'Your cart is empty.')
  }
  if (session.asked === 'confirm') return askNext(asking(dialogue))
  reply.text(`${describeOrder(session, shop)}\n\n${questionText(session)}`.trim())
}

/** The last order once more, at today's prices, to be confirmed like any other. */
async function orderAgain(dialogue: Dialogue): Promise<void> {
  const { context, store } = dialogue
  const { session } = context
  const [latest] = await store.latest(customerOf(context), 1)
  beginOrder(context)
  if (!latest) return askNext(asking(dialogue), 'I cannot find an earlier order of yours.')
  delete session.interest
  session.lines = cartOf(latest)
  session.address ??= latest.address
  askNext(asking(dialogue))
}

function askMore({ context }: Dialogue) {
  const { session, reply } = context
  beginOrder(context)
  session.asked = 'product'
  askProduct(reply, 'What would you like to add?')
}

/** What was chosen in a list, or in WhatsApp's own catalogue; ids are `want:product` and `pick:product:key`. */
function pick(dialogue: Dialogue) {
  const { message, text } = dialogue.context
  const mentions: Mention[] = []
  if (message.type === 'order') {
    for (const item of message.items) mentions.push({ ...mentionOf(`pick:${item.productId}`), quantity: item.quantity })
  } else mentions.push(mentionOf(message.type === 'selection' ? message.selection.id : text))
  if (!take({ ...dialogue, mentions })) askNext(asking(dialogue))
}

function mentionOf(id: string): Mention {
  const [, product, key] = id.trim().toLowerCase().split(':')
  return { ...(product === undefined ? {} : { product }), ...(key === undefined ? {} : { key }) }
}
