import { normalizeKeyword } from '@wa-agent/core'

const ascii = /^[\x20-\x7e\n\r\t]*$/
/** What says something else than a quantity: 40x30x20, 3-4, 2nd, $5, 48 mm, 10 am, 10:30, 30%, a telephone number. */
const notQuantities =
  /\+\d[\d ()-]{7,20}\d|(?<!\d)0\d{7,14}(?!\d)|\d+\s?[-:]\s?\d+|\d+(?:st|nd|rd|th)\b|[$€£₹]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:mm|cm|m|kg|g|usd|dollars?|rs|rupees?|a\.?m|p\.?m|%)(?![\p{L}\p{N}])/gu
const dimensions = /(\d{2,3})\s?[x×*]\s?(\d{2,3})(?:\s?[x×*]\s?(\d{2,3}))?(?:\s?cm)?/gu
const digit = /\d/
const sizeNoise = /\s|cm/g
const sizeSigns = /[×*]/g
const wordPattern =
  /(?<![\p{L}\p{N}])\d{2,3}x\d{2,3}(?:x\d{2,3})?(?![\p{L}\p{N}])|(?<![\p{L}\p{N}])a[345](?![\p{L}\p{N}])|(?<![\p{L}\p{N}])-?\d+e\d+|(?<![\p{L}\p{N}])-\s?\d[\d.,]*|\d+(?:[.,]\d+)*|[\p{L}\p{M}']+/gu

/** Beyond this a text is no order and no answer to a question of ours. */
const maxLength = 500

/**
 * The words and numbers of a text, lower case, without accents, digits of any script as 0-9. Sizes such as `40x30x20`
 * become one word, other measures and sums of money are left out.
 */
export function wordsOf(text: string): string[] {
  return wordsOfFolded(fold(text.slice(0, maxLength)))
}

function fold(text: string): string {
  if (ascii.test(text)) return text.toLowerCase()
  const folded = normalizeKeyword(text)
  // Punctuation at the edges is gone, but the sign of a number means something.
  return /^\s*[-−–]/.test(text) && /^\d/.test(folded) ? `-${folded}` : folded
}

function wordsOfFolded(folded: string): string[] {
  if (!digit.test(folded)) return folded.match(wordPattern) ?? []
  const plain = folded.replace(dimensions, (size) => ` ${size.replace(sizeNoise, '').replace(sizeSigns, 'x')} `)
  return plain.replace(notQuantities, ' ').match(wordPattern) ?? []
}

/** A map from each word of each list to what the list stands for; the words may be written as people write them. */
export function indexWords<Meaning>(lists: readonly (readonly [Meaning, string])[]): ReadonlyMap<string, Meaning> {
  return new Map(
    lists.flatMap(([meaning, words]) => words.split(' ').map((word) => [normalizeKeyword(word), meaning] as const)),
  )
}

/** A set of words, written with blanks between them. */
export function wordSet(words: string): ReadonlySet<string> {
  return new Set(words.split(' ').map(normalizeKeyword))
}

/** Whether one of the words is in the set. */
export function hasAny(words: readonly string[], set: ReadonlySet<string>): boolean {
  return words.some((word) => set.has(word))
}
