/**
 * Marks people leave out when they type fast, and characters nobody sees: Latin, Greek and Cyrillic accents, Hebrew
 * points, Arabic vowel signs and tatweel, joiners and other format characters, variation selectors, skin tones.
 * Marks that spell a different syllable (Devanagari, Thai, Japanese voicing) stay.
 */
const ignorable =
  /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]|[\ufe00-\ufe0f]|[\u{1f3fb}-\u{1f3ff}]|\p{Cf}|\ufffd/gu

/** Scripts written without spaces for which single characters say little: their words are found by dictionary. */
const needsSegmenter = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

let wordSegmenter: Intl.Segmenter | undefined

/**
 * The form of a text in which spelling variants that mean the same are equal: compatibility forms composed (NFKC),
 * lower case, without accents and invisible characters, words of Thai, Lao, Khmer and Burmese set apart by spaces.
 *
 * @param maximumLength in UTF-16 code units; what comes after is not read, so a huge text costs no more than a long one
 */
export function normaliseText(text: string, maximumLength: number): string {
  const prefix = text.length > maximumLength ? text.slice(0, maximumLength) : text
  if (isAscii(prefix)) return prefix.toLowerCase()
  const folded = prefix.toWellFormed().normalize('NFKD').replace(ignorable, '').toLowerCase().normalize('NFC')
  // One character can decompose into eighteen.
  const bounded = folded.length > maximumLength ? folded.slice(0, maximumLength) : folded
  return needsSegmenter.test(bounded) ? separateWords(bounded).slice(0, maximumLength) : bounded
}

function isAscii(text: string): boolean {
  for (let position = 0; position < text.length; position++) if (text.charCodeAt(position) > 127) return false
  return true
}

function separateWords(text: string): string {
  wordSegmenter ??= new Intl.Segmenter('th', { granularity: 'word' })
  let separated = ''
  for (const { segment } of wordSegmenter.segment(text)) separated += `${segment} `
  return separated
}
