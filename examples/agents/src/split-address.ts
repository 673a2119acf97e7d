import { normalizeKeyword } from '@wa-agent/core'
import {
  deliveryVerbs,
  dwellings,
  leadEnds,
  leadWords,
  looseStreetEnds,
  neverNames,
  sentenceWords,
  streetDwellings,
  streetEnding,
  streetEnds,
  streetStarts,
} from './address-vocabulary.ts'
import { isGoodsPart, startsGoods } from './goods-words.ts'
import { andWords, productWords, unitWords, variantWords } from './vocabulary.ts'
import { wordsOf } from './words.ts'

/** A text with an address in it, taken apart. */
export interface SplitText {
  readonly address: string
  /** Everything else, without the words that lead to the address. */
  readonly rest: string
  /** Whether there were such words: "to 99 Oak Avenue", "my address is ...". */
  readonly isLed: boolean
}

/** Beyond this a text is no order. */
const maxLength = 600
const numberOrComma = /\p{Nd}|[,،]/u
/** Most texts hold no address, which is seen soonest like this: no comma, no word of one, nothing but plain letters. */
const hintWords = [streetEnds, looseStreetEnds, streetStarts, dwellings, deliveryVerbs].flatMap((words) => [...words])
const hint = new RegExp(
  String.raw`[^ -+\--~]|\b(?:${hintWords.join('|')}|po|p\.o|\w+${streetEnding.source.slice(1, -1)})\b`,
  'iu',
)
const lineBreaks = /\s*\n\s*/g
const blanks = /\s+/g

/**
 * Finds an address inside a sentence: "10 medium boxes to 99 Oak Avenue, Springfield please". Only what is surely one is
 * found, because its numbers are then no quantities.
 */
export function splitAddress(text: string): SplitText | undefined {
  if (!numberOrComma.test(text) || !hint.test(text)) return undefined
  const { words, places } = takenApart(text.slice(0, maxLength))
  const span = streetIn(words) ?? placeIn(words)
  if (!span) return undefined
  let lead = span.from
  while (isLead(words[lead - 1]) || (words[lead - 1] === ',' && isLead(words[lead - 2]))) lead -= 1
  const [first, last, before] = [places[span.from], places[span.to - 1], places[lead]]
  if (!first || !last || !before) return undefined
  return {
    address: text.slice(first.start, last.end).replace(lineBreaks, ', ').replace(blanks, ' '),
    rest: `${text.slice(0, before.start)}, ${text.slice(last.end)}`,
    isLed: lead < span.from,
  }
}

/** The words of a text that are about goods: house numbers are no quantities. */
export function goodsWordsOf(text: string): string[] {
  return wordsOf(splitAddress(text)?.rest ?? text)
}

/** Words and the marks between them, and where each stands in the text. */
interface Parts {
  readonly words: string[]
  readonly places: { readonly start: number; readonly end: number }[]
}

const partPattern = /[\p{L}\p{M}\p{N}]+(?:['’./-][\p{L}\p{M}\p{N}]+)*|[,،;:!?؟\n.]/gu
const abbreviations = new Set(['st', 'rd', 'ave', 'av', 'str', 'dr', 'blvd', 'no', 'nr', 'apt', 'p.o', 'sq'])
const marks = new Set([',', ';', ':', '!', '?', '\n', '.'])

function takenApart(text: string): Parts {
  const words: string[] = []
  const places: Parts['places'] = []
  for (const { 0: found, index } of text.matchAll(partPattern)) {
    if (found === '.' && abbreviations.has(words.at(-1) ?? '')) continue
    words.push(normalizeKeyword(found) || (marks.has(found) ? found : ','))
    places.push({ start: index, end: index + found.length })
  }
  return { words, places }
}

/** Numbers of words; `to` is the one behind the last. */
interface Span {
  readonly from: number
  readonly to: number
}

/** The first street with its number, with what belongs to it before and behind. */
function streetIn(words: readonly string[]): Span | undefined {
  for (let at = 0; at < words.length; at += 1) {
    const sure = streetFrom(words, at)
    if (sure !== undefined) return { from: beginOf(words, at), to: endOf(words, sure + 1) }
  }
  return undefined
}

const houseNumber = /^(?:[a-z]-)?\d{1,5}[a-z]?(?:[-/]\d{1,4}[a-z]?)?$/
const postOffice = new Set(['po', 'p.o'])
const numberSigns = new Set(['no', 'number', 'nr'])
const maxNames = 4

/** The word up to which what begins at `at` is surely a street and a number. */
function streetFrom(words: readonly string[], at: number): number | undefined {
  const word = words[at] ?? ''
  const before = words[at - 1] ?? ''
  if (houseNumber.test(word)) return behindNumber(words, words[at + 1] === ',' ? at + 2 : at + 1)
  if (streetStarts.has(word)) return numberBehind(words, at + 1)
  const isStreet = streetEnding.test(word) || (streetEnds.has(word) && canBeName(before))
  const isPostBox = postOffice.has(word) && words[at + 1] === 'box'
  if (!isStreet && !isPostBox && !dwellings.has(word)) return undefined
  const number = isPostBox || numberSigns.has(words[at + 1] ?? '') ? at + 2 : at + 1
  return isHouseNumber(words, number) ? number : undefined
}

/** "99 Oak Avenue", "12 rue Victor Hugo". */
function behindNumber(words: readonly string[], first: number): number | undefined {
  let isName = false
  for (let at = first; at <= first + maxNames; at += 1) {
    const word = words[at] ?? ''
    if (streetStarts.has(word) || streetEnding.test(word)) return at
    if (at > first && streetEnds.has(word)) return at
    if (isName && looseStreetEnds.has(word) && !startsGoods(words, at + 1)) return at
    if (!canBeName(word)) return undefined
    isName ||= !variantWords.has(word)
  }
  return undefined
}

/** "Calle Mayor 5", "Via Roma, 3". */
function numberBehind(words: readonly string[], first: number): number | undefined {
  for (let at = first; at <= first + maxNames; at += 1) {
    if (at > first && isHouseNumber(words, at)) return at
    if (words[at] !== ',' && !canBeName(words[at] ?? '')) return undefined
  }
  return undefined
}

/** A number that counts no goods: not the one in "calle mayor, 5 cajas". */
function isHouseNumber(words: readonly string[], at: number): boolean {
  return houseNumber.test(words[at] ?? '') && !startsGoods(words, at)
}

function canBeName(word: string): boolean {
  const isWord = word !== '' && !marks.has(word) && !houseNumber.test(word)
  return isWord && !neverNames.has(word) && !productWords.has(word) && !unitWords.has(word)
}

/** Where the address begins whose street is found at `street`. */
function beginOf(words: readonly string[], street: number): number {
  let from = street
  // "Alte Schönhauser" before "Straße 5".
  const isBehindName = streetEnds.has(words[street] ?? '') || streetEnding.test(words[street] ?? '')
  while (isBehindName && canBeName(words[from - 1] ?? '') && !leadWords.has(words[from - 1] ?? '')) from -= 1
  // "Flat 3" before "12 Hill Road".
  const dwelling = from - (words[from - 1] === ',' ? 3 : 2)
  if (dwellings.has(words[dwelling] ?? '') || streetDwellings.has(words[dwelling] ?? '')) from = dwelling
  return recipientBefore(words, from) ?? from
}

const maxRecipientWords = 6

/** "Anna Smith, ..." between "deliver to" and a street. */
function recipientBefore(words: readonly string[], street: number): number | undefined {
  for (let at = street - 1; at >= Math.max(0, street - maxRecipientWords); at -= 1) {
    const word = words[at] ?? ''
    if (leadEnds.has(word)) return words.slice(0, at + 1).some((other) => deliveryVerbs.has(other)) ? at + 1 : undefined
    if (word !== ',' && word !== '\n' && !canBeName(word)) return undefined
  }
  return undefined
}

/** "Send it to 99 Oakfield", "to 5 Hillside, Leeds": what leads to it makes an address of what alone would be none. */
function placeIn(words: readonly string[]): Span | undefined {
  for (let at = 0; at < words.length; at += 1) {
    if (!leadEnds.has(words[at] ?? '')) continue
    const from = words[at + 1] === ':' ? at + 2 : at + 1
    if (!isHouseNumber(words, from) && !canBeName(words[from] ?? '')) continue
    const to = endOf(words, from)
    const said = words.slice(from, to)
    const isDelivery = words.slice(0, at + 1).some((word) => deliveryVerbs.has(word))
    if (isDelivery ? isPlace(said) : isNumberedPlace(said)) return { from, to }
  }
  return undefined
}

function isPlace(said: readonly string[]): boolean {
  const hasNumber = said.some((word) => houseNumber.test(word))
  const hasStreet = said.includes(',') && said.some((word) => streetEnds.has(word))
  return (hasNumber || hasStreet) && said.some((word) => canBeName(word) && !variantWords.has(word))
}

function isNumberedPlace(said: readonly string[]): boolean {
  return houseNumber.test(said[0] ?? '') && canBeName(said[1] ?? '') && said.includes(',')
}

const maxAddressWords = 40

/** The word behind the last one of an address that goes on at `from`: city, postcode, country. */
function endOf(words: readonly string[], from: number): number {
  let to = from
  for (let at = from; at < Math.min(words.length, from + maxAddressWords); at += 1) {
    const word = words[at] ?? ''
    const isMark = marks.has(word)
    if (isMark ? isGoodsPart(partFrom(words, at + 1)) : endsAt(words, at)) break
    if (!isMark) to = at + 1
  }
  return to
}

function partFrom(words: readonly string[], from: number): readonly string[] {
  const mark = words.findIndex((word, at) => at >= from && marks.has(word))
  return words.slice(from, mark === -1 ? words.length : mark)
}

function endsAt(words: readonly string[], at: number): boolean {
  const word = words[at] ?? ''
  if (sentenceWords.has(word) || startsGoods(words, at)) return true
  return andWords.has(word) && (startsGoods(words, at + 1) || sentenceWords.has(words[at + 1] ?? ''))
}

function isLead(word = ''): boolean {
  return word === ':' || leadWords.has(word)
}
