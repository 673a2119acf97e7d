import pg, { type Pool, type PoolClient } from 'pg'
import { backOffMs } from './back-off.ts'
import { connectionTo } from './connection.ts'
import { isConnectionFailure, isUndone, toStorageError } from './errors.ts'
import type { Settings } from './options.ts'
import { Plans } from './plans.ts'

/** A row as the server writes it: what a column means is known to who asks. */
export type Row = readonly (string | null)[]

/** Where statements go. */
export interface Runner {
  query(text: string, values?: readonly unknown[]): Promise<Row[]>
}

/** Whether a call may be made again when nobody knows what became of the first: what it does twice it does once. */
export interface CallOptions {
  readonly isRepeatable: boolean
  /** Told before the second attempt, where the first one may have been done. */
  readonly uncertain?: () => Promise<void>
}

const repeatable: CallOptions = { isRepeatable: true }

/** Nothing is converted: the numbers of `pg` depend on how the caller's process has set it up. */
const asWritten = { getTypeParser: () => (value: unknown) => value } as never

const guarded = new WeakSet<PoolClient>()

/** What breaks between two statements has nobody to tell it to: the next one tells. Without this it would end the process. */
const guard = (client: PoolClient) => {
  if (guarded.has(client)) return
  guarded.add(client)
  client.on('error', () => undefined)
}

/**
 * The connections. A connection has no memory: each transaction brings what it needs, so a pooler may hand each of them another
 * session. What fails because somebody else was faster or because the connection broke is tried again, where that is safe.
 */
export class Database implements Runner {
  readonly schema: string
  readonly #settings: Settings
  readonly #pool: Pool
  readonly #plans = new Plans()
  #isClosing = false

  constructor(settings: Settings) {
    this.#settings = settings
    this.schema = `"${settings.schema}"`
    this.#pool =
      (settings.pool as Pool | undefined) ??
      new pg.Pool({ ...connectionTo(settings.url ?? '', settings), max: settings.poolSize })
    this.#pool.on('error', this.#lost)
    this.#pool.on('acquire', guard)
  }

  readonly #lost = (error: Error) => {
    this.#settings.logger.warn({ error: error.name }, 'a connection to PostgreSQL was lost')
  }

  /** One statement, which is a transaction of its own. */
  query(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.call(text, values)
  }

  /** One statement; tells whether it may be tried again when its end was not heard of. */
  call(text: string, values: readonly unknown[], options: CallOptions = repeatable): Promise<Row[]> {
    return this.#retried((client) => this.#ask(client, text, values), options)
  }

  /** Several statements, all or none. `run` may be called again. */
  transaction<Value>(run: (runner: Runner) => Promise<Value>, options: CallOptions = repeatable): Promise<Value> {
    const relaxed = this.#settings.synchronousCommit === 'off' ? '; SET LOCAL synchronous_commit = off' : ''
    // Whoever stands still or has lost its machine in the middle must not keep the rows it has locked.
    const alive = `SET LOCAL idle_in_transaction_session_timeout = ${this.#settings.answerTimeoutMs}`
    const begin = `BEGIN; ${alive}; SET LOCAL search_path = ${this.schema}, pg_temp${relaxed}`
    return this.#retried(async (client) => {
      const runner: Runner = { query: (text, values = []) => this.#ask(client, text, values) }
      await this.#ask(client, begin, [])
      let value: Value
      try {
        value = await run(runner)
      } catch (error) {
        if (!isConnectionFailure(error)) await this.#ask(client, 'ROLLBACK', [])
        throw error
      }
      await this.#ask(client, 'COMMIT', [])
      return value
    }, options)
  }

  /** A function of the schema, called with one array or value for each parameter. */
  callFunction(name: string, values: readonly unknown[], options: CallOptions = repeatable): Promise<Row[]> {
    const parameters = values.map((_, index) => `$${index + 1}`).join(',')
    const called = `${this.schema}.${name}(${parameters})`
    const text =
      this.#settings.synchronousCommit === 'on'
        ? `SELECT * FROM ${called}`
        : `SELECT f.* FROM (SELECT set_config('synchronous_commit', 'off', true)) AS s, ${called} AS f`
    return this.#retried(async (client) => {
      if (this.#plans.areOld(client, performance.now())) await this.#ask(client, 'DISCARD PLANS', [])
      return this.#ask(client, text, values)
    }, options)
  }

  /** From now on a server that is away is not waited for: whoever closes waits for all that was asked. */
  hurry(): void {
    this.#isClosing = true
  }

  /** Ends the connections that we made. */
  async end(): Promise<void> {
    this.#isClosing = true
    if (this.#settings.pool) {
      this.#pool.removeListener('error', this.#lost)
      this.#pool.removeListener('acquire', guard)
      return
    }
    await this.#pool.end()
  }

  async #retried<Value>(run: (client: PoolClient) => Promise<Value>, options: CallOptions): Promise<Value> {
    const { retryForMs } = this.#settings
    const giveUpAtMs = performance.now() + retryForMs
    let isUncertain = false
    for (let attempt = 1; ; attempt += 1) {
      let begun = false
      try {
        if (isUncertain) await options.uncertain?.()
        return await this.#withClient((client) => {
          begun = true
          return run(client)
        })
      } catch (error) {
        const isLost = isConnectionFailure(error)
        const isKnown = isUndone(error)
        if (isLost && begun && !isKnown) isUncertain = true
        const mayRepeat = isKnown || (isLost && (!begun || options.isRepeatable))
        if (!mayRepeat || (this.#isClosing && isLost) || performance.now() >= giveUpAtMs) throw toStorageError(error)
        await backOffMs(attempt)
      }
    }
  }

  async #withClient<Value>(run: (client: PoolClient) => Promise<Value>): Promise<Value> {
    const client = await this.#pool.connect()
    let broken: Error | undefined
    try {
      return await run(client)
    } catch (error) {
      if (isConnectionFailure(error)) broken = error as Error
      throw error
    } finally {
      client.release(broken)
    }
  }

  /** A connection that never answers is worth nothing: it is given up, and what was asked for is uncertain. */
  async #ask(client: PoolClient, text: string, values: readonly unknown[]): Promise<Row[]> {
    const asked = client.query({ text, values: values as unknown[], rowMode: 'array', types: asWritten })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const give = () => reject(new Error('Connection timeout: no answer from the server'))
      timer = setTimeout(give, this.#settings.answerTimeoutMs)
    })
    try {
      const answer = await Promise.race([asked, late])
      // Of several statements in one go nobody wants the rows.
      return Array.isArray(answer) ? [] : (answer.rows as unknown as Row[])
    } catch (error) {
      asked.catch(() => undefined)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}
