import { type InboundMessage, normalizeKeyword, textOf } from '@wa-agent/core'
import { dwellings, looseStreetEnds, streetDwellings, streetEnds, streetStarts } from './address-vocabulary.ts'
import { answerOf } from './yes-no.ts'

const maxLength = 300
const minLetters = 4
const minLength = 8

/** What was read: `isSure` where it looks like an address by itself, not only as the answer to a question for one. */
export interface FoundAddress {
  readonly address: string
  readonly isSure: boolean
}

/** A delivery address from what a customer sent, text or a shared location; `undefined` for what cannot be one. */
export function readAddress(messages: readonly InboundMessage[]): FoundAddress | undefined {
  const last = messages.at(-1)
  if (last?.type === 'location') {
    const named = textOf(last)
    const place = `${last.latitude.toFixed(5)}, ${last.longitude.toFixed(5)}`
    return { address: (named === '' ? place : `${named} (${place})`).slice(0, maxLength), isSure: true }
  }
  const text = messages
    .map(textOf)
    .join(', ')
    .slice(0, 2 * maxLength)
    .replace(/\s*\n\s*/g, ', ')
    .replace(/\s+/g, ' ')
    .replace(introduction, '')
    .trim()
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  const parts = text.split(/[\s,]+/)
  const canBe = text.length >= minLength && letters >= minLetters && parts.length >= 2 && answerOf(text) === undefined
  return canBe ? { address: text.slice(0, maxLength), isSure: looksLikeOne(text, parts) } : undefined
}

const introduction =
  /^\s*(?:please |pls )?(?:(?:deliver|send|ship)(?: it| them)? to|(?:my|the|new|delivery) (?:new )?address(?: is|:)|address(?: is|:)|mi direcci[oó]n es|meu endere[cç]o [eé])\s*:?\s*/iu

const streetWords: ReadonlySet<string> = new Set(
  [streetEnds, looseStreetEnds, streetStarts, dwellings, streetDwellings].flatMap((set) => [...set]),
)

function looksLikeOne(text: string, parts: readonly string[]): boolean {
  const hasNumber = /\p{Nd}/u.test(text)
  const hasComma = /[,،]/.test(text)
  const hasStreet = parts.some((part) => streetWords.has(normalizeKeyword(part)))
  return hasStreet ? hasNumber || hasComma : hasComma && (hasNumber || parts.length >= 4)
}
