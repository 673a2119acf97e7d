/** Begins every id that SQLite's UTF-8 could not carry as it is. */
const escaped = '\u0001'

/**
 * An id as it is stored. Ids are opaque, so two that differ only in a lone surrogate must stay two; SQLite would turn both
 * into U+FFFD.
 */
export function encodeId(id: string): string {
  return id.isWellFormed() && !id.startsWith(escaped) ? id : escaped + JSON.stringify(id)
}

/** The id that `encodeId` was given. */
export function decodeId(stored: string): string {
  return stored.startsWith(escaped) ? JSON.parse(stored.slice(1)) : stored
}
