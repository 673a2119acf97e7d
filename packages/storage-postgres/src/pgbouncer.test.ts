import { silentLogger } from '@wa-agent/core'
import { durableStorageConformance } from '@wa-agent/testing'
import { postgresForTests, startPgBouncer } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { migrate } from './migrate.ts'
import { postgresStorage } from './postgres-storage.ts'
import { claim, incoming, workCount, workThrough } from './test-fixtures.ts'

const postgres = await postgresForTests()
const direct = postgres?.url ?? ''
const start = async (mode: 'session' | 'transaction', poolSize: number) =>
  postgres && startPgBouncer({ to: direct, mode, settings: { default_pool_size: String(poolSize) } })
const session = await start('session', 25)
const transaction = await start('transaction', 5)
/** All its clients share one session of the server. */
const single = await start('transaction', 1)
const admin = new pg.Pool({ connectionString: direct, max: 2 })

/** Real servers on a busy machine. */
const soon = (check: () => unknown) => vi.waitFor(check, 15_000)

afterAll(async () => {
  for (const pooler of [session, transaction, single]) await pooler?.[Symbol.asyncDispose]()
  await admin.end()
  await postgres?.[Symbol.asyncDispose]()
})

let schemas = 0
const freshSchema = () => {
  schemas += 1
  return `s${schemas}`
}

const poolers = [
  ['session', session],
  ['transaction', transaction],
] as const

for (const [mode, pooler] of poolers) {
  describe.skipIf(!pooler)(`behind PgBouncer in ${mode} mode`, () => {
    const url = pooler?.url ?? ''

    for (const { name, run } of durableStorageConformance) {
      test(name, async () => {
        const schema = freshSchema()
        await run(async () => async () => postgresStorage({ url, schema, listenUrl: direct, poolSize: 5 }))
      })
    }

    test('two storages lose and double nothing while sessions of the server are cut', async () => {
      const schema = freshSchema()
      const open = () => postgresStorage({ url, schema, retryForMs: 20_000, poolSize: 5, notify: false })
      const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1`
      let cuts = 0
      const disturb = async () => {
        cuts += (await admin.query(cut).catch(() => ({ rows: [] }))).rows.length
      }
      await workThrough(open, { disturb, everySteps: 40 })
      expect(cuts).toBeGreaterThan(3)
      const sent = `SELECT count(*)::int AS sent, max(attempts) AS attempts FROM ${schema}.outbox WHERE status = 2`
      expect((await admin.query(sent)).rows).toEqual([{ sent: workCount, attempts: 1 }])
    })

    test('a setting of the connection that it refuses is told of at opening, with what to do', async () => {
      const pool = new pg.Pool({ connectionString: url, statement_timeout: 1_000 })
      pool.on('error', () => undefined)
      onTestFinished(() => pool.end())
      const reason = { code: 'storage_unavailable', retryable: false, message: expect.stringMatching(/pooler refuses/) }
      await expect(postgresStorage({ pool, schema: freshSchema() }).open()).rejects.toMatchObject(reason)
    })
  })
}

describe.skipIf(!session)('waking behind PgBouncer', () => {
  test.each<[string, () => { url: string; listenUrl?: string }]>([
    ['through a session of it', () => ({ url: session?.url ?? '' })],
    ['past it, where all processes share one session', () => ({ url: single?.url ?? '', listenUrl: direct })],
  ])('works %s', async (_, urls) => {
    const schema = freshSchema()
    const storages = [1, 2].map(() => postgresStorage({ ...urls(), schema, poolSize: 3 }))
    const wakes = [0, 0]
    for (const [at, storage] of storages.entries()) {
      await storage.open()
      storage.watch?.(() => {
        wakes[at] = (wakes[at] ?? 0) + 1
      })
      await soon(() => expect(wakes[at]).toBe(1))
    }
    for (const writer of [0, 1, 0, 1, 0, 1]) {
      const other = 1 - writer
      const before = wakes[other] ?? 0
      await storages[writer]?.append([incoming(`m${wakes}`)])
      await soon(() => expect(wakes[other]).toBeGreaterThan(before))
    }
    await Promise.all(storages.map((storage) => storage.close()))
  })

  test('that cannot work is told of once, and the mail is found by looking', async () => {
    const lines: string[] = []
    const tell = (_: unknown, line: string) => void lines.push(line)
    const logger = { ...silentLogger, info: tell, warn: tell, error: tell }
    const delayed: (() => void)[] = []
    const clock = {
      now: Date.now,
      after: (_: number, callback: () => void) => {
        delayed.push(callback)
        return () => undefined
      },
    }
    const schema = freshSchema()
    const url = transaction?.url ?? ''
    const [watching, writing] = [1, 2].map(() => postgresStorage({ url, schema, logger, clock, poolSize: 3 }))
    await watching?.open()
    await writing?.open()
    watching?.watch?.(() => undefined)
    await soon(() => expect(delayed).toHaveLength(1))
    expect(lines).toEqual([])
    delayed[0]?.()
    expect(lines).toEqual([expect.stringMatching(/notifications do not arrive.*pass `listenUrl`, or `notify: false`/)])
    await writing?.append([incoming('a')])
    expect(await claim(watching as NonNullable<typeof watching>)).toHaveLength(1)
    await Promise.all([watching?.close(), writing?.close()])
    expect(lines).toHaveLength(1)
  })
})

describe.skipIf(!single)('a session that PgBouncer lends to others', () => {
  const ask = async (sql: string) => {
    const client = new pg.Client({ connectionString: single?.url ?? '' })
    await client.connect()
    const { rows } = await client.query({ text: sql, rowMode: 'array' })
    await client.end()
    return rows
  }
  const settings = `SELECT name, setting FROM pg_settings WHERE name IN ('search_path', 'plan_cache_mode', 'enable_seqscan',
    'synchronous_commit', 'idle_in_transaction_session_timeout', 'statement_timeout') ORDER BY name`

  test('is given back as it was', async () => {
    const before = await ask(settings)
    const storage = postgresStorage({ url: single?.url ?? '', schema: freshSchema(), synchronousCommit: 'off' })
    await storage.open()
    await storage.append([incoming('a')])
    await storage.control({ tenant: 'acme', channel: 'main', chat: 'ana@c.us' }, { optOut: true })
    await storage.close()
    expect(await ask(settings)).toEqual(before)
    expect(await ask('SELECT count(*) FROM pg_prepared_statements')).toEqual([['0']])
  })

  test('shows a tenant to its reader, and nothing to the next one', async () => {
    const schema = freshSchema()
    const role = `reader_${schema}_${process.pid}`
    await migrate({ url: single?.url ?? '', schema, rls: true })
    const storage = postgresStorage({ url: single?.url ?? '', schema, migrate: false })
    await storage.open()
    await storage.append([incoming('a'), incoming('b', 'bob@c.us', 'other')])
    await storage.close()
    await admin.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${schema} TO ${role};
      GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`)
    onTestFinished(async () => void (await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
    const reader = new pg.Client({ connectionString: single?.url ?? '' })
    await reader.connect()
    const seen: number[] = []
    for (const tenant of ['acme', undefined]) {
      await reader.query(`BEGIN; SET LOCAL ROLE ${role}`)
      if (tenant) await reader.query(`SELECT set_config('wa_agent.tenant', $1, true)`, [tenant])
      seen.push((await reader.query(`SELECT count(*)::int AS count FROM ${schema}.inbox`)).rows[0].count)
      await reader.query('COMMIT')
    }
    await reader.end()
    expect(seen).toEqual([1, 0])
  })
})
