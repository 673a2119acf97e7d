const marks = /\p{Mark}/gu
const edges = /^[\s\p{P}\p{S}\p{Cf}]+|[\s\p{P}\p{S}\p{Cf}]+$/gu
const blanks = /[\s\p{Cf}]+/gu

/**
 * A sentence reduced to what a keyword is compared with: lower case, without accents of Latin letters, without punctuation
 * and emoji at its ends, single blanks. Digits of any script become 0-9.
 */
export function normalizeKeyword(text: string): string {
  return foldDigits(stripLatinAccents(text.normalize('NFKC')))
    .toLowerCase()
    .replace(blanks, ' ')
    .replace(edges, '')
}

/** In Latin, Greek and Cyrillic a mark is an accent that people leave out; elsewhere it is part of the letter. */
function stripLatinAccents(text: string): string {
  return text
    .normalize('NFD')
    .replace(/([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{Mark}+/gu, '$1')
    .normalize('NFC')
}

const digit = /\p{Nd}/gu

function foldDigits(text: string): string {
  return text.replace(digit, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (code < 0x80) return character
    // Decimal digits stand in runs of ten: the value is the distance to the run's first one.
    let first = code
    while (code - first < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(first - 1))) first -= 1
    return String((code - first) % 10)
  })
}

/** Whether there is anything to read in `text`. */
export function isBlank(text: string): boolean {
  return text.replace(blanks, '').replace(marks, '') === ''
}
