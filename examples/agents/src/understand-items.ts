import { findProduct, findVariant, products } from './products.ts'
import { type Quantity, quantityAt } from './quantity.ts'
import {
  addVerbs,
  andWords,
  exceptWords,
  extraWords,
  productWords,
  purposeWords,
  variantWords,
  weakProductWords,
} from './vocabulary.ts'

/** One thing that a text names: any of what, which and how many. */
export interface Mention {
  readonly product?: string
  /** The key of a variant, perhaps of a product that is not known yet. */
  readonly key?: string
  readonly quantity?: Quantity
}

type Draft = { -readonly [Name in keyof Mention]: Mention[Name] }

/**
 * What a text names, in its order: "10 large boxes and 2 brown tapes" is two mentions. A second product, size or quantity
 * begins the next mention.
 */
export function mentionsIn(words: readonly string[]): readonly Mention[] {
  const mentions: Draft[] = []
  let current: Draft = {}
  const set = (part: Mention) => {
    const isGoods = current.product !== undefined || current.key !== undefined
    const conflicts = Object.entries(part).some(([name, value]) => {
      const known = current[name as keyof Mention]
      // "15 small 15 large": a second number is another one, even where it is the same.
      return known !== undefined && (known !== value || (name === 'quantity' && isGoods))
    })
    if (conflicts) {
      mentions.push(current)
      current = {}
    }
    Object.assign(current, part)
  }
  let purposeUntil = -1
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (purposeWords.has(word) && current.product !== undefined) purposeUntil = at + 3
    const isNext = addVerbs.has(word) || (andWords.has(word) && quantityAt(words, at + 1) !== undefined)
    if (isNext && (current.product !== undefined || current.key !== undefined)) {
      mentions.push(current)
      current = {}
    }
    const product = productWords.get(word)
    // "A box of labels" is what labels come in.
    if (product === 'boxes' && words[at + 1] === 'of' && productWords.has(words[at + 2] ?? '')) continue
    if (product !== undefined) {
      if (at > purposeUntil) set({ product })
      continue
    }
    const key = keyAt(words, at)
    if (key !== undefined) set({ key })
    const found = key === undefined ? quantityAt(words, at) : undefined
    if (!found) continue
    set({ quantity: found.quantity })
    at += found.wordCount - 1
  }
  mentions.push(current)
  return completed(mentions, words)
}

/** In a longer text a lone "s" or "m" is rather what is left of "what's" and "I'm". */
const maxWordsWithLetters = 4

function keyAt(words: readonly string[], at: number): string | undefined {
  const word = words[at] ?? ''
  const key = exceptWords.has(words[at - 1] ?? '') ? undefined : variantWords.get(word)
  if (key === 'l' && extraWords.has(words[at - 1] ?? '')) return 'xl'
  if (word.length === 1 && words.length > maxWordsWithLetters) return undefined
  // "Shipping" and "address" are about labels only beside that word.
  return key === 'shipping' && !words.some((other) => productWords.get(other) === 'labels') ? undefined : key
}

/** "2 small and 3 large boxes": the product of the neighbours; "2 brown": the one product that has it. */
function completed(mentions: readonly Draft[], words: readonly string[]): Mention[] {
  const named = mentions.filter((mention) => Object.keys(mention).length > 0)
  const weak = words.map((word) => weakProductWords.get(word)).find((product) => product !== undefined)
  if (weak !== undefined && !named.some((mention) => mention.product)) {
    const last = named.at(-1)
    if (last) last.product = weak
    else named.push({ product: weak })
  }
  return named.map((mention, at) => {
    if (mention.product !== undefined) return mention
    const neighbour =
      named.slice(at + 1).find((other) => other.product !== undefined)?.product ??
      named.slice(0, at).findLast((other) => other.product !== undefined)?.product
    const isNeighbours = mention.key === undefined || hasVariant(neighbour, mention.key)
    const product = isNeighbours ? neighbour : onlyProducts.get(mention.key ?? '')
    return product === undefined ? mention : { ...mention, product }
  })
}

function hasVariant(id: string | undefined, key: string): boolean {
  const product = findProduct(id)
  return product !== undefined && product.variants.length > 1 && findVariant(product, key) !== undefined
}

/** The products of the sizes and kinds that only one product has. */
const onlyProducts = new Map(
  products
    .filter(({ variants }) => variants.length > 1)
    .flatMap(({ id, variants }) => variants.flatMap(({ keys }) => keys.map((key) => [key, id] as const)))
    .filter(([key, id], _at, all) => all.every(([otherKey, otherId]) => otherKey !== key || otherId === id)),
)

const guessableWords = [...productWords.keys()].filter((word) => word.length >= 5)
const maxGuessedWords = 8

/** The product of a misspelt word ("lables", "enevlope"): one letter wrong, missing, too many or swapped. */
export function guessProduct(words: readonly string[]): string | undefined {
  for (const word of words.slice(0, maxGuessedWords)) {
    if (word.length < 4) continue
    const known = guessableWords.find((candidate) => isOneSlipFrom(word, candidate))
    const product = known === undefined ? undefined : findProduct(productWords.get(known))
    if (product) return product.id
  }
  return undefined
}

function isOneSlipFrom(first: string, second: string): boolean {
  if (Math.abs(first.length - second.length) > 1) return false
  let start = 0
  while (start < first.length && first[start] === second[start]) start += 1
  let end = 0
  while (end < first.length - start && end < second.length - start && first.at(-1 - end) === second.at(-1 - end))
    end += 1
  const left = first.slice(start, first.length - end)
  const right = second.slice(start, second.length - end)
  if (left.length <= 1 && right.length <= 1) return true
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0]
}
