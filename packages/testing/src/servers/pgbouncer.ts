import { type ChildProcess, spawn } from 'node:child_process'
import { access, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort, isListening } from './found-server.ts'
import { unprivileged } from './unprivileged.ts'

/** A PgBouncer of the test's own, before a PostgreSQL. */
export interface OwnPgBouncer extends AsyncDisposable {
  /** Of the same database, through the pooler. */
  readonly url: string
}

/** How a PgBouncer is started. */
export interface OwnPgBouncerOptions {
  /** The database behind it. */
  readonly to: string
  /** For how long a client keeps a session of the server: until it goes, or until its transaction ends. */
  readonly mode: 'session' | 'transaction'
  /** Further settings, e.g. `{ default_pool_size: '5' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

const startTimeoutMs = 10_000

/** Starts a PgBouncer on a free port. `undefined`, with a notice, where the machine has none. */
export async function startPgBouncer(options: OwnPgBouncerOptions): Promise<OwnPgBouncer | undefined> {
  const binary = await findBinary()
  if (binary === undefined) {
    process.stderr.write('No pgbouncer was found: the tests that need it are skipped. Install pgbouncer.\n')
    return undefined
  }
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-pgbouncer-'))
  const port = await freePort()
  const user = await unprivileged()
  const settings = join(folder, 'pgbouncer.ini')
  await writeFile(settings, settingsOf(options, port))
  for (const path of user ? [folder, settings] : []) await chown(path, user?.uid ?? 0, user?.gid ?? 0)
  const child = spawn(binary, [settings], { cwd: folder, stdio: 'ignore', ...user })
  const end = async () => {
    await ended(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await listening(child, port)
  } catch (error) {
    await end()
    throw error
  }
  const url = new URL(options.to)
  url.host = `127.0.0.1:${port}`
  return { url: url.href, [Symbol.asyncDispose]: end }
}

/** Debian puts it where only root looks. */
async function findBinary(): Promise<string | undefined> {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']) {
    const path = join(folder, 'pgbouncer')
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

function settingsOf({ to, mode, settings }: OwnPgBouncerOptions, port: number): string {
  const { hostname, port: serverPort, username, password } = new URL(to)
  const server = [`host=${hostname}`, `port=${serverPort || 5432}`, `user=${username || process.env['USER'] || 'root'}`]
  if (password) server.push(`password=${password}`)
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: mode,
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  return ['[databases]', `* = ${server.join(' ')}`, '[pgbouncer]', ...lines, ''].join('\n')
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`pgbouncer ended with ${code}`)))
  })
  failed.catch(() => undefined)
  const giveUpAtMs = Date.now() + startTimeoutMs
  // Nothing tells when it takes connections; it is asked until it answers.
  while (!(await Promise.race([isListening(port), failed]))) {
    if (Date.now() > giveUpAtMs) throw new Error(`pgbouncer did not answer within ${startTimeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGQUIT')
  await gone
}
