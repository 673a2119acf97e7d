import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { access, chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, isListening, notFound } from './found-server.ts'

/** A PostgreSQL database for one test file. */
export interface TestPostgres extends AsyncDisposable {
  /** Of a database of the test's own, which is dropped at the end. */
  readonly url: string
}

/** A PostgreSQL of the test's own, which it may stop and crash. */
export interface OwnPostgres extends TestPostgres {
  readonly port: number
  /** Ends it as an operator does: connections are closed, nothing is lost. */
  stop(): Promise<void>
  /** Ends it as a crash does. */
  crash(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
}

/** How a PostgreSQL of one's own is started. */
export interface OwnPostgresOptions {
  /** Further settings, e.g. `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

const run = promisify(execFile)
const standardUrls = ['postgres://postgres@127.0.0.1:5432/postgres', 'postgres://127.0.0.1:5432/postgres']
const advice = 'Install postgresql or set DATABASE_URL.'
const startTimeoutMs = 20_000
const installed = '/usr/lib/postgresql'

/**
 * A fresh database in the PostgreSQL that `DATABASE_URL` names, else in the one on the standard local port, else in one that is
 * started for this test file. `undefined` where there is none, so that its tests can be skipped; with `CI=true` that is an error.
 */
export async function postgresForTests(): Promise<TestPostgres | undefined> {
  const named = process.env['DATABASE_URL']
  if (named) return freshDatabase(named)
  for (const url of standardUrls) {
    if ((await isListening(5432)) && (await answers(url))) return freshDatabase(url)
  }
  return startPostgres()
}

/**
 * Starts a PostgreSQL on a free port with a folder of its own; a superuser `postgres` needs no password. `undefined` where the
 * machine has none installed; with `CI=true` that is an error.
 */
export async function startPostgres(options: OwnPostgresOptions = {}): Promise<OwnPostgres | undefined> {
  const binaries = await findBinaries()
  if (binaries === undefined) return notFound('PostgreSQL', advice)
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-postgres-'))
  const postgres = new PostgresProcess(
    { binaries, folder, port: await freePort(), user: await unprivileged() },
    options,
  )
  try {
    await postgres.initialise()
    await postgres.start()
    return postgres
  } catch (error) {
    await postgres[Symbol.asyncDispose]()
    throw error
  }
}

/** Runs statements by `psql`: this package has no PostgreSQL client. */
async function execute(url: string, sql: string): Promise<void> {
  const binaries = await findBinaries()
  const psql = binaries === undefined ? 'psql' : join(binaries, 'psql')
  await run(psql, ['--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1', '--dbname', url, '--command', sql])
}

async function freshDatabase(url: string): Promise<TestPostgres> {
  const name = `test_${randomUUID().replaceAll('-', '').slice(0, 12)}`
  await execute(url, `CREATE DATABASE ${name}`)
  const fresh = new URL(url)
  fresh.pathname = `/${name}`
  return {
    url: fresh.href,
    [Symbol.asyncDispose]: () => execute(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

async function answers(url: string): Promise<boolean> {
  return execute(url, 'SELECT 1').then(
    () => true,
    () => false,
  )
}

/** The folder of `postgres` and `initdb`: where Debian puts the newest, else one on the path. */
async function findBinaries(): Promise<string | undefined> {
  const versions = await readdir(installed).catch(() => [])
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(installed, version, 'bin'))
  for (const folder of [...newestFirst, ...(process.env['PATH'] ?? '').split(delimiter)]) {
    const isThere = await access(join(folder, 'initdb')).then(
      () => true,
      () => false,
    )
    if (isThere) return folder
  }
  return undefined
}

interface User {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root: then it runs as its own user. */
async function unprivileged(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined || gid === undefined)
    throw new Error('PostgreSQL cannot run as root, and no user postgres is here.')
  return { uid: Number(uid), gid: Number(gid) }
}

interface Place {
  readonly binaries: string
  readonly folder: string
  readonly port: number
  readonly user: User | undefined
}

class PostgresProcess implements OwnPostgres {
  readonly port: number
  readonly url: string
  readonly #place: Place
  readonly #options: OwnPostgresOptions
  #child: ChildProcess | undefined

  constructor(place: Place, options: OwnPostgresOptions) {
    this.port = place.port
    this.url = `postgres://postgres@127.0.0.1:${place.port}/postgres`
    this.#place = place
    this.#options = options
  }

  async initialise(): Promise<void> {
    const { binaries, folder, user } = this.#place
    if (user) await chown(folder, user.uid, user.gid)
    const parameters = [
      '--auth',
      'trust',
      '--username',
      'postgres',
      '--encoding',
      'UTF8',
      '--no-sync',
      '-D',
      this.#data,
    ]
    await run(join(binaries, 'initdb'), parameters, { cwd: folder, ...user })
  }

  async start(): Promise<void> {
    const { binaries, folder, port, user } = this.#place
    // The machine does not lose its power: what a crash of the server leaves in the system's memory is enough.
    const settings = { listen_addresses: '127.0.0.1', fsync: 'off', ...this.#options.settings }
    const parameters = ['-D', this.#data, '-p', String(port), '-k', folder]
    for (const [name, value] of Object.entries(settings)) parameters.push('-c', `${name}=${value}`)
    const child = spawn(join(binaries, 'postgres'), parameters, { cwd: folder, stdio: 'ignore', ...user })
    this.#child = child
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`postgres ended with ${code}`)))
    })
    failed.catch(() => undefined)
    const giveUpAtMs = Date.now() + startTimeoutMs
    // Nothing tells when it takes connections; it is asked until it answers.
    while (!(await Promise.race([answers(this.url), failed]))) {
      if (Date.now() > giveUpAtMs) throw new Error(`postgres did not answer within ${startTimeoutMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  stop(): Promise<void> {
    return this.#end('SIGINT')
  }

  crash(): Promise<void> {
    return this.#end('SIGQUIT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGQUIT')
    await rm(this.#place.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  get #data(): string {
    return join(this.#place.folder, 'data')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
}
