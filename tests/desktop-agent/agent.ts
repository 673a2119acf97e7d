import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../cloud-worker/until.ts'

const desktopAgent = fileURLToPath(new URL('../../examples/desktop-agent/src/index.ts', import.meta.url))
/** All of them read what the first whole run wrote: they start in half the time. */
const cache = join(tmpdir(), 'wa-agent-desktop-compile-cache')

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** What `/health` says. */
export interface Health {
  readonly code: number
  readonly body: {
    readonly status: string
    readonly whatsapp: { readonly state: string; readonly phone?: string }
    readonly cloud: { readonly state: string; readonly reachable: boolean }
    readonly queue: { readonly depth: number; readonly deadLetters: number }
    readonly lastMessageAt: string | null
    readonly memory: { readonly nodeBytes: number; readonly chromiumBytes: number | null }
  }
}

/** A running `examples/desktop-agent`. Disposing kills it. */
export interface Agent extends AsyncDisposable {
  readonly ended: Promise<Ended>
  output(): string
  health(): Promise<Health>
  /** Waits until `/health` is as expected. */
  healthy(what: string, isTrue: (health: Health) => boolean): Promise<Health>
  /** Nobody reads its output any more, as when a window is closed. */
  closeOutput(): void
  end(signal: NodeJS.Signals): Promise<Ended>
}

/** Runs the example until it ends by itself. */
export function runAgent(folder: string, environment: Readonly<Record<string, string>>): Promise<Ended> {
  return startAgent(folder, environment).ended
}

/** Starts an example in a folder of its own, as a service does: without a terminal. */
export function startAgent(folder: string, environment: Readonly<Record<string, string>>, entry = desktopAgent): Agent {
  const { PATH, HOME, TMPDIR } = process.env
  const own = Object.entries({ HOME, TMPDIR }).filter(([, value]) => value !== undefined)
  const child = spawn(process.execPath, ['--conditions=@wa-agent/source', entry], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(own),
      PATH: [join(folder, 'bin'), PATH].join(delimiter),
      NODE_COMPILE_CACHE: cache,
      LOCAL_PORT: '0',
      ...environment,
    },
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, ...output }))
  })
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  const health = async (): Promise<Health> => {
    const port = /http:\/\/localhost:(\d+)\/health/.exec(output.stdout)?.[1]
    if (port === undefined) throw new Error(`The agent has told no port: ${output.stdout}${output.stderr}`)
    const response = await fetch(`http://127.0.0.1:${port}/health`)
    return { code: response.status, body: (await response.json()) as Health['body'] }
  }
  return {
    ended,
    output: () => output.stdout + output.stderr,
    health,
    async healthy(what, isTrue) {
      let last: Health | undefined
      await until(what, async () => {
        if (child.exitCode !== null) throw new Error(`The agent has ended: ${output.stdout}${output.stderr}`)
        last = await health().catch(() => undefined)
        return last !== undefined && isTrue(last)
      })
      return last as Health
    },
    closeOutput() {
      for (const name of ['stdout', 'stderr'] as const) child[name].destroy()
    },
    end,
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
      // Its browser sees that it has gone, and still writes until then.
      await until('the browser is gone', () => processesOf(folder).length === 0)
    },
  }
}

/** Processes whose command names the folder: the browser of an agent, e.g. one that was left behind. */
export function processesOf(folder: string): string[] {
  const lines = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(folder))
}

/** Puts a desktop's `notify-send` into the folder of an agent. What it was told is in the file that is returned. */
export function fakeNotifications(folder: string): string {
  const bin = join(folder, 'bin')
  const told = join(folder, 'notifications.txt')
  mkdirSync(bin, { recursive: true })
  writeFileSync(told, '')
  const command = join(bin, 'notify-send')
  writeFileSync(command, `#!/bin/sh\nprintf '%s|' "$@" >> '${told}'\necho >> '${told}'\n`)
  chmodSync(command, 0o755)
  return told
}
