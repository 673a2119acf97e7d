import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { appSecret, createBody, phoneNumberId, sign } from '../ingest/webhook.ts'

/**
 * How an ingest is started where memory is dearer than processor time. By itself V8 reserves 32 MB for what is new once the packages
 * are loaded, and gives nothing back; and it compiles the parser of `fetch` a second time, for speed, which takes 10 MB.
 */
export const smallFlags = ['--optimize-for-size', '--liftoff-only']

/** Where an ingest keeps its messages. */
export interface Keeper {
  readonly keeper: 'bullmq' | 'pubsub' | 'postgres'
  readonly url: string
  /** Of its own, so that runs do not meet. */
  readonly name: string
}

/** An ingest in a process of its own. */
export interface RunningIngest extends AsyncDisposable {
  readonly port: number
  /** What of the process is in memory now, with what it shares with others. */
  megabytes(): number
}

/** How the process is started. */
export interface Start {
  /** `ingest.mjs`, where it finds built packages. */
  readonly program: string
  readonly keeper: Keeper
  /** For V8. */
  readonly flags: readonly string[]
}

/** Starts an ingest and waits until it listens. */
export async function startIngest({ program, keeper, flags }: Start): Promise<RunningIngest> {
  const told = JSON.stringify({ ...keeper, appSecret, phoneNumberId })
  const child = spawn(process.execPath, [...flags, program, told], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: environmentFor(keeper),
  })
  const exited = once(child, 'exit')
  const ended = exited.then(([code]) => {
    throw new Error(`The ingest with ${keeper.keeper} ended with ${code}.`)
  })
  ended.catch(() => undefined)
  const [{ port }] = (await Promise.race([once(child, 'message'), ended])) as [{ readonly port: number }]
  return {
    port,
    megabytes: () => residentMegabytes(child),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Sends so many webhooks, each with a message of its own, and asks both probes before the first. */
export async function serve(
  port: number,
  { webhooks, atOnce }: { readonly webhooks: number; readonly atOnce: number },
) {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  await ask({ agent, port, path: '/health' })
  await ask({ agent, port, path: '/ready' })
  let next = 0
  const lane = async () => {
    for (let index = next++; index < webhooks; index = next++)
      await ask({ agent, port, path: '/webhooks/cloud-api/main', body: createBody(index) })
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  agent.destroy()
}

interface Call {
  readonly agent: Agent
  readonly port: number
  readonly path: string
  /** Posted and signed. */
  readonly body?: string
}

function ask({ agent, port, path, body }: Call): Promise<void> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json', 'x-hub-signature-256': sign(body) }
  const method = body === undefined ? 'GET' : 'POST'
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, port, path, host: '127.0.0.1', method, headers })
    outgoing.once('error', reject)
    outgoing.once('response', (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`Expected 200 from ${path}, got ${response.statusCode}.`))
      })
    })
    outgoing.end(body)
  })
}

/** Nothing that would change V8's settings; tokens of Google come from the stand-in. */
function environmentFor({ keeper, url }: Keeper): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env
  const google = { GCE_METADATA_HOST: new URL(url).host, METADATA_SERVER_DETECTION: 'assume-present' }
  return { PATH, HOME, NODE_ENV: 'production', ...(keeper === 'pubsub' && google) }
}

function residentMegabytes({ pid }: ChildProcess): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}
