import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
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
  if (child) await killBrowser(child, clock)
}

/** Ends by force what there is of a browser's processes. Resolves when they are gone. */
export async function killBrowser(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.pid === undefined) return
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

/** Node tells of every process that is created, before it is started. */
const creations = 'child_process'

/**
 * Tells of a browser's process as soon as it runs: Puppeteer hands out only one that answers. From then on nothing that goes
 * wrong with it ends this program. Puppeteer hears neither of a process that cannot be started nor of a pipe that breaks
 * after the browser was closed. Call what is returned once the launch is over.
 */
export function watchLaunch(profile: string, heard: (child: ChildProcess) => void): () => void {
  const created = (message: unknown) => {
    const { process: child } = message as { readonly process: ChildProcess }
    // What is started is known only afterwards.
    const isOurs = () => child.spawnargs.includes(`--user-data-dir=${profile}`)
    const failed = (error: Error) => {
      if (isOurs()) child.on('error', () => undefined)
      // Anybody else's is as it was.
      else if (child.listenerCount('error') === 0) throw error
    }
    child.once('error', failed)
    child.once('spawn', () => {
      if (!isOurs()) return void child.off('error', failed)
      for (const one of [child, ...child.stdio]) one?.on('error', () => undefined)
      heard(child)
    })
  }
  subscribe(creations, created)
  return () => void unsubscribe(creations, created)
}
