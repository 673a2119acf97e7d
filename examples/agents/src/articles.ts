import { articleWords, extraWords, goodsAdjectives, productWords, unitWords, variantWords } from './vocabulary.ts'

const maxWordsBetween = 3

/**
 * The words with "1" for each article that counts: "a roll", "another large box". For what somebody wants; in "do you have
 * a large box" the article counts nothing.
 */
export function countArticles(words: readonly string[]): readonly string[] {
  if (!words.some((word) => articleWords.has(word))) return words
  return words.map((word, at) => (articleWords.has(word) && counts(words, at) ? '1' : word))
}

function counts(words: readonly string[], at: number): boolean {
  if (words[at] === 'another' && at === words.length - 1) return true
  for (const word of words.slice(at + 1, at + 2 + maxWordsBetween)) {
    if (isOne(word)) return true
    if (!variantWords.has(word) && !extraWords.has(word) && !goodsAdjectives.has(word)) return false
  }
  return false
}

/** One thing: "a box", not "a boxes"; "a large one". */
function isOne(word: string): boolean {
  return word === 'one' || ((productWords.has(word) || unitWords.has(word)) && !word.endsWith('s'))
}
