import { z } from 'zod'
import type { Order, OrderLine } from './order-store.ts'
import { findProduct, findVariant, type Product, type Variant } from './products.ts'
import { deliveryFor, type ShopDetails } from './shop-details.ts'

/** One thing in the cart, as far as it is known. */
const lineSchema = z.object({
  product: z.string().optional(),
  /** The size or kind; kept as said while the product is not known. */
  key: z.string().optional(),
  quantity: z.number().int().positive().optional(),
})
export type Line = z.output<typeof lineSchema>

/** What the customer was asked last. `interest`: whether what they looked at is to be ordered. */
const questions = [
  'nothing',
  'interest',
  'product',
  'variant',
  'quantity',
  'address',
  'confirm',
  'correction',
  'withdraw',
] as const
export type Question = (typeof questions)[number]

/** State of the orders agent: a cart, and what was asked. */
export const orderSessionSchema = z.object({
  asked: z.enum(questions).catch('nothing').default('nothing'),
  lines: z.array(lineSchema).max(20).default([]),
  /** What was looked at in the catalogue, which is not in the cart yet. */
  interest: lineSchema.optional(),
  /** Also remembered for the next order. */
  address: z.string().max(300).optional(),
  /** The turn in which this order was begun: what makes placing it once-only. */
  draft: z.string().optional(),
  /** The placed order that is about to be cancelled. */
  withdrawing: z.string().optional(),
  /** How often in a row an answer was not understood. */
  misses: z.number().default(0),
  changedAtMs: z.number().default(0),
})
export type OrderSession = z.output<typeof orderSessionSchema>

/** A cart that nobody touched for so long is forgotten. */
const cartLifeMs = 24 * 60 * 60_000

/** Whether a question of the order dialogue waits for its answer. */
export function isBusy(session: OrderSession, nowMs: number): boolean {
  return session.asked !== 'nothing' && session.asked !== 'interest' && isFresh(session, nowMs)
}

export function isFresh(session: OrderSession, nowMs: number): boolean {
  return nowMs - session.changedAtMs <= cartLifeMs
}

/** Empties the cart; the address stays for the next order. */
export function clearOrder(session: OrderSession) {
  session.asked = 'nothing'
  session.lines = []
  session.misses = 0
  delete session.interest
  delete session.draft
  delete session.withdrawing
}

/** A line whose product, variant and quantity are known. */
export interface CompleteLine {
  readonly product: Product
  readonly variant: Variant
  readonly quantity: number
}

export function completeLine({ product: id, key, quantity }: Line): CompleteLine | undefined {
  const product = findProduct(id)
  const variant = product && findVariant(product, key)
  return variant && quantity !== undefined ? { product, variant, quantity } : undefined
}

/** The line that is being asked about. */
export function openLine(session: OrderSession): Line | undefined {
  return session.lines.find((line) => !completeLine(line))
}

export function completeLines(session: OrderSession): CompleteLine[] {
  return session.lines.map(completeLine).filter((line) => line !== undefined)
}

/** What has to be asked next for the order to be complete. */
export function nextQuestion(session: OrderSession): Question {
  const line = openLine(session)
  if (!line) return session.lines.length === 0 ? 'product' : session.address === undefined ? 'address' : 'confirm'
  const product = findProduct(line.product)
  if (!product) return 'product'
  return findVariant(product, line.key) ? 'quantity' : 'variant'
}

/** What an order costs. */
export interface Total {
  readonly goodsCents: number
  readonly deliveryCents: number
  readonly totalCents: number
}

export function totalOf(lines: readonly CompleteLine[], shop: ShopDetails): Total {
  const goodsCents = lines.reduce((sum, { variant, quantity }) => sum + variant.priceCents * quantity, 0)
  const deliveryCents = deliveryFor(goodsCents, shop)
  return { goodsCents, deliveryCents, totalCents: goodsCents + deliveryCents }
}

/** The lines as they are kept with the order. */
export function toOrderLines(lines: readonly CompleteLine[]): OrderLine[] {
  return lines.map(({ product, variant, quantity }) => ({
    product: product.id,
    key: variant.keys[0],
    label: variant.label,
    quantity,
    priceCents: variant.priceCents,
  }))
}

/** The cart of an earlier order, as far as its things are still sold; prices are today's. */
export function cartOf(order: Order): Line[] {
  return order.lines
    .map(({ product, key, quantity }) => ({ product, key, quantity }))
    .filter((line) => completeLine(line)?.variant.soldOut === undefined && completeLine(line) !== undefined)
}
