import { framesOf, type Logger } from '@wa-agent/core'

/**
 * What the library and Puppeteer reject with where nobody listens, when a page or a browser goes away in the middle. Nothing
 * is lost by it: that it has gone away is heard of in other ways.
 */
const known = [
  /Execution context was destroyed/,
  /Execution context is not available/,
  /Target closed/,
  /Session closed/,
  /detached Frame/i,
  /frame was detached/i,
  /Connection closed/,
  /Protocol error/,
  /Navigating frame was detached/,
  /Page binding .* already exists/i,
  /Cannot find context with specified id/,
  /Could not load body for this request/,
]

/** The library throws these as plain strings, so they carry no trace of where they came from. */
const knownStrings: ReadonlySet<unknown> = new Set(['auth timeout', 'ready timeout'])

const ofLibrary = /[\\/](?:whatsapp-web\.js[\\/]src[\\/]|vendor[\\/]whatsapp-web\.cjs)/
const ofMachinery = /[\\/](?:puppeteer-core|puppeteer|@puppeteer)[\\/]|\bnode:|<anonymous>|\bpptr:|Promise\.\w+ \(index/

/**
 * Whether a rejection that nobody handled is the library's own: known words, and nobody else in its trace. Whoever uses
 * Puppeteer in the same process keeps theirs.
 */
export function isLibraryRejection(reason: unknown): boolean {
  if (knownStrings.has(reason)) return true
  if (!(reason instanceof Error) || !known.some((words) => words.test(reason.message))) return false
  const frames = (framesOf(reason) ?? '').split('\n').filter((line) => line.trim() !== '')
  if (!frames.some((line) => ofLibrary.test(line))) return false
  return frames.every((line) => ofLibrary.test(line) || ofMachinery.test(line))
}

/** One for each transport that runs. */
const guards = new Set<{ readonly logger: Logger }>()

function handle(reason: unknown): void {
  if (isLibraryRejection(reason)) {
    const error = reason instanceof Error ? reason.name : String(reason)
    for (const { logger } of guards)
      logger.warn({ error }, 'whatsapp-web.js left a rejection unhandled; it is harmless')
    return
  }
  // Where nobody else listens, Node would end the process: it still shall.
  if (process.listeners('unhandledRejection').every((listener) => listener === handle)) throw reason
}

/** While it is held, the library's own unhandled rejections are logged instead of ending the process; others are as before. */
export function guardRejections(logger: Logger): () => void {
  if (guards.size === 0) process.on('unhandledRejection', handle)
  const guard = { logger }
  guards.add(guard)
  return () => {
    if (guards.delete(guard) && guards.size === 0) process.off('unhandledRejection', handle)
  }
}
