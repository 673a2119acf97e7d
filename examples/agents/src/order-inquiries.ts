import { describeCatalogue, describeProduct } from './describe-product.ts'
import { answeredByModel, miss } from './misses.ts'
import { askAgain, type Dialogue } from './order-dialogue.ts'
import { describeOrder } from './order-questions.ts'
import { completeLines, openLine } from './order-session.ts'
import { describePrice, findProduct, findVariant, formatPrice } from './products.ts'
import { asksForGoods } from './questions.ts'
import { priceWords, sizeWords, totalWords } from './vocabulary.ts'
import { hasAny } from './words.ts'

/** Whether a text asks about goods beside the question that is open, rather than to answer it. */
export function asksAside({ context: { session }, words, mentions, asks }: Dialogue): boolean {
  if (asks === undefined || asks === 'request' || session.asked === 'nothing') return false
  const open = openLine(session)
  const isAboutOthers = mentions.some(({ product }) => product !== undefined && product !== open?.product)
  if (open?.product !== undefined && isAboutOthers) return true
  if (asks === 'suggestion') return false
  // "Do you have tape?" is an answer to "what would you like?", and "how much for 20?" one to "how many?".
  if (session.asked === 'product') return hasAny(words, priceWords)
  return session.asked !== 'quantity' || mentions.every(({ quantity }) => quantity === undefined)
}

/** A question in the middle: what can be said about goods is said, then the dialogue goes on. */
export async function answerInquiry(dialogue: Dialogue): Promise<void> {
  const { context, words, mentions, shop } = dialogue
  const { session, text } = context
  const asksForPrice = hasAny(words, priceWords) && mentions.length === 0 && openLine(session) === undefined
  if ((hasAny(words, totalWords) || asksForPrice) && completeLines(session).length > 0) {
    return askAgain(dialogue, session.asked === 'confirm' ? '' : `${describeOrder(session, shop)}\n\n`)
  }
  const about = openLine(session) ?? session.lines.at(-1)
  const answered = aboutGoods(dialogue, about?.product)
  if (answered !== undefined) return askAgain(dialogue, `${answered}\n\n`)
  if (!asksForGoods(text)) return miss(dialogue)
  if (!(await answeredByModel(dialogue))) askAgain(dialogue, 'Sorry, I cannot find that in our shop.\n\n')
}

/** What a question about goods is answered with: those that it names, or the ones that are talked about. */
export function aboutGoods({ mentions, words }: Dialogue, talkedAbout: string | undefined): string | undefined {
  const named = mentions.filter(({ product }) => product !== undefined)
  const ids = [...new Set(named.flatMap(({ product }) => product ?? []))]
  if (ids.length > 1) return describeCatalogue(ids)
  const { key, quantity } = named[0] ?? mentions[0] ?? {}
  const product = findProduct(ids[0] ?? talkedAbout)
  const isAboutGoods = ids.length > 0 || key !== undefined || hasAny(words, priceWords) || hasAny(words, sizeWords)
  if (!product || !isAboutGoods) return undefined
  const variant = findVariant(product, key)
  if (!variant) return describeProduct(product)
  const isSum = typeof quantity === 'number' && !variant.soldOut
  if (isSum) return `${quantity} × ${variant.label}: ${formatPrice(variant.priceCents * quantity)}.`
  return `The ${variant.label} is ${describePrice(product, variant)}.`
}
