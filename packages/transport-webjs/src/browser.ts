import { type Clock, waitFor } from '@wa-agent/core'
import type { LibraryBrowser } from './library.ts'
import { within } from './within.ts'

/** For how long a browser may take to end by itself, and to be gone once it was killed. */
const closeMs = 5000
const goneMs = 2000

/**
 * Ends a browser with all its processes: in order, so that its databases are whole, and by force where it does not answer.
 * Resolves when they are gone.
 */
export async function endBrowser(browser: LibraryBrowser, clock: Clock): Promise<void> {
  await within({ clock, limitMs: closeMs }, browser.close()).catch(() => undefined)
  const child = browser.process()
  if (child?.pid === undefined) return
  // Puppeteer makes it the leader of a group; what is left of that goes the same way.
  const target = process.platform === 'win32' ? child.pid : -child.pid
  for (let waitedMs = 0; signal(target, 'SIGKILL') && waitedMs < goneMs; waitedMs += 20) await waitFor(clock, 20)
}

/** Whether there was somebody to hear it. */
function signal(target: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(target, name)
  } catch {
    return false
  }
}
