import { plainReason } from '@wa-agent/transport-kit'

/** What Puppeteer says when the page, the tab or the browser is gone. */
const gone =
  /Target closed|Session closed|detached Frame|frame was detached|Connection closed|Page crashed|Execution context (?:was destroyed|is not available)|Protocol error/i

/** Whether there is no page any more that could answer. */
export function isGone(error: unknown): boolean {
  return gone.test(wordsOf(error))
}

/** Whether the tab or the browser is gone for good; a page that is loaded again comes back by itself. */
export function isDead(error: unknown): boolean {
  return /Target closed|Session closed|detached Frame|Connection closed|Page crashed/i.test(wordsOf(error))
}

/**
 * What WhatsApp Web says of an address that nobody can be written to at. In its own words, which are all that there is; from
 * the source of whatsapp-web.js 1.34.7 and reports of its users.
 */
export function isNobody(error: unknown): boolean {
  return /invalid wid|No LID for user|wid error|is not a user wid|not a valid (?:user|number)/i.test(wordsOf(error))
}

/** A foreign error as it may be logged. */
export function causeOf(error: unknown): string {
  return plainReason(undefined, wordsOf(error))
}

/** Errors of the page have a stack in their message. */
function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : typeof error === 'string' ? error : ''
  return words.split('\n')[0] ?? ''
}
