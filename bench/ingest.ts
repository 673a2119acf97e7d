// Signed webhooks of 1 KB, durable before the 200, beside a bare node:http server that keeps nothing. Each server in a
// process of its own, and the one that sends in another.
//   npm run bench:ingest [-- --rounds 3]
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { type Load, sentRequests } from './ingest/load.ts'

const { values } = parseArgs({
  options: {
    part: { type: 'string' },
    port: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    rounds: { type: 'string', default: '3' },
  },
})

if (values.part === 'bare') {
  const { runBareServer } = await import('./ingest/bare-server.ts')
  tellCpu()
  console.log(await runBareServer())
} else if (values.part === 'whole') {
  const { runWholeServer } = await import('./ingest/whole-server.ts')
  tellCpu()
  console.log(await runWholeServer(values.folder))
} else if (values.part === 'load') {
  const { runLoad } = await import('./ingest/load.ts')
  console.log(JSON.stringify(await runLoad(Number(values.port))))
} else {
  await compare(Number(values.rounds))
}

/** Of one round. CPU time is the server's, and says more than the others where the machine does something else too. */
interface Figures extends Load {
  readonly cpuMicrosPerRequest: number
}

async function compare(rounds: number): Promise<void> {
  const bare: Figures[] = []
  const whole: Figures[] = []
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await measure('bare'))
    whole.push(await measure('whole'))
    console.log(
      `round ${round + 1}: bare ${bare.at(-1)?.requestsPerSecond}/s, durable ${whole.at(-1)?.requestsPerSecond}/s`,
    )
  }
  console.log('                        requests/s   p50 ms   p99 ms   CPU µs/request   (medians)')
  report('bare node:http', median(bare))
  report('durable, with a bot', median(whole))
  const { requestsPerSecond, p99Ms } = median(whole)
  const ratioToBare = Number((requestsPerSecond / median(bare).requestsPerSecond).toFixed(3))
  console.log(JSON.stringify({ requestsPerSecond, ratioToBare, p99Ms }))
}

async function measure(part: 'bare' | 'whole'): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-ingest-'))
  const parameters = [...parametersFor(part), '--folder', folder]
  const server = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  try {
    const port = await firstLine(server)
    const before = await cpuMicros(server)
    const { stdout } = await promisify(execFile)(process.execPath, [...parametersFor('load'), '--port', port])
    const cpuMicrosPerRequest = Math.round(((await cpuMicros(server)) - before) / sentRequests)
    return { ...(JSON.parse(stdout) as Load), cpuMicrosPerRequest }
  } finally {
    // Draining would wait for an agent that takes ten seconds.
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In a server: tells what it has used so far, whenever it is asked. */
function tellCpu(): void {
  process.on('message', () => process.send?.(process.cpuUsage()))
}

async function cpuMicros(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const [{ user, system }] = (await once(server, 'message')) as [NodeJS.CpuUsage]
  return user + system
}

function parametersFor(part: string): string[] {
  return [...process.execArgv, fileURLToPath(import.meta.url), '--part', part]
}

async function firstLine(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('The server has no output.')
  for await (const line of createInterface({ input: server.stdout })) return line
  throw new Error('The server ended before it listened.')
}

function median(all: readonly Figures[]): Figures {
  const middle = (pick: (figures: Figures) => number) =>
    all.map(pick).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
  return {
    requestsPerSecond: middle((load) => load.requestsPerSecond),
    p50Ms: middle((load) => load.p50Ms),
    p99Ms: middle((load) => load.p99Ms),
    cpuMicrosPerRequest: middle((load) => load.cpuMicrosPerRequest),
  }
}

function report(name: string, load: Figures): void {
  const columns = [load.requestsPerSecond, load.p50Ms, load.p99Ms, load.cpuMicrosPerRequest]
  console.log(
    `${name.padEnd(22)} ${columns.map((value, index) => String(value).padStart([11, 8, 8, 16][index] ?? 8)).join(' ')}`,
  )
}
