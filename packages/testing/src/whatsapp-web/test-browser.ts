import type { ChildProcess } from 'node:child_process'
import type { EventEmitter } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Waiting } from './waiting.ts'
import type { WhatsAppWeb } from './whatsapp-web.ts'

/** A profile of a browser in a folder of its own. */
export interface TestProfile {
  readonly folder: string
  /** Removes the folder. Gives what of the browser is still running after some seconds, which should be nothing. */
  remove(): Promise<readonly string[]>
}

export async function makeProfile(): Promise<TestProfile> {
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-profile-'))
  return {
    folder,
    async remove() {
      const giveUpAt = Date.now() + 5000
      let left = await processesWith(folder)
      // The browser has ended, its other processes are about to; nothing tells when.
      while (left.length > 0 && Date.now() < giveUpAt) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        left = await processesWith(folder)
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      return left
    },
  }
}

/** Command lines of processes that name this folder. Only Linux can be asked without a further program. */
async function processesWith(folder: string): Promise<string[]> {
  if (process.platform !== 'linux') return []
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(folder))
}

/** Options of a client of whatsapp-web.js for this simulation; fresh ones each time, because the client changes them. */
export const clientOptions = (web: WhatsAppWeb, executablePath: string) => ({
  webVersionCache: { type: 'none' as const },
  puppeteer: {
    executablePath,
    pipe: true,
    protocolTimeout: 10_000,
    args: [
      ...web.browserArgs,
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Chromium refuses to run as root with its sandbox.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  },
})

/**
 * Puppeteer stops listening to its pipes before they are closed; a browser that dies at that moment would end the whole
 * run with an error that nobody can catch.
 */
export function guardPipes(browser: { process(): ChildProcess | null } | null | undefined): void {
  for (const pipe of browser?.process()?.stdio ?? []) pipe?.on('error', () => undefined)
}

/** Whether whatsapp-web.js has done all that it does to a page before the page is linked. */
export const isInjected = `window.require?.('WAWebCmd').Cmd.listens('logout_from_bridge')`

/** Writes down the events of a client, so that a test that looks late misses none. */
export class EventLog {
  readonly #events: { readonly name: string; readonly values: readonly unknown[] }[] = []
  readonly #waiting = new Waiting()

  constructor(client: EventEmitter, names: readonly string[]) {
    for (const name of names) {
      client.on(name, (...values: readonly unknown[]) => {
        this.#events.push({ name, values })
        this.#waiting.changed()
      })
    }
  }

  /** Takes the first event of this name that matches out of the log; waits for it. */
  next<T = unknown>(name: string, matches: (value: T) => boolean = () => true): Promise<T> {
    return this.#waiting
      .until(`the event ${name}`, () => {
        const index = this.#events.findIndex((event) => event.name === name && matches(event.values[0] as T))
        if (index === -1) return undefined
        return { value: this.#events.splice(index, 1)[0]?.values[0] as T }
      })
      .then(({ value }) => value)
  }

  /** The names of what was not taken out. */
  get rest(): string[] {
    return this.#events.map(({ name }) => name)
  }
}
