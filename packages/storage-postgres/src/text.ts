/** Begins what stands for a character that PostgreSQL's UTF-8 cannot hold: NUL and half of a surrogate pair. */
const escapeMark = '\u0001'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that cannot be stored as they are
const refused = /[\u0000\u0001]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const control = /[\u0000\u0001]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const escaped = /\u0001([0-9a-f]{4})/g

/**
 * A string as it is stored: as it is, but for the characters that the database refuses or would change. Ids are opaque, so
 * two that differ only in one of these must stay two. Content is JSON, in which they are escaped already.
 */
export function encodeText(text: string): string {
  if (text.isWellFormed() && !control.test(text)) return text
  return text.replace(refused, (unit) => escapeMark + unit.charCodeAt(0).toString(16).padStart(4, '0'))
}

/** The string that `encodeText` was given. */
export function decodeText(stored: string): string {
  if (!stored.includes(escapeMark)) return stored
  return stored.replace(escaped, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

/** A parameter that is an array, as PostgreSQL reads it. */
export function arrayOf(values: readonly (string | number | boolean | null | undefined)[]): string {
  let literal = '{'
  for (const value of values) {
    if (literal.length > 1) literal += ','
    if (value === null || value === undefined) literal += 'NULL'
    else if (typeof value === 'string') literal += quoted(value)
    else literal += value
  }
  return `${literal}}`
}

const special = /["\\]/

function quoted(text: string): string {
  return special.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`
}
