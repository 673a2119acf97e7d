import { type Clock, systemClock, WaAgentError } from '@wa-agent/core'

/** Options of `sqliteStorage`. */
export interface SqliteStorageOptions {
  /** The database file; its folder is created. `:memory:` keeps everything in memory, for tests. */
  readonly path: string
  /**
   * `full`: what was acknowledged survives a power cut. `normal`: it survives the end of the process, but a power cut may
   * take the last moments. Default: `full`.
   */
  readonly synchronous?: 'full' | 'normal'
  /** How long to wait for another program that writes to the file, blocking this process. Default: 100. */
  readonly busyTimeoutMs?: number
  /** How much the write-ahead log may grow before it is folded into the database in the middle of work. Default: 64 MiB. */
  readonly maxLogBytes?: number
  /** How many conversations are kept in memory to save reading them again. Default: 10,000. */
  readonly cachedConversations?: number
  /** Tells when something was settled and when to tidy up. Default: the machine's clock. */
  readonly clock?: Clock
}

/** Options with every default filled in. */
export type Settings = Required<SqliteStorageOptions>

const defaults = {
  synchronous: 'full',
  busyTimeoutMs: 100,
  maxLogBytes: 64 * 2 ** 20,
  cachedConversations: 10_000,
  clock: systemClock,
} as const

/** Checks the options and fills in the defaults. Throws `invalid_options`. */
export function settingsOf(options: SqliteStorageOptions): Settings {
  const settings = { ...defaults, ...withoutUndefined(options ?? {}) }
  if (typeof settings.path !== 'string' || settings.path === '') {
    throw wrong('path', "the path of a file, e.g. 'bot.db', or ':memory:'", settings.path)
  }
  if (settings.synchronous !== 'full' && settings.synchronous !== 'normal') {
    throw wrong('synchronous', "'full' or 'normal'", settings.synchronous)
  }
  for (const name of ['busyTimeoutMs', 'maxLogBytes', 'cachedConversations'] as const) {
    const value: unknown = settings[name]
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong(name, 'a whole number from 0', value)
  }
  if (typeof settings.clock?.now !== 'function' || typeof settings.clock.after !== 'function') {
    throw wrong('clock', 'a clock with now() and after()', settings.clock)
  }
  return settings as Settings
}

function withoutUndefined(options: object): Partial<SqliteStorageOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function wrong(option: string, expected: string, got: unknown): WaAgentError {
  const shown = typeof got === 'string' ? JSON.stringify(got) : typeof got === 'number' ? String(got) : typeof got
  const message = `[storage-sqlite] Expected \`${option}\` to be ${expected}, got ${shown}. Correct it in sqliteStorage({ ... }).`
  return new WaAgentError('invalid_options', message)
}
