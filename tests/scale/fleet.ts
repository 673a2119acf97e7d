import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Configuration } from './configuration.ts'

const program = fileURLToPath(new URL('fleet.program.ts', import.meta.url))

/** A process of the fleet. */
export interface Member extends AsyncDisposable {
  readonly pid: number
  /** Of an ingest: where its webhooks are. */
  readonly url: string
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts a process and waits until it is ready. */
export async function startMember(configuration: Configuration): Promise<Member> {
  const child = spawn(process.execPath, ['--conditions=@wa-agent/source', program, JSON.stringify(configuration)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const port = await Promise.race([
    firstLine(child),
    once(child, 'exit').then(([code]) => {
      throw new Error(`a member of the fleet ended with ${code}: ${errors}`)
    }),
  ])
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  }
}

async function firstLine(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error('a member of the fleet has no output')
  for await (const line of createInterface({ input: child.stdout })) return (JSON.parse(line) as { port: number }).port
  return new Promise(() => undefined)
}
