import type { RespondContext } from '@wa-agent/core'
import type { orderIntents } from './order-intents.ts'
import { askCorrection, askNext, questionText } from './order-questions.ts'
import type { OrderSession } from './order-session.ts'
import type { Customer, OrderStore } from './order-store.ts'
import type { OrderText } from './read-order-text.ts'
import type { ShopDetails } from './shop-details.ts'

export type OrdersContext = RespondContext<typeof orderIntents, OrderSession>

/** One turn of the order dialogue: what was said, and what it is about. */
export interface Dialogue extends OrderText {
  readonly context: OrdersContext
  readonly store: OrderStore
  readonly shop: ShopDetails
}

/** What `askNext` and its like need. */
export function asking({ context: { session, reply }, shop }: Dialogue) {
  return { session, reply, shop }
}

export function customerOf({ conversation: { tenant, chat } }: OrdersContext): Customer {
  return { tenant, chat }
}

/** From now on placing is once-only: this id is committed with the turn, long before the order is placed. */
export function beginOrder({ session, conversation, turnId }: OrdersContext) {
  session.draft ??= `${conversation.channel}/${turnId}`
}

/** The open question once more, with `before` in front. */
export function askAgain(dialogue: Dialogue, before: string) {
  const { session, reply } = dialogue.context
  if (session.asked === 'correction') return askCorrection(asking(dialogue), before)
  if (session.asked === 'withdraw') return reply.text(`${before} ${questionText(session)}`)
  askNext(asking(dialogue), before)
}

/** Whether goods are named, and not only a number. */
export function namesGoods({ mentions }: Dialogue): boolean {
  return mentions.some(({ product, key }) => product !== undefined || key !== undefined)
}
