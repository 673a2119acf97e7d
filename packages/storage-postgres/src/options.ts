import type { ConnectionOptions } from 'node:tls'
import { type Clock, type Logger, silentLogger, systemClock, WaAgentError } from '@wa-agent/core'

/** A `Pool` of `pg`: what distinguishes one, so that nobody needs the types of `pg` who does not pass one. */
export interface PostgresPool {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  connect(): Promise<unknown>
  end(): Promise<void>
}

/** Options of `postgresStorage`. */
export interface PostgresStorageOptions {
  /** `postgres://user:password@host:5432/database`. Or pass `pool`. */
  readonly url?: string
  /** A pool of `pg` that you made. It is not ended by `close()`. */
  readonly pool?: PostgresPool
  /** TLS, where the URL does not say it: `true`, or what Node's `tls.connect` takes, e.g. `{ ca }`. Only with `url`. */
  readonly ssl?: boolean | ConnectionOptions
  /** How many connections this process may have, the one that listens not counted. Only with `url`. Default: 10. */
  readonly poolSize?: number
  /** Where the tables are. Two bots may share a database in two schemas. Default: `wa_agent`. */
  readonly schema?: string
  /** Whether `open()` brings the schema up to date. With `false` it must have been done by `migrate()`. Default: `true`. */
  readonly migrate?: boolean
  /**
   * Whether processes wake each other by LISTEN and NOTIFY. It needs a connection of its own that no pooler shares out. Without
   * it mail of other processes is found by looking. Default: `true`.
   */
  readonly notify?: boolean
  /** Where the connection that listens leads, if not to `url`: past a pooler in transaction mode. */
  readonly listenUrl?: string
  /**
   * `on`: what was acknowledged survives a crash of the database. `off`: the last moments may be lost with it; nothing else
   * changes. Default: `on`.
   */
  readonly synchronousCommit?: 'on' | 'off'
  /** What `prune` does with finished mail: `delete`, or `archive`: move it to the table `archive`. Default: `delete`. */
  readonly pruned?: 'delete' | 'archive'
  /** For how long calls wait for a database that is away before they reject, with a retryable error. Default: 10,000. */
  readonly retryForMs?: number
  /** After so long without an answer a connection is given up. Default: 30,000. */
  readonly answerTimeoutMs?: number
  /** Tells when something was settled or enqueued. Default: the machine's clock. */
  readonly clock?: Clock
  /** Told when the connection is lost, and when the clocks differ. Default: silent. */
  readonly logger?: Logger
}

/** Options with every default filled in. */
export type Settings = Required<Omit<PostgresStorageOptions, 'url' | 'pool' | 'ssl' | 'listenUrl'>> &
  Pick<PostgresStorageOptions, 'url' | 'pool' | 'ssl' | 'listenUrl'>

const defaults = {
  poolSize: 10,
  schema: 'wa_agent',
  migrate: true,
  notify: true,
  synchronousCommit: 'on',
  pruned: 'delete',
  retryForMs: 10_000,
  answerTimeoutMs: 30_000,
  clock: systemClock,
  logger: silentLogger,
} as const

const known = new Set([...Object.keys(defaults), 'url', 'pool', 'ssl', 'listenUrl'])

/** Checks the options and fills in the defaults. Throws `invalid_options`, which never quotes the URL. */
export function settingsOf(options: PostgresStorageOptions): Settings {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined)
  const stranger = given.find(([name]) => !known.has(name))?.[0]
  if (stranger !== undefined) throw invalid(`Expected no option \`${stranger}\`. Remove it from`)
  const settings = { ...defaults, ...(Object.fromEntries(given) as PostgresStorageOptions) }
  checkServer(settings)
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,47}$/.test(settings.schema)) {
    throw wrong('schema', 'a name of at most 48 letters, digits and _', settings.schema)
  }
  checkChoices(settings)
  for (const name of ['poolSize', 'retryForMs', 'answerTimeoutMs'] as const) {
    const value: unknown = settings[name]
    const least = name === 'retryForMs' ? 0 : 1
    if (!Number.isSafeInteger(value) || (value as number) < least) {
      throw wrong(name, `a whole number from ${least}`, value)
    }
  }
  if (typeof settings.clock?.now !== 'function' || typeof settings.clock.after !== 'function') {
    throw wrong('clock', 'a clock with now() and after()', settings.clock)
  }
  return settings
}

function checkServer({ url, pool, ssl, listenUrl }: PostgresStorageOptions): void {
  if (url === undefined && pool === undefined)
    throw invalid('Expected `url` or `pool`, got neither. Pass one of them to')
  if (url !== undefined && pool !== undefined)
    throw invalid('Expected `url` or `pool`, got both. Remove one of them from')
  for (const [name, value] of Object.entries({ url, listenUrl })) {
    if (value !== undefined && !isPostgresUrl(value)) {
      throw invalid(`Expected \`${name}\` to be like postgres://user:password@host:5432/database. Correct it in`)
    }
  }
  if (pool !== undefined && (typeof pool?.connect !== 'function' || typeof pool.end !== 'function')) {
    throw wrong('pool', 'a Pool of pg', pool)
  }
  if (pool !== undefined && ssl !== undefined)
    throw invalid('Expected `ssl` only with `url`. Give it to the pool, not to')
}

function isPostgresUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !/^postgres(ql)?:\/\//.test(value)) return false
  // Without a host, as for a socket, it is one for `pg` only.
  return URL.canParse(value) || URL.canParse(value.replace('@/', '@host/'))
}

function checkChoices(settings: Settings): void {
  const choices = { synchronousCommit: ['on', 'off'], pruned: ['delete', 'archive'] } as const
  for (const [name, values] of Object.entries(choices) as [keyof typeof choices, readonly string[]][]) {
    if (!values.includes(settings[name])) throw wrong(name, `'${values.join("' or '")}'`, settings[name])
  }
  for (const name of ['migrate', 'notify'] as const) {
    if (typeof settings[name] !== 'boolean') throw wrong(name, 'true or false', settings[name])
  }
}

function wrong(option: string, expected: string, got: unknown): WaAgentError {
  const shown = typeof got === 'string' ? JSON.stringify(got) : typeof got === 'number' ? String(got) : typeof got
  return invalid(`Expected \`${option}\` to be ${expected}, got ${shown}. Correct it in`)
}

function invalid(what: string): WaAgentError {
  return new WaAgentError('invalid_options', `[storage-postgres] ${what} postgresStorage({ ... }).`)
}
