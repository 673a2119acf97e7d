import { neverNames } from './address-vocabulary.ts'
import { quantityAt } from './quantity.ts'
import {
  andWords,
  articleWords,
  extraWords,
  goodsAdjectives,
  productWords,
  unitWords,
  variantWords,
  weakProductWords,
} from './vocabulary.ts'

/** Whether goods begin with this word: "10 large", "two rolls", "a box", "brown tape", "tape" alone. */
export function startsGoods(words: readonly string[], at: number): boolean {
  const [word, next] = [words[at] ?? '', words[at + 1] ?? '']
  if (isCount(word)) return isAboutGoods(next)
  if (isProduct(word)) return !letters.test(next) || isAboutGoods(next) || isJoining(next)
  return isAboutGoods(word) && isProduct(next)
}

/** Whether a part of a sentence names goods and nothing else: "10 large", "and tape", but not "Box Hill" or "Little Rock". */
export function isGoodsPart(part: readonly string[]): boolean {
  if (part.length === 0) return false
  const from = andWords.has(part[0] ?? '') ? 1 : 0
  return startsGoods(part, from) || part.every((word) => isAboutGoods(word) || isCount(word) || isJoining(word))
}

const letters = /^\p{L}/u
const shortNumber = /^\d{1,3}$/

function isCount(word: string): boolean {
  if (articleWords.has(word)) return true
  return letters.test(word) ? quantityAt([word], 0) !== undefined : shortNumber.test(word)
}

function isProduct(word: string): boolean {
  return productWords.has(word) || weakProductWords.has(word)
}

function isAboutGoods(word: string): boolean {
  return (
    isProduct(word) ||
    variantWords.has(word) ||
    extraWords.has(word) ||
    unitWords.has(word) ||
    goodsAdjectives.has(word)
  )
}

function isJoining(word: string): boolean {
  return neverNames.has(word) || andWords.has(word)
}
