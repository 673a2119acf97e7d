const sentenceEnd = /[.!?…。！？।؟]["'”’)\]]*\s+/gu
const blank = /\s+/gu

/**
 * Cuts `text` into parts of at most `maxLength` UTF-16 units: at a paragraph's end, else a line's, else a sentence's, else
 * a word's, else between two characters as people see them. Nothing but blanks at the cuts is lost.
 */
export function splitText(text: string, maxLength: number): string[] {
  const parts: string[] = []
  let rest = text.trim()
  while (rest.length > maxLength) {
    const cut = findCut(rest, maxLength)
    parts.push(rest.slice(0, cut).trimEnd())
    rest = rest.slice(cut).trimStart()
  }
  if (rest !== '') parts.push(rest)
  return parts
}

/** A cut before a third of the space is used would make many short messages: the next finer kind is taken then. */
const leastFill = 1 / 3

function findCut(text: string, maxLength: number): number {
  // One more unit than fits: a blank right behind the last character that fits is a fine place to cut.
  const window = text.slice(0, maxLength + 1)
  const least = maxLength * leastFill
  const candidates = [
    window.lastIndexOf('\n\n'),
    window.lastIndexOf('\n'),
    lastEnd(window, sentenceEnd),
    lastStart(window, blank),
  ]
  for (const cut of candidates) if (cut > least) return Math.min(cut, maxLength)
  return lastCharacter(text, maxLength)
}

function lastStart(text: string, pattern: RegExp): number {
  let found = -1
  for (const match of text.matchAll(pattern)) found = match.index
  return found
}

function lastEnd(text: string, pattern: RegExp): number {
  let found = -1
  for (const match of text.matchAll(pattern)) found = match.index + match[0].trimEnd().length
  return found
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

function lastCharacter(text: string, maxLength: number): number {
  let cut = 0
  for (const { index } of characters.segment(text.slice(0, maxLength + 1))) if (index <= maxLength) cut = index
  if (cut > 0) return cut
  // One character longer than the limit (piled-up marks): cut inside it, but never inside a surrogate pair.
  const isPair = /[\uD800-\uDBFF]/.test(text[maxLength - 1] ?? '')
  return Math.max(1, isPair ? maxLength - 1 : maxLength)
}
