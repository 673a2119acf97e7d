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

/** How mentions are meant: besides what is in the cart already, more of the same, as a change of it, or instead of it. */
export interface HowMeant {
  readonly adding: boolean
  readonly more: boolean
  readonly changing: boolean
  readonly replacing: boolean
}

const maxLines = 20

/** Takes over what a text names: fills what is missing, changes what is there, adds what is new. */
export function applyMentions(session: OrderSession, mentions: readonly Mention[], how: HowMeant): Changes {
  const touched: Line[] = []
  let problem: QuantityProblem | undefined
  let soldOut: Variant | undefined
  for (const said of mentions) {
    const product = said.product ?? touched.at(-1)?.product ?? productOfNext(session.lines, said, how)
    const mention = product === undefined ? said : { ...said, product }
    const isNumber = said.product === undefined && said.key === undefined
    // What this text has named already is not what it names next: "20 large boxes and 10 small" is two lines. But a number
    // by itself takes back the one before: "100 rolls? I want 1 roll".
    const others = session.lines.filter((known) => !touched.includes(known))
    const line = (isNumber ? touched.at(-1) : undefined) ?? lineFor(others, mention, how)
    if (!fits(line, mention)) continue
    if (typeof mention.quantity === 'string' && completeLine(line)) {
      // What is complete stays so until there is a number that can be ordered.
      problem ??= mention.quantity
      touched.push(line)
      continue
    }
    const { quantity } = line
    if (mention.product !== undefined) setProduct(line, mention.product)
    if (mention.key !== undefined) line.key = mention.key
    if (typeof mention.quantity === 'number') {
      const sum = how.adding && quantity !== undefined ? quantity + mention.quantity : mention.quantity
      if (sum > maxQuantity) problem ??= 'too-many'
      else line.quantity = sum
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

/** Takes things out of the cart, or as many of them as are named; says whether there was one of them. */
export function removeMentioned(session: OrderSession, mentions: readonly Mention[]): boolean {
  const last = session.lines.at(-1)
  const meant = mentions.map((mention) => session.lines.filter((line) => isMeant(line, mention, last)))
  const gone = mentions.flatMap((mention, at) => takeOff(meant[at] ?? [], mention))
  session.lines = session.lines.filter((line) => !gone.includes(line))
  return meant.some((lines) => lines.length > 0)
}

/** Takes a number off one of the lines; what goes altogether is returned. */
function takeOff(lines: readonly Line[], { quantity }: Mention): readonly Line[] {
  if (typeof quantity !== 'number') return lines
  const line = lines.findLast(completeLine) ?? lines.at(-1)
  if (line?.quantity === undefined || line.quantity <= quantity) return line ? [line] : []
  line.quantity -= quantity
  return []
}

/** What a mention that names no goods means is the line that was named last. */
function isMeant(line: Line, { product, key }: Mention, last: Line | undefined): boolean {
  if (product === undefined && key === undefined) return line === last
  return (product === undefined || line.product === product) && (key === undefined || isVariant(line, key))
}

/** The line a mention is about; a new one where it is about none of them. */
function lineFor(lines: readonly Line[], mention: Mention, how: HowMeant): Line {
  const { product, key } = mention
  const { adding, more, replacing } = how
  const open = lines.find((line) => !completeLine(line))
  if (product === undefined) {
    const sameVariant = lines.find((line) => key !== undefined && isVariant(line, key))
    const unsized = open?.key === undefined ? open : undefined
    return unsized ?? sameVariant ?? open ?? lines.at(-1) ?? {}
  }
  const same = lines.filter((line) => line.product === product)
  const exact = same.find((line) => key !== undefined && isVariant(line, key))
  const incomplete = same.find((line) => !completeLine(line))
  // The answer to "which size?" is another product: that is what they want instead.
  const undecided = open && !adding && (open.product === undefined || open.key === undefined) ? open : undefined
  const only = same.length === 1 ? same[0] : undefined
  const isMore = more && key === undefined
  const correctable = isMore || (!adding && !isNext(mention, how)) ? only : undefined
  const replaced = replacing ? lines.at(-1) : undefined
  return exact ?? incomplete ?? undecided ?? correctable ?? replaced ?? {}
}

/** "20 small boxes" after "10 large boxes" says all of another line, and nothing of a change. */
function isNext({ key, quantity }: Mention, { changing, replacing }: HowMeant): boolean {
  return key !== undefined && typeof quantity === 'number' && !changing && !replacing
}

/** "And 5 small" after "10 large boxes" are boxes. */
function productOfNext(lines: readonly Line[], mention: Mention, how: HowMeant): string | undefined {
  const last = lines.at(-1)
  const isOther = last !== undefined && mention.key !== undefined && !isVariant(last, mention.key)
  return isOther && isNext(mention, how) && lines.every(completeLine) ? last.product : undefined
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
