/** A provider's code and words as they may be stored and logged: one short line, without anything like a phone number. */
export function plainReason(code: string | undefined, words: string | undefined): string {
  const plainCode = code !== undefined && /^[\w:.-]{1,40}$/.test(code) ? code : ''
  const plainWords = (words ?? '')
    .slice(0, 1000)
    .replace(/\s+/g, ' ')
    .replace(/\+?\d[\d\s().-]{5,}\d/g, '[number]')
  return `${plainCode} ${plainWords}`.trim().slice(0, 200)
}
