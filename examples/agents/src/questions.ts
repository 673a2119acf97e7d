import { priceWords } from './vocabulary.ts'
import { hasAny, wordSet } from './words.ts'

/**
 * What a text asks for: to know something ("do you have tape?"), to get something ("can i have 5 tapes?"), or whether
 * what it names will do ("5 tapes?", "how about 20?"). `undefined` where it asks nothing.
 */
export type QuestionKind = 'to-know' | 'request' | 'suggestion' | undefined

const toKnow = wordSet(
  "what whats what's which when whens when's where wheres where's why who whos who's how hows how's do does did is are am que cual cuando donde por-que quien como cuanto cuanta tienen tienes hay qual quando onde quem quanto tem kya kab kahan kaha kaun kitna kitne kaise kyu kyun was wann wo warum wer wie welche habt haben gibt quand où pourquoi combien quel quelle avez क्या कब कहाँ कौन कितना कैसे क्यों ما ماذا متى اين كيف كم لماذا هل",
)
const toGet = wordSet(
  'can could may will would should shall puedo puedes puede podria posso pode poderia kann können könnte puis-je peux pouvez',
)
/** "Can you tell me ...", "would you have ..." ask to know all the same. */
const knowing = wordSet('tell know say explain have sell stock decir saber dizer sagen dire')
/** "How about 20?" */
const proposing = wordSet('about')
/** What may stand before a question. */
const openings = wordSet(
  'and ok okay so but hey hi hello also btw wait sorry please pls well oh um one quick question actually first y e und et aber also mais',
)

const questionMarkAtEnd = /[?？؟]\s*$/u

/** How a text asks, by its first words and by the mark at its end. */
export function questionKind(text: string, words: readonly string[]): QuestionKind {
  const from = words.findIndex((word) => !openings.has(word))
  const [first = '', second = '', third = ''] = from === -1 ? [] : words.slice(from, from + 3)
  if (toGet.has(first)) return knowing.has(third) || hasAny(words, priceWords) ? 'to-know' : 'request'
  if (toKnow.has(first) && !proposing.has(second)) return 'to-know'
  return toKnow.has(first) || questionMarkAtEnd.test(text) ? 'suggestion' : undefined
}

/** Whether a text asks rather than answers. */
export function isQuestion(text: string, words: readonly string[]): boolean {
  return questionKind(text, words) !== undefined
}

const availability =
  /\b(?:do (?:you|u)(?: guys| also| still| even)* (?:have|sell|stock|carry)|have you got|tienen|venden|voc[eê]s (?:t[eê]m|vendem)|milega|milta hai|haben sie|habt ihr|avez[- ]vous)\b/iu

/** Whether a text asks what a shop has, whatever it is that it names. */
export function asksForGoods(text: string): boolean {
  return availability.test(text)
}
