import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { access, chmod, chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, isListening, notFound } from './found-server.ts'
import { type User, unprivileged } from './unprivileged.ts'

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
  /** Ends it by SIGKILL, for good. */
  kill(): Promise<void>
  /** Makes a standby the primary. Resolves when it takes writes. */
  promote(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
}

/** How a PostgreSQL of one's own is started. */
export interface OwnPostgresOptions {
  /** Further settings, e.g. `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** What it shows to clients that want TLS, PEM. */
  readonly tls?: { readonly key: string; readonly certificate: string }
  /** The lines of pg_hba.conf; `postgres` must still come in from 127.0.0.1 without a password. Default: everybody may. */
  readonly access?: readonly string[]
  /** Makes it a streaming standby of this one. */
  readonly standbyOf?: OwnPostgres
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
    const { folder, user } = this.#place
    const { tls, access: lines, standbyOf } = this.#options
    if (user) await chown(folder, user.uid, user.gid)
    if (standbyOf) await this.#copy(standbyOf)
    else await this.#run('initdb', ['--auth', 'trust', '--username', 'postgres', '--encoding', 'UTF8', '--no-sync'])
    if (lines) await this.#write(join('data', 'pg_hba.conf'), `${lines.join('\n')}\n`)
    if (tls) {
      await this.#write('server.key', tls.key)
      await this.#write('server.crt', tls.certificate)
    }
  }

  async start(): Promise<void> {
    const { binaries, folder, port, user } = this.#place
    // The machine does not lose its power: what a crash of the server leaves in the system's memory is enough.
    const tls = { ssl: 'on', ssl_key_file: join(folder, 'server.key'), ssl_cert_file: join(folder, 'server.crt') }
    const settings = {
      listen_addresses: '127.0.0.1',
      fsync: 'off',
      ...(this.#options.tls && tls),
      ...this.#options.settings,
    }
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

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  promote(): Promise<void> {
    return this.#run('pg_ctl', ['promote', '--wait'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGQUIT')
    await rm(this.#place.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  get #data(): string {
    return join(this.#place.folder, 'data')
  }

  async #copy({ port }: OwnPostgres): Promise<void> {
    const primary = `host=127.0.0.1 port=${port} user=postgres`
    await this.#run('pg_basebackup', ['-d', primary, '--checkpoint=fast', '--write-recovery-conf', '--no-sync'])
  }

  /** A program of PostgreSQL on the data folder. */
  async #run(program: string, parameters: readonly string[]): Promise<void> {
    const { binaries, folder, user } = this.#place
    await run(join(binaries, program), [...parameters, '-D', this.#data], { cwd: folder, ...user })
  }

  /** Only it may read it: it refuses a key that others can see. */
  async #write(name: string, content: string): Promise<void> {
    const { folder, user } = this.#place
    const path = join(folder, name)
    await writeFile(path, content)
    await chmod(path, 0o600)
    if (user) await chown(path, user.uid, user.gid)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
}
