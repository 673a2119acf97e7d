import { completeLine, type Line, type OrderSession, openLine } from './order-session.ts'
import { findProduct, findVariant, type Variant } from './products.ts'
import { maxQuantity, type QuantityProblem } from './quantity.ts'
import type { Mention } from './understand-items.ts'

/** What mentions did to a cart. */
export interface Changes {
  /** Something in the cart is otherwise now. */
  readonly changed: boolean
  /** A number that cannot be ordered; the rest was taken over. */
  readonly problem?: QuantityProblem
  /** What is sold out and therefore not in the cart. */
  readonly soldOut?: Variant
}

/** How mentions are meant: as they stand, or besides what is in the cart already. */
export interface HowMeant {
  readonly adding: boolean
}

const maxLines = 20

/** Takes over what a text names: fills what is missing, changes what is there, adds what is new. */
export function applyMentions(session: OrderSession, mentions: readonly Mention[], how: HowMeant): Changes {
  let changed = false
  let problem: QuantityProblem | undefined
  let soldOut: Variant | undefined
  for (const mention of mentions) {
    const line = lineFor(session, mention, how)
    if (!line) continue
    const before = { ...line }
    if (mention.product !== undefined) setProduct(line, mention.product)
    if (mention.key !== undefined) setKey(line, mention.key)
    if (typeof mention.quantity === 'number') {
      line.quantity =
        how.adding && before.quantity !== undefined ? before.quantity + mention.quantity : mention.quantity
    } else problem ??= mention.quantity
    const sold = dropSoldOut(line)
    soldOut ??= sold
    changed ||= sold === undefined && (!session.lines.includes(line) || !isSame(before, line))
    if (!session.lines.includes(line) && session.lines.length < maxLines) session.lines.push(line)
  }
  session.lines = merged(session.lines)
  return { changed, ...(problem === undefined ? {} : { problem }), ...(soldOut === undefined ? {} : { soldOut }) }
}

/** Takes things out of the cart; says whether there was one of them. */
export function removeMentioned(session: OrderSession, mentions: readonly Mention[]): boolean {
  const before = session.lines.length
  session.lines = session.lines.filter(
    (line) =>
      !mentions.some(
        ({ product, key }) =>
          (product !== undefined || key !== undefined) &&
          (product === undefined || line.product === product) &&
          (key === undefined || isVariant(line, key)),
      ),
  )
  return session.lines.length < before
}

/** The line a mention is about; a new one where it is about none of them. */
function lineFor(session: OrderSession, { product, key }: Mention, { adding }: HowMeant): Line | undefined {
  const open = openLine(session)
  if (product === undefined) {
    const sameVariant = session.lines.find((line) => key !== undefined && isVariant(line, key))
    return open ?? sameVariant ?? (session.lines.at(-1) || {})
  }
  const same = session.lines.filter((line) => line.product === product)
  const exact = same.find((line) => key !== undefined && isVariant(line, key))
  const incomplete = same.find((line) => !completeLine(line))
  // The answer to "which size?" is another product: that is what they want instead.
  const undecided = open && !adding && (open.product === undefined || open.key === undefined) ? open : undefined
  const correctable = !adding && same.length === 1 ? same[0] : undefined
  return exact ?? incomplete ?? undecided ?? correctable ?? {}
}

function isVariant(line: Line, key: string): boolean {
  const product = findProduct(line.product)
  return product !== undefined && line.key !== undefined && findVariant(product, line.key) === findVariant(product, key)
}

function setProduct(line: Line, id: string) {
  if (line.product === id) return
  line.product = id
  const product = findProduct(id)
  if (product && line.key !== undefined && !findVariant(product, line.key)) delete line.key
}

function setKey(line: Line, key: string) {
  const product = findProduct(line.product)
  if (!product || findVariant(product, key)) line.key = key
}

function dropSoldOut(line: Line): Variant | undefined {
  const product = findProduct(line.product)
  const variant = product && findVariant(product, line.key)
  if (!variant?.soldOut) return undefined
  delete line.key
  return variant
}

function isSame(first: Line, second: Line): boolean {
  return first.product === second.product && first.key === second.key && first.quantity === second.quantity
}

/** Two complete lines of one variant become one. */
function merged(lines: readonly Line[]): Line[] {
  const kept: Line[] = []
  for (const line of lines) {
    const own = completeLine(line)
    const same = own && kept.find((other) => completeLine(other)?.variant === own.variant)
    if (same) same.quantity = Math.min(maxQuantity, (same.quantity ?? 0) + own.quantity)
    else kept.push(line)
  }
  return kept
}
