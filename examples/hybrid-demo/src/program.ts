import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** All programs read what the first whole run wrote: they start in half the time. */
const cache = join(tmpdir(), 'wa-agent-hybrid-compile-cache')
const startMs = 30_000
const lookEveryMs = 25

/** How a program is run. */
export interface ProgramOptions {
  /** The file that it begins with. */
  readonly entry: string
  /** Where it works; it finds no `.env` of anybody else there. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** The setting of its port: a free one at first, the same one whenever it starts again. */
  readonly portSetting: string
  /** Finds its port in what it has written. */
  readonly portIn: RegExp
}

/** A program of the repository that can be killed and started again in the same place. */
export class Program {
  readonly #options: ProgramOptions
  #child: ChildProcess | undefined
  #output = ''
  #port: number | undefined

  constructor(options: ProgramOptions) {
    this.#options = options
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get port(): number {
    if (this.#port === undefined) throw new Error('The program has told no port yet.')
    return this.#port
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('The program does not run.')
    return this.#child.pid
  }

  /** All that it has written, of all its lives. */
  get output(): string {
    return this.#output
  }

  /** Starts it, and waits until it has told its port. */
  async start(): Promise<void> {
    const { entry, folder, environment, portIn, portSetting } = this.#options
    const { PATH = '', HOME, TMPDIR } = process.env
    const own = Object.entries({ HOME, TMPDIR }).filter(([, value]) => value !== undefined)
    const child = spawn(process.execPath, ['--conditions=@wa-agent/source', entry], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(own),
        PATH,
        NODE_COMPILE_CACHE: cache,
        [portSetting]: String(this.#port ?? 0),
        ...environment,
      },
    })
    this.#child = child
    const before = this.#output.length
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
    await until('the program has told its port', () => {
      if (child.exitCode !== null) throw new Error(`The program has ended: ${this.#output.slice(before)}`)
      const port = portIn.exec(this.#output.slice(before))?.[1]
      if (port !== undefined) this.#port = Number(port)
      return port !== undefined
    })
  }

  /** Ends it at once, as a power cut does. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Ends it as a service does. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill(signal)
    await ended
  }
}

/** Waits for a condition, looking often. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, withinMs = startMs): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs
  while (!(await isTrue())) {
    if (performance.now() > giveUpAtMs) throw new Error(`Waited ${withinMs} ms until ${what}.`)
    await setTimeout(lookEveryMs)
  }
}
