import { type InboundMessage, textOf } from '@wa-agent/core'
import { answerOf } from './yes-no.ts'

const maxLength = 300
const minLetters = 4
const minLength = 8

/** A delivery address from what a customer sent: text or a shared location; `undefined` for what cannot be one. */
export function readAddress(messages: readonly InboundMessage[]): string | undefined {
  const last = messages.at(-1)
  if (last?.type === 'location') {
    const named = textOf(last)
    const place = `${last.latitude.toFixed(5)}, ${last.longitude.toFixed(5)}`
    return (named === '' ? place : `${named} (${place})`).slice(0, maxLength)
  }
  const text = messages
    .map(textOf)
    .join(', ')
    .replace(/\s*\n\s*/g, ', ')
    .replace(/\s+/g, ' ')
    .trim()
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  const parts = text.split(/[\s,]+/).length
  const isLikely = text.length >= minLength && letters >= minLetters && parts >= 2
  return isLikely && answerOf(text) === undefined ? text.slice(0, maxLength) : undefined
}
