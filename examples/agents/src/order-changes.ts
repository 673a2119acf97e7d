import { completeLine, type Line, type OrderSession } from './order-session.ts'
import { findProduct, findVariant, type Variant } from './products.ts'
import { maxQuantity, type QuantityProblem } from './quantity.ts'
import type { Mention } from './understand-items.ts'

/** What mentions did to a cart. */
export interface Changes {
  /** The lines that they are about, changed or as they were already. */
  readonly lines: readonly Line[]
  /** A number that cannot be ordered; the rest was taken over. */
  readonly problem?: QuantityProblem
  /** What is sold out and therefore not in the cart. */
  readonly soldOut?: Variant
}

/** How mentions are meant: as they stand, besides what is in the cart already, or instead of it. */
export interface HowMeant {
  readonly adding: boolean
  readonly replacing: boolean
}

const maxLines = 20

/** Takes over what a text names: fills what is missing, changes what is there, adds what is new. */
export function applyMentions(session: OrderSession, mentions: readonly Mention[], how: HowMeant): Changes {
  const touched: Line[] = []
  let problem: QuantityProblem | undefined
  let soldOut: Variant | undefined
  for (const said of mentions) {
    const product = said.product ?? touched.at(-1)?.product
    const mention = product === undefined ? said : { ...said, product }
    // What this text has named already is not what it names next: "20 large boxes and 10 small" is two lines.
    const line = lineFor(
      session.lines.filter((known) => !touched.includes(known)),
      mention,
      how,
    )
    if (!fits(line, mention)) continue
    const { quantity } = line
    if (mention.product !== undefined) setProduct(line, mention.product)
    if (mention.key !== undefined) line.key = mention.key
    if (typeof mention.quantity === 'number') {
      line.quantity = how.adding && quantity !== undefined ? quantity + mention.quantity : mention.quantity
    } else problem ??= mention.quantity
    soldOut ??= dropSoldOut(line)
    if (!session.lines.includes(line) && session.lines.length < maxLines) session.lines.push(line)
    touched.push(line)
  }
  session.lines = merged(session.lines)
  return {
    lines: touched,
    ...(problem === undefined ? {} : { problem }),
    ...(soldOut === undefined ? {} : { soldOut }),
  }
}

/** A size that the product does not have is not about it. */
function fits(line: Line, { product: id, key, quantity }: Mention): boolean {
  const product = findProduct(id ?? line.product)
  const isKnown = key === undefined || !product || findVariant(product, key) !== undefined
  return isKnown && (id !== undefined || key !== undefined || quantity !== undefined)
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
function lineFor(lines: readonly Line[], { product, key }: Mention, { adding, replacing }: HowMeant): Line {
  const open = lines.find((line) => !completeLine(line))
  if (product === undefined) {
    const sameVariant = lines.find((line) => key !== undefined && isVariant(line, key))
    return open ?? sameVariant ?? lines.at(-1) ?? {}
  }
  const same = lines.filter((line) => line.product === product)
  const exact = same.find((line) => key !== undefined && isVariant(line, key))
  const incomplete = same.find((line) => !completeLine(line))
  // The answer to "which size?" is another product: that is what they want instead.
  const undecided = open && !adding && (open.product === undefined || open.key === undefined) ? open : undefined
  const correctable = !adding && same.length === 1 ? same[0] : undefined
  const replaced = replacing ? lines.at(-1) : undefined
  return exact ?? incomplete ?? undecided ?? correctable ?? replaced ?? {}
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

function dropSoldOut(line: Line): Variant | undefined {
  const product = findProduct(line.product)
  const variant = product && findVariant(product, line.key)
  if (!variant?.soldOut) return undefined
  delete line.key
  return variant
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
