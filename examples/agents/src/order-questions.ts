import type { Reply } from '@wa-agent/core'
import {
  type CompleteLine,
  completeLines,
  nextQuestion,
  type OrderSession,
  openLine,
  totalOf,
} from './order-session.ts'
import { describePrice, findProduct, findVariant, formatPrice, type Product, pickId, products } from './products.ts'
import type { ShopDetails } from './shop-details.ts'

/** Where a question goes and what it is about. */
export interface Asking {
  readonly session: OrderSession
  readonly reply: Reply
  readonly shop: ShopDetails
}

/** Asks what is missing next, with `before` in front of the question, and remembers what was asked. */
export function askNext({ session, reply, shop }: Asking, before = '') {
  session.asked = nextQuestion(session)
  switch (session.asked) {
    case 'product':
      return askProduct(reply, join(before, 'What would you like to order?'))
    case 'variant':
      return askVariant({ session, reply, shop }, before)
    case 'confirm':
      return askConfirmation({ session, reply, shop }, before)
    default:
      return reply.text(join(before, questionText(session)))
  }
}

/** The question that is open, in words, e.g. to remind of it after something else was answered. */
export function questionText(session: OrderSession): string {
  const line = openLine(session)
  const product = findProduct(line?.product)
  const variant = product && findVariant(product, line?.key)
  switch (session.asked) {
    case 'product':
      return 'What would you like to order?'
    case 'variant':
      return product?.question ?? 'Which one do you need?'
    case 'quantity':
      return variant ? `How many ${variant.plural} do you need?` : 'How many do you need?'
    case 'address':
      return 'Where shall we deliver it? Please send street, number and city.'
    case 'confirm':
      return 'Shall I place your order? (yes / no)'
    case 'correction':
      return 'What shall I change in your order?'
    case 'withdraw':
      return 'Shall I cancel that order? (yes / no)'
    case 'interest':
    case 'nothing':
      return ''
  }
}

/** The whole catalogue to choose from: to order, or to look at. */
export function askProduct(reply: Reply, text: string, choose: 'want' | 'show' = 'want') {
  reply.list({ text, button: 'Products', sections: productSections[choose] })
}

/** The sizes or kinds of a product to choose from, with their prices. */
export function listVariants(reply: Reply, text: string, productId: string | undefined) {
  const sections = variantSections.get(productId)
  if (!sections) return askProduct(reply, text)
  reply.list({ text, button: 'Choose', sections })
}

// The catalogue does not change while the program runs: its lists are made once.
const productSections = { want: sectionsToChoose('want'), show: sectionsToChoose('show') }
const variantSections: ReadonlyMap<string | undefined, Sections> = new Map(
  products.map((product) => [product.id, sectionsOf(product)]),
)

type Sections = { rows: { id: string; title: string; description: string }[] }[]

function sectionsToChoose(choose: 'want' | 'show'): Sections {
  const rows = products.map((product) => {
    const lowest = Math.min(...product.variants.map((variant) => variant.priceCents))
    const from = product.variants.length > 1 ? 'from ' : ''
    return {
      id: `${choose}:${product.id}`,
      title: product.title,
      description: `${from}${formatPrice(lowest)} ${product.per}`,
    }
  })
  return [{ rows }]
}

function sectionsOf(product: Product): Sections {
  const rows = product.variants.map((variant) => ({
    id: pickId(product, variant),
    title: variant.title,
    description: describePrice(product, variant),
  }))
  return [{ rows }]
}

function askVariant({ session, reply }: Asking, before: string) {
  const product = findProduct(openLine(session)?.product)
  if (!product) return
  const { question, name } = product
  const asked =
    session.lines.length > 1 ? `The ${name}: ${question.charAt(0).toLowerCase()}${question.slice(1)}` : question
  listVariants(reply, before === '' ? `Great! We have ${name} available. ${question}` : join(before, asked), product.id)
}

function askConfirmation({ session, reply, shop }: Asking, before: string) {
  const text = join(before, `${describeOrder(session, shop)}\n\nShall I place this order?`, '\n\n')
  reply.buttons(text, [
    { id: 'order:confirm', title: 'Place the order' },
    { id: 'order:edit', title: 'Change something' },
    { id: 'order:drop', title: 'Cancel the order' },
  ])
}

/** Asks what is to be changed. */
export function askCorrection({ session, reply }: Asking, before = '') {
  session.asked = 'correction'
  const line = completeLines(session)[0]
  const example = line ? `"${line.quantity + 5} ${line.variant.plural}"` : '"20 large boxes"'
  reply.buttons(join(before, `What shall I change? Just write it, e.g. ${example}, "add tape" or "remove tape".`), [
    { id: 'order:address', title: 'Another address' },
    { id: 'order:more', title: 'Add another product' },
    { id: 'order:drop', title: 'Cancel the order' },
  ])
}

/** The cart with its sum and where it goes. */
export function describeOrder(session: OrderSession, shop: ShopDetails): string {
  const lines = completeLines(session)
  const { deliveryCents, totalCents } = totalOf(lines, shop)
  return [
    '*Your order*',
    ...lines.map(describeLine),
    `Delivery: ${deliveryCents === 0 ? 'free' : formatPrice(deliveryCents)}`,
    `*Total: ${formatPrice(totalCents)}*`,
    ...(session.address === undefined ? [] : [`To: ${session.address}`]),
  ].join('\n')
}

/** `10 × large box (40×30×20 cm): $15.00` */
export function describeLine({ variant, quantity }: CompleteLine): string {
  return `${quantity} × ${variant.label}: ${formatPrice(variant.priceCents * quantity)}`
}

function join(before: string, text: string, between = ' '): string {
  return before === '' ? text : `${before}${before.endsWith('\n') ? '' : between}${text}`
}
