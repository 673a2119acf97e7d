import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('../../examples/cloud-worker/src/index.ts', import.meta.url))
/** A killed process cannot write it, but all of them read what the first whole run wrote: they start in half the time. */
const cache = join(tmpdir(), 'wa-agent-worker-compile-cache')
const startMs = 20_000

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A running `examples/cloud-worker`. Disposing kills it. */
export interface Worker extends AsyncDisposable {
  readonly url: string
  readonly ended: Promise<Ended>
  /** Everything that it has logged. */
  log(): string
  /** Memory in use, in bytes. */
  memory(): number
  kill(): Promise<Ended>
  stop(): Promise<Ended>
}

/** Runs the example until it ends by itself. */
export function runWorker(environment: Readonly<Record<string, string>>): Promise<Ended> {
  return observe(spawnWorker(environment)).ended
}

/** Starts the example and waits until it is ready. */
export async function startWorker(environment: Readonly<Record<string, string>>): Promise<Worker> {
  const child = spawnWorker(environment)
  const { ended, output, ready } = observe(child)
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  const late = setTimeout(() => child.kill('SIGKILL'), startMs)
  const port = await Promise.race([ready, ended.then(failed)]).finally(() => clearTimeout(late))
  return {
    url: `http://127.0.0.1:${port}`,
    ended,
    log: () => output.stdout,
    memory: () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' })) * 1024,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
    },
  }
}

function spawnWorker(environment: Readonly<Record<string, string>>): ChildProcess {
  const { PATH, HOME, TMPDIR } = process.env
  const own = Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined)
  return spawn(process.execPath, ['--conditions=@wa-agent/source', entry], {
    // No .env of somebody who tries the example.
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(own), NODE_COMPILE_CACHE: cache, ...environment },
  })
}

function observe(child: ChildProcess) {
  const output = { stdout: '', stderr: '' }
  const ready = new Promise<number>((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text
      if (!text.includes('ready') && output.stdout.length > 100_000) return
      const port = /"port":(\d+)[^\n]*"the (?:worker|ingest) is ready"/.exec(output.stdout)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, ...output }))
  })
  return { output, ready, ended }
}

function failed({ code, signal, stderr }: Ended): never {
  throw new Error(`The worker ended with ${code ?? signal}: ${stderr}`)
}
