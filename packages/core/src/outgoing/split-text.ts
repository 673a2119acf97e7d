/** Chinese and Japanese leave no blank behind a sentence. */
const sentenceEnd = /[.!?…।؟۔]["'”’)\]]*\s+|[。！？]["'”’）)」』】]*/gu
const blank = /\s+/gu

/**
 * Cuts `text` into parts of at most `maxLength` UTF-16 units: at a paragraph's end, else a line's, else a sentence's, else
 * a word's, else between two characters as people see them. Nothing but blanks at the cuts is lost. A limit below 2 counts
 * as 2, because that is what one character may take.
 */
export function splitText(text: string, maxLength: number): string[] {
  const limit = Math.max(2, maxLength)
  const parts: string[] = []
  let rest = text.trim()
  while (rest.length > limit) {
    const cut = findCut(rest, limit)
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

/** The longest emoji in use have about 35 UTF-16 units. */
const longestCharacter = 64
/** Making one loads Unicode's tables, which takes longer than all the rest of this package: hardly any text needs it. */
let characters: Intl.Segmenter | undefined

function lastCharacter(text: string, maxLength: number): number {
  // What joins two code points to one character (a family, a flag, a skin colour) may stand behind the limit.
  characters ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  const cut = characters.segment(text.slice(0, maxLength + longestCharacter)).containing(maxLength)?.index ?? 0
  if (cut > 0) return cut
  // One character longer than the limit (piled-up marks): cut inside it, but never inside a surrogate pair.
  const isPair = /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(text.slice(maxLength - 1, maxLength + 1))
  return isPair ? maxLength - 1 : maxLength
}
