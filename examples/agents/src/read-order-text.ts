import { sentenceWords } from './address-vocabulary.ts'
import { countArticles } from './articles.ts'
import { type QuestionKind, questionKind } from './questions.ts'
import { splitAddress } from './split-address.ts'
import { type Mention, mentionsIn } from './understand-items.ts'
import { wordsOf } from './words.ts'

/** What the order dialogue reads in a text. */
export interface OrderText {
  /** The words, without those of an address. */
  readonly words: readonly string[]
  /** What goods they name. */
  readonly mentions: readonly Mention[]
  /** Where it is to go, where that is surely a part of the text and not all of it. */
  readonly address?: string
  /** How it asks, where it does not order at the same time. */
  readonly asks: QuestionKind
}

/** Reads a text as a part of an order. */
export function readOrderText(text: string): OrderText {
  const split = splitAddress(text)
  const words = wordsOf(split?.rest ?? text)
  const kind = questionKind(text, words)
  const mentions = mentionsIn(kind === 'to-know' ? words : countArticles(words))
  const isOrdering = kind === 'to-know' ? ordersAfterwards(text) : kind === 'suggestion' && mentions.some(isCounted)
  const isWhole =
    split === undefined || !(split.isLed || kind !== undefined || mentions.length > 0 || saysNoMore(words))
  return { words, mentions, asks: isOrdering ? undefined : kind, ...(isWhole ? {} : { address: split.address }) }
}

function isCounted({ quantity }: Mention): boolean {
  return quantity !== undefined
}

/** What is left of a text is "thanks", and not the name of who lives there. */
function saysNoMore(words: readonly string[]): boolean {
  return words.every((word) => sentenceWords.has(word))
}

/** "Do you have tape? I need 5 brown." */
function ordersAfterwards(text: string): boolean {
  const mark = Math.max(text.lastIndexOf('?'), text.lastIndexOf('؟'))
  return mark >= 0 && mentionsIn(wordsOf(text.slice(mark + 1))).length > 0
}
