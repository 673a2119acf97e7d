import type { RespondContext } from '@wa-agent/core'
import { askModel } from './ask-model.ts'
import { applyMentions, removeMentioned } from './order-changes.ts'
import type { orderIntents } from './order-intents.ts'
import { askCorrection, askNext, describeLine, questionText } from './order-questions.ts'
import {
  clearOrder,
  completeLine,
  completeLines,
  type Line,
  nextQuestion,
  type OrderSession,
  openLine,
  toOrderLines,
  totalOf,
} from './order-session.ts'
import type { Customer, OrderStore } from './order-store.ts'
import { findProduct, formatPrice } from './products.ts'
import { describeProblem } from './quantity.ts'
import type { ShopDetails } from './shop-details.ts'
import type { Mention } from './understand-items.ts'
import { addressWords, addWords, insteadWords, quantityWords, removeWords, sizeWords } from './vocabulary.ts'
import { hasAny } from './words.ts'

export type OrdersContext = RespondContext<typeof orderIntents, OrderSession>

/** One turn of the order dialogue. */
export interface Dialogue {
  readonly context: OrdersContext
  readonly store: OrderStore
  readonly shop: ShopDetails
  /** The words of the text and what they name. */
  readonly words: readonly string[]
  readonly mentions: readonly Mention[]
}

/** What `askNext` and its like need. */
export function asking({ context: { session, reply }, shop }: Dialogue) {
  return { session, reply, shop }
}

export function customerOf({ conversation: { tenant, chat } }: OrdersContext): Customer {
  return { tenant, chat }
}

/** Puts what was named into the cart and asks what is missing. Says whether something was named. */
export function take(dialogue: Dialogue, mentions = dialogue.mentions): boolean {
  if (mentions.length === 0) return false
  const { context, words } = dialogue
  const { session } = context
  const isFirst = session.lines.length === 0
  beginOrder(context)
  useInterest(session, mentions[0])
  const how = { adding: hasAny(words, addWords), replacing: hasAny(words, insteadWords) }
  const { lines, problem, soldOut } = applyMentions(session, mentions, how)
  if (soldOut) askNext(asking(dialogue), `Sorry, the ${soldOut.label} is sold out at the moment.`)
  else if (problem === 'zero' && leaveOut(session, lines)) askNext(asking(dialogue), 'OK, I left that out.')
  else if (problem) askNext(asking(dialogue), describeProblem(problem))
  else if (lines.length > 0) askNext(asking(dialogue), acknowledgement(session, { lines, isFirst }))
  else return false
  return true
}

/** None of one of several things: it is taken out of the cart. */
function leaveOut(session: OrderSession, [line, ...others]: readonly Line[]): boolean {
  if (!line || others.length > 0 || session.lines.length < 2) return false
  session.lines = session.lines.filter((known) => known !== line)
  return true
}

/** From now on placing is once-only: this id is committed with the turn, long before the order is placed. */
export function beginOrder({ session, conversation, turnId }: OrdersContext) {
  session.draft ??= `${conversation.channel}/${turnId}`
}

/** "10 large" after a look at the boxes means boxes. */
function useInterest(session: OrderSession, mention: Mention | undefined) {
  const { interest } = session
  delete session.interest
  if (interest && (mention?.product === undefined || mention.product === interest.product)) session.lines.push(interest)
}

/** What was understood is said back; before the confirmation the whole order is. */
function acknowledgement(session: OrderSession, { lines, isFirst }: { lines: readonly Line[]; isFirst: boolean }) {
  const next = nextQuestion(session)
  if (next === 'confirm') return ''
  const complete = lines.map(completeLine).filter((line) => line !== undefined)
  const open = openLine(session)
  // The first question of an order has its own words, and a product without a quantity is in the question itself.
  const parts = isFirst ? [] : lines.filter((line) => !completeLine(line) && (line !== open || next === 'variant'))
  const known = [...complete.map(describeLine), ...parts.map(describePart)].filter((part) => part !== '')
  return known.length > 0 ? `Got it, ${known.join(' and ')}.` : ''
}

function describePart({ product: id, quantity }: Line): string {
  const product = findProduct(id)
  return product && quantity !== undefined ? `${quantity} × ${product.name}` : ''
}

/** Asks again; the more often, the more help. With a model a free question is answered first. */
export async function miss(dialogue: Dialogue): Promise<void> {
  const { context, store, shop } = dialogue
  const { session, text } = context
  session.misses += 1
  const answer = text === '' ? undefined : await askModel(context, { store, shop, pending: questionText(session) })
  askAgain(dialogue, answer ?? apology(session.misses, text))
}

function apology(misses: number, text: string): string {
  const sorry = text === '' ? 'Sorry, I can only read text here.' : 'Sorry, I did not get that.'
  return misses < 2 ? sorry : `${sorry} Write *cancel* to leave the order or *human* to talk to a person.`
}

/** The open question once more, with `before` in front. */
export function askAgain(dialogue: Dialogue, before: string) {
  const { session, reply } = dialogue.context
  if (session.asked === 'correction') return askCorrection(asking(dialogue), before)
  if (session.asked === 'withdraw') return reply.text(`${before} ${questionText(session)}`)
  askNext(asking(dialogue), before)
}

/** Changes the order as far as the text says what; asks where it does not. */
export function edit(dialogue: Dialogue) {
  const { context, words, mentions } = dialogue
  const { session } = context
  if (editNamed(dialogue)) return
  if (mentions.length > 0 && take(dialogue)) return
  const last = session.lines.at(-1)
  if (last && hasAny(words, quantityWords)) delete last.quantity
  else if (last && hasAny(words, sizeWords)) delete last.key
  else if (completeLines(session).length > 0) return askCorrection(asking(dialogue))
  askNext(asking(dialogue), last ? 'Sure.' : '')
}

/** Removing things and changing the address; says whether that is what was said. */
export function editNamed(dialogue: Dialogue): boolean {
  const { context, words, mentions } = dialogue
  const { session } = context
  if (hasAny(words, removeWords)) {
    const isNamed = mentions.some(({ product, key }) => product !== undefined || key !== undefined)
    if (!isNamed) return false
    if (!removeMentioned(session, mentions)) {
      askAgain(dialogue, 'That is not in your order.')
      return true
    }
    askNext(asking(dialogue), session.lines.length === 0 ? 'Removed, your cart is empty now.' : 'Removed.')
    return true
  }
  if (!hasAny(words, addressWords)) return false
  delete session.address
  askNext(asking(dialogue), 'Sure.')
  return true
}

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

/** Leaves the dialogue, or offers to cancel the order that was placed last. */
export function drop(dialogue: Dialogue) {
  const { context, store } = dialogue
  const { session, reply } = context
  const customer = customerOf(context)
  if (session.asked !== 'nothing' && session.asked !== 'interest') {
    if (session.draft !== undefined) store.withdraw(customer, session.draft)
    clearOrder(session)
    return reply.text('OK, cancelled. Nothing was ordered. Write *menu* if you need anything else.')
  }
  clearOrder(session)
  const latest = store.latest(customer, 1)[0]
  if (!latest || latest.status === 'cancelled' || latest.status === 'delivered') {
    return reply.text('You have no open order, so there is nothing to cancel. Write *menu* to see what I can do.')
  }
  if (latest.status !== 'received') {
    return reply.text(
      `${latest.number} is ${latest.status} already, so I cannot cancel it here. Write *human* and a colleague will help.`,
    )
  }
  session.asked = 'withdraw'
  session.withdrawing = latest.number
  reply.buttons(`Shall I cancel order ${latest.number} (${formatPrice(latest.totalCents)})? (yes / no)`, [
    { id: 'order:withdraw', title: 'Cancel the order' },
    { id: 'order:stay', title: 'Keep the order' },
  ])
}

/** Cancels the placed order, if nobody has packed it meanwhile. */
export function withdrawPlaced({ context, store }: Dialogue) {
  const { session, reply } = context
  const number = session.withdrawing
  clearOrder(session)
  if (number === undefined) return reply.text('There is nothing to cancel. Write *menu* to see what I can do.')
  reply.text(
    store.cancel(customerOf(context), number)
      ? `Done, ${number} is cancelled.`
      : `${number} cannot be cancelled any more. Write *human* and a colleague will help.`,
  )
}

/** The placed order stays as it is. */
export function keepPlaced({ context: { session, reply } }: Dialogue) {
  const number = session.withdrawing
  clearOrder(session)
  reply.text(number === undefined ? 'OK.' : `OK, ${number} stays as it is.`)
}
