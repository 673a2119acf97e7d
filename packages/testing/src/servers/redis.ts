import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A Redis for one test file. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string
  /** Keys begin with it, so that test files do not meet. What begins with it is deleted at the end. */
  readonly prefix: string
}

/** A Redis of the test's own, which it may flush, stop and freeze. */
export interface OwnRedis extends AsyncDisposable {
  /** With the password, where it has one. */
  readonly url: string
  readonly port: number
  /** Ends it as an operator does. What was in memory stays only where it is `durable`. */
  stop(): Promise<void>
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
  /** It answers nobody, but its connections stay open. */
  freeze(): void
  thaw(): void
  /** Sends one command and gives the first line of the answer. */
  command(...words: readonly string[]): Promise<string>
}

/** How a Redis of one's own is started. */
export interface OwnRedisOptions {
  readonly password?: string
  /** Whether every write is on the disk before it is acknowledged. Default false: a stop loses everything. */
  readonly durable?: boolean
}

const standardUrl = 'redis://127.0.0.1:6379'
const startTimeoutMs = 10_000

/**
 * The Redis that `REDIS_URL` names, else the one on the standard local port, else one that is started for this test file.
 * `undefined` where there is none, so that its tests can be skipped; with `CI=true` that is an error.
 */
export async function redisForTests(): Promise<TestRedis | undefined> {
  const prefix = `test-${randomUUID().slice(0, 8)}`
  const named = process.env['REDIS_URL']
  if (named) return found(named, prefix)
  if (await answers(standardUrl)) return found(standardUrl, prefix)
  const own = await startRedis()
  return own && { url: own.url, prefix, [Symbol.asyncDispose]: () => own[Symbol.asyncDispose]() }
}

/**
 * Starts a Redis on a free port with a folder of its own. `undefined` where the machine has no `redis-server`; with
 * `CI=true` that is an error.
 */
export async function startRedis(options: OwnRedisOptions = {}): Promise<OwnRedis | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-redis-'))
  const redis = new RedisProcess(await freePort(), folder, options)
  try {
    await redis.start()
    return redis
  } catch (error) {
    await redis[Symbol.asyncDispose]()
    if (!isMissing(error)) throw error
    if (process.env['CI'] === 'true') throw new Error('CI needs redis-server, or REDIS_URL.', { cause: error })
    process.stderr.write(
      'No Redis was found: the tests that need one are skipped. Install redis-server or set REDIS_URL.\n',
    )
    return undefined
  }
}

function found(url: string, prefix: string): TestRedis {
  const forget = `local cursor = '0'
    repeat
      local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
      cursor = page[1]
      if #page[2] > 0 then redis.call('UNLINK', unpack(page[2])) end
    until cursor == '0'`
  return {
    url,
    prefix,
    [Symbol.asyncDispose]: async () => void (await ask(url, ['EVAL', forget, '0', `${prefix}*`])),
  }
}

class RedisProcess implements OwnRedis {
  readonly port: number
  readonly url: string
  readonly #folder: string
  readonly #args: readonly string[]
  #child: ChildProcess | undefined

  constructor(port: number, folder: string, { password, durable = false }: OwnRedisOptions) {
    this.port = port
    this.url = `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`
    this.#folder = folder
    this.#args = [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...(durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']),
      ...(password === undefined ? [] : ['--requirepass', password]),
    ]
  }

  async start(): Promise<void> {
    const child = spawn('redis-server', this.#args, { stdio: 'ignore' })
    this.#child = child
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
    })
    failed.catch(() => undefined)
    const giveUpAtMs = Date.now() + startTimeoutMs
    // Nothing tells when it listens; it is asked until it answers.
    while (!(await Promise.race([answers(this.url), failed]))) {
      if (Date.now() > giveUpAtMs) throw new Error(`redis-server did not answer within ${startTimeoutMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  command(...words: readonly string[]): Promise<string> {
    return ask(this.url, words)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGCONT')
    child.kill(signal)
    await ended
  }
}

async function answers(url: string): Promise<boolean> {
  return (await ask(url, ['PING']).catch(() => '')) === '+PONG'
}

/** One command over a connection of its own: this package has no Redis client. Rejects with what Redis refuses. */
function ask(url: string, words: readonly string[]): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(url)
  const commands: (readonly string[])[] = []
  if (password) commands.push(['AUTH', decodeURIComponent(username) || 'default', decodeURIComponent(password)])
  if (pathname.length > 1) commands.push(['SELECT', pathname.slice(1)])
  commands.push(words)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 6379) })
    let answer = ''
    socket.setTimeout(startTimeoutMs, () => socket.destroy(new Error('Redis does not answer')))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('Redis closed the connection')))
    socket.on('data', (chunk) => {
      answer += String(chunk)
      const lines = answer.split('\r\n')
      const refused = lines.find((line) => line.startsWith('-'))
      const last = lines[commands.length - 1]
      if (!refused && lines.length <= commands.length) return
      socket.destroy()
      if (refused) reject(new Error(refused.split(' ')[0]))
      else resolve(last ?? '')
    })
    socket.write(commands.map(encoded).join(''))
  })
}

/** As Redis reads it: the number of words, then each with its length in bytes. */
function encoded(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
