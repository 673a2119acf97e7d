// What the cloud worker needs of a small machine: examples/cloud-worker, built as it is published, with desktops of 100
// businesses that pass on 50 messages a second, and the model's package loaded against a stand-in. The limits of memory are those
// of `npm run example:cloud-worker`.
//   npm run bench:cloud-memory [-- --seconds 60]
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ask, createDesktop, type Desktop } from './cloud-memory/desktops.ts'
import { runModelStandIn } from './cloud-memory/model-stand-in.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const businesses = 100
const messagesPerSecond = 50
const adminKey = 'bench-9fQmZr7TpLw2aaVx'
const mebibyte = 2 ** 20
const questions = [
  'I want to order 10 boxes',
  'medium',
  'where is my order',
  'what are your opening hours?',
  'my grandmother collects porcelain elephants, what would she say',
]

const folder = mkdtempSync(join(tmpdir(), 'wa-agent-cloud-memory-'))
const model = await runModelStandIn()
const worker = startWorker()
try {
  const port = await ready(worker)
  const desktops: Desktop[] = []
  for (let index = 0; index < businesses; index += 1) desktops.push(await createDesktop(port, adminKey, index))
  await setTimeout(2000)
  const idleMb = megabytes(worker, 'VmRSS')
  const { answered, slowestMs } = await load(port, desktops, Number(values.seconds))
  const peakMb = megabytes(worker, 'VmHWM')
  await setTimeout(5000)
  const afterMb = megabytes(worker, 'VmRSS')
  console.log(
    `${businesses} businesses, ${answered} messages, ${model.calls()} calls of the model, slowest ${slowestMs} ms`,
  )
  console.log(
    JSON.stringify({ idleMb, peakMb, afterMb, messagesPerSecond: Math.round(answered / Number(values.seconds)) }),
  )
} finally {
  const ended = once(worker, 'exit')
  worker.kill('SIGTERM')
  await ended
  model.close()
  rmSync(folder, { recursive: true, force: true })
}

function startWorker(): ChildProcess {
  const entry = fileURLToPath(new URL('../examples/cloud-worker/src/index.ts', import.meta.url))
  const { PATH, HOME } = process.env
  return spawn(process.execPath, [...memoryFlags(), entry], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH,
      HOME,
      NODE_ENV: 'production',
      TRANSPORTS: 'desktop',
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE: join(folder, 'worker.db'),
      ADMIN_API_KEY: adminKey,
      OPENAI_API_KEY: 'stand-in',
      OPENAI_BASE_URL: model.url,
    },
  })
}

function memoryFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    scripts: Record<string, string>
  }
  return scripts['example:cloud-worker']?.match(/--max-[a-z-]+=\d+/g) ?? []
}

async function ready(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error('The worker has no output.')
  for await (const line of createInterface({ input: child.stdout })) {
    const { port } = JSON.parse(line) as { port?: number }
    if (port === undefined) continue
    child.stdout.resume()
    return port
  }
  throw new Error('The worker ended before it was ready.')
}

/** Each message at its own moment, whether the ones before are answered or not. */
async function load(port: number, desktops: readonly Desktop[], seconds: number) {
  const asking: Promise<void>[] = []
  let answered = 0
  let slowestMs = 0
  const startedMs = performance.now()
  for (let index = 0; index < seconds * messagesPerSecond; index += 1) {
    const waitMs = startedMs + (index * 1000) / messagesPerSecond - performance.now()
    if (waitMs > 1) await setTimeout(waitMs)
    const desktop = desktops[index % businesses] as Desktop
    const customer = Math.floor(index / businesses) % 20
    const message = questions[index % questions.length] ?? ''
    const askedMs = performance.now()
    asking.push(
      ask(port, desktop, { from: `9198765${String(customer).padStart(5, '0')}@c.us`, message }).then(() => {
        answered += 1
        slowestMs = Math.max(slowestMs, Math.round(performance.now() - askedMs))
      }),
    )
  }
  await Promise.all(asking)
  return { answered, slowestMs }
}

/** `VmRSS`: in memory now; `VmHWM`: the most there ever was. */
function megabytes(child: ChildProcess, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const kilobytes = Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return Math.round((kilobytes * 1024) / mebibyte)
}
