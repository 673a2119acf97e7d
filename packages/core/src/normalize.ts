/** Nobody sees these: joiners, direction marks, emoji variants, the frame of a keycap emoji. */
const invisible = /(?:[\p{Cf}\p{Variation_Selector}]|\u20E3)+/gu
const blanks = /[\s\p{Cc}]+/gu
/** In these scripts a mark is something that people leave out; elsewhere it is part of the letter. */
const accents = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hebrew}])\p{Mark}+/gu
/** What phones type in place of the straight one. */
const apostrophes = /[’‘ʼ]/g
const printableAscii = /^[ -~]*$/
const sign = /^[\s\p{P}\p{S}]+/u

/**
 * A sentence reduced to what a keyword is compared with: lower case, without accents, without punctuation and emoji at its
 * ends, single blanks, nothing invisible. Digits of any script become 0-9.
 */
export function normalizeKeyword(text: string): string {
  if (printableAscii.test(text)) {
    const lower = text.toLowerCase()
    return withoutOuterAscii(lower.includes('  ') ? lower.replace(/ {2,}/g, ' ') : lower)
  }
  const plain = text
    .replace(invisible, '')
    .normalize('NFKD')
    .replace(apostrophes, "'")
    .replace(accents, '$1')
    .normalize('NFC')
  return withoutOuterSigns(foldDigits(plain).toLowerCase().replace(blanks, ' '))
}

function withoutOuterAscii(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && !isAsciiWord(text.charCodeAt(start))) start += 1
  while (end > start && !isAsciiWord(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

/** A digit or a lower-case letter. */
function isAsciiWord(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)
}

/** Goes back from the end by hand: an expression would look for the end from each sign in the middle. */
function withoutOuterSigns(text: string): string {
  const rest = text.replace(sign, '')
  let end = rest.length
  while (end > 0) {
    const width = /[\uDC00-\uDFFF]/.test(rest.charAt(end - 1)) ? 2 : 1
    if (!sign.test(rest.slice(end - width, end))) break
    end -= width
  }
  return rest.slice(0, end)
}

/** What a rule or an order is compared with: as `normalizeKeyword`, but a text of signs alone keeps them, e.g. 👍. */
export function keywordOf(text: string): string {
  return normalizeKeyword(text) || text.replace(invisible, '').trim()
}

const foreignDigit = /[^\P{Nd}0-9]/gu

function foldDigits(text: string): string {
  return text.replace(foreignDigit, (character) => {
    const code = character.codePointAt(0) ?? 0
    // Decimal digits stand in runs of ten, some runs side by side: the place in a run is the value.
    let first = code
    while (/^\p{Nd}$/u.test(String.fromCodePoint(first - 1))) first -= 1
    return String((code - first) % 10)
  })
}

/** U+2800 is a Braille cell without dots, which apps use as a blank that is not trimmed. */
const visible = /[^\s\p{Cc}\p{Cf}\p{Mark}\p{Default_Ignorable_Code_Point}\u2800]/u

/** Whether there is nothing to read in `text`. */
export function isBlank(text: string): boolean {
  return !visible.test(text)
}
