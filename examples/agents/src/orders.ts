import { type Agent, defineAgent } from '@wa-agent/core'
import { answerQuestion } from './order-answers.ts'
import {
  askAgain,
  asking,
  beginOrder,
  customerOf,
  type Dialogue,
  drop,
  edit,
  keepPlaced,
  type OrdersContext,
  place,
  take,
  withdrawPlaced,
} from './order-dialogue.ts'
import { orderIntents } from './order-intents.ts'
import { askNext, askProduct, describeOrder, questionText } from './order-questions.ts'
import { cartOf, clearOrder, completeLines, isBusy, isFresh, orderSessionSchema } from './order-session.ts'
import type { OrderStore } from './order-store.ts'
import type { ShopDetails } from './shop-details.ts'
import { type Mention, mentionsIn } from './understand-items.ts'
import { wordsOf } from './words.ts'

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
      const words = wordsOf(context.text)
      await answer({ context, store, shop, words, mentions: mentionsIn(words) })
      if (session.misses === misses) session.misses = 0
      session.changedAtMs = nowMs
      if (isBusy(session, nowMs)) {
        floor.keep({ interruptAt: session.asked === 'address' ? addressInterruptAt : interruptAt })
      } else if (session.asked === 'interest') floor.keep({ interruptAt: 0 })
      else floor.give()
    },
  })
}

async function answer(dialogue: Dialogue): Promise<void> {
  const { context } = dialogue
  switch (heededIntent(context)) {
    case 'confirm':
      return place(dialogue)
    case 'drop':
      return context.session.asked === 'withdraw' ? withdrawPlaced(dialogue) : drop(dialogue)
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
      return isBusy(context.session, context.nowMs)
        ? askAgain(dialogue, 'You have an order open.')
        : answerQuestion(dialogue)
    case undefined:
      return answerQuestion(dialogue)
  }
}

/** In the middle of an order only what was surely meant leaves the question that was asked. */
function heededIntent({ intent, session, nowMs }: OrdersContext) {
  if (!intent) return undefined
  if (intent.decidedBy === 'rules' || !isBusy(session, nowMs)) return intent.name
  const isSure = intent.confidence >= (session.asked === 'address' ? addressInterruptAt : ownIntentAt)
  return isSure && ['drop', 'edit', 'cart'].includes(intent.name) ? intent.name : undefined
}

function editAny(dialogue: Dialogue) {
  const { context, store } = dialogue
  const { session, reply } = context
  if (isBusy(session, context.nowMs) && session.asked !== 'withdraw') return edit(dialogue)
  const latest = store.latest(customerOf(context), 1)[0]
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
function orderAgain(dialogue: Dialogue) {
  const { context, store } = dialogue
  const { session } = context
  const latest = store.latest(customerOf(context), 1)[0]
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
