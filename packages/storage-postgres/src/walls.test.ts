import type { Claim, Logger } from '@wa-agent/core'
import { durableStorageConformance } from '@wa-agent/testing'
import { postgresForTests } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { migrate } from './migrate.ts'
import { type PostgresStorageOptions, settingsOf } from './options.ts'
import { postgresStorage } from './postgres-storage.ts'
import { answer, claim, incoming, keyOf, start } from './test-fixtures.ts'

const postgres = await postgresForTests()
const url = postgres?.url ?? ''
const opened: pg.Client[] = []
afterAll(async () => {
  for (const client of opened) await client.end()
  await postgres?.[Symbol.asyncDispose]()
})

let schemas = 0
const freshSchema = () => {
  schemas += 1
  return `s${schemas}`
}

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  opened.push(client)
  return client
}

/** A pool that hands each transaction a session that remembers nothing, as a pooler in transaction mode does. */
class ForgetfulPool extends pg.Pool {
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg's connect are not needed here
  override async connect(): Promise<any> {
    const client = await super.connect()
    const query = client.query.bind(client) as (config: unknown) => Promise<unknown>
    let isInTransaction = false
    const forgetful = async (config: string | { readonly text: string; readonly name?: string }) => {
      const text = typeof config === 'string' ? config : config.text
      if (typeof config !== 'string' && config.name !== undefined) throw new Error('a named statement needs a session')
      const result = await query(config)
      if (/^BEGIN/.test(text)) isInTransaction = true
      if (/^(COMMIT|ROLLBACK$)/.test(text)) isInTransaction = false
      if (!isInTransaction) await query('DISCARD ALL')
      return result
    }
    return Object.assign(Object.create(client), { query: forgetful, release: (error?: Error) => client.release(error) })
  }
}

describe.skipIf(!postgres)('row-level security', () => {
  test('lets a role see only the tenant in its setting, and the bot go on', async () => {
    const schema = freshSchema()
    await migrate({ url, schema, rls: true })
    const storage = postgresStorage({ url, schema, pruned: 'archive' })
    await storage.open()
    for (const tenant of ['acme', 'other']) {
      await storage.append([incoming(`${tenant}-1`, 'ana@c.us', tenant)])
      const [one] = (await claim(storage)) as [Claim]
      await storage.commit(one.lease, {
        nowMs: start,
        state: { sessions: {} },
        usage: { tokens: 1, costUsd: 1, day: '2027-01-15' },
        replies: [{ ...aReply, id: `${tenant}-dead` }],
      })
      await storage.settle(
        { conversation: one.lease.conversation, id: `${tenant}-dead` },
        { status: 'dead', reason: 'x' },
      )
      await answer(storage, one)
      await storage.records.set(keyOf('x', tenant), 'name', tenant)
    }
    await storage.prune({ beforeMs: 8_000_000_000_000 })
    await storage.append([incoming('a', 'a', 'acme'), incoming('b', 'b', 'other')])
    await storage.close()
    const client = await connected()
    const role = `reader_${schema}_${process.pid}`
    await client.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${schema} TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}`)
    try {
      const tables = [
        'channels conversations states aliases inbox outbox provider_ids dead_letters usage records archive',
      ].flatMap((names) => names.split(' '))
      const counted = async (tenant: string | undefined) => {
        await client.query(`BEGIN; SET LOCAL ROLE ${role}; SET LOCAL search_path = ${schema}`)
        if (tenant !== undefined) await client.query(`SELECT set_config('wa_agent.tenant', $1, true)`, [tenant])
        const counts: Record<string, number> = {}
        for (const table of tables) {
          const { rows } = await client.query(`SELECT count(*)::int AS count FROM ${table}`)
          counts[table] = rows[0].count
        }
        await client.query('ROLLBACK')
        return counts
      }
      const all: Record<string, number> = {}
      for (const table of tables) {
        all[table] = (await client.query(`SELECT count(*)::int AS count FROM ${schema}.${table}`)).rows[0].count
      }
      const [none, acme, other] = [await counted(undefined), await counted('acme'), await counted('other')]
      for (const table of tables.filter((name) => name !== 'provider_ids')) {
        expect([table, none[table], acme[table], other[table]]).toEqual([table, 0, expect.any(Number), acme[table]])
        expect([table, (acme[table] ?? 0) > 0]).toEqual([table, true])
        expect([table, (acme[table] ?? 0) + (other[table] ?? 0)]).toEqual([table, all[table]])
      }
      await client.query(`BEGIN; SET LOCAL ROLE ${role}; SET LOCAL wa_agent.tenant = 'acme'`)
      const { rows } = await client.query(`SELECT id FROM ${schema}.channels WHERE tenant = 'other'`)
      expect(rows).toEqual([])
      await expect(
        client.query(`INSERT INTO ${schema}.channels (tenant, channel) VALUES ('other', 'x')`),
      ).rejects.toThrow(/row-level security/)
      await client.query('ROLLBACK')
    } finally {
      await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })
})

const aReply = {
  kind: 'reply',
  message: { type: 'text', text: 'hello' },
  inReplyTo: [],
  notBeforeMs: start,
} as const

describe.skipIf(!postgres)('behind a pooler that remembers no session', () => {
  for (const { name, run } of durableStorageConformance) {
    test(name, async () => {
      const schema = freshSchema()
      const pool = new ForgetfulPool({ connectionString: url })
      await run(async () => async () => postgresStorage({ pool, schema, listenUrl: url }))
      await pool.end()
    })
  }

  test('a pool that was given is not ended, and wakes are heard on one of its connections', async () => {
    const pool = new pg.Pool({ connectionString: url })
    const storage = postgresStorage({ pool, schema: freshSchema() })
    await storage.open()
    const woken = new Promise<void>((resolve) => storage.watch?.(resolve))
    await woken
    await storage.close()
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  test('with synchronousCommit off the same is promised but for a crash of the server', async () => {
    const schema = freshSchema()
    const storage = postgresStorage({ url, schema, synchronousCommit: 'off' })
    await storage.open()
    await storage.append([incoming('a')])
    await storage.control(keyOf('ana@c.us'), { optOut: true })
    const [one] = (await claim(storage)) as [Claim]
    expect([one.messages.length, one.flags.optedOut]).toEqual([1, true])
    await storage.close()
  })
})

describe.skipIf(!postgres)('retention', () => {
  test('moves what is finished to the archive where it is told to', async () => {
    const schema = freshSchema()
    const storage = postgresStorage({ url, schema, pruned: 'archive' })
    await storage.open()
    const ids = Array.from({ length: 200 }, (_, index) => `m${index}`)
    await storage.append(ids.map((id, index) => incoming(id, `chat-${index % 7}`)))
    for (const one of await claim(storage, { maxMessages: 100 })) await answer(storage, one)
    expect(await storage.prune({ beforeMs: 8_000_000_000_000 })).toEqual({ removed: 400 })
    const client = await connected()
    const { rows } = await client.query(
      `SELECT kind, count(*)::int AS count, min(tenant) AS tenant, count(DISTINCT chat)::int AS chats FROM ${schema}.archive
       GROUP BY kind ORDER BY kind`,
    )
    expect(rows).toEqual([
      { kind: 'm', count: 200, tenant: 'acme', chats: 7 },
      { kind: 'r', count: 200, tenant: 'acme', chats: 7 },
    ])
    const left = await client.query(`SELECT count(*)::int AS names FROM ${schema}.provider_ids`)
    expect(left.rows).toEqual([{ names: 0 }])
    expect((await storage.append([incoming('m0', 'chat-0')]))[0]?.status).toBe('stored')
    await storage.close()
  })
})

describe.skipIf(!postgres)('clocks', () => {
  test('that differ from the server are told of at opening', async () => {
    const warnings: unknown[] = []
    const warn = (fields: Record<string, unknown>, line: string) => void warnings.push([fields, line])
    const logger: Logger = { debug: () => undefined, info: () => undefined, warn, error: () => undefined }
    const schema = freshSchema()
    for (const aheadMs of [0, 60_000]) {
      const clock = { now: () => Date.now() + aheadMs, after: () => () => undefined }
      const storage = postgresStorage({ url, schema, clock, logger })
      await storage.open()
      await storage.close()
    }
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toEqual([{ aheadMs: expect.any(Number) }, expect.stringContaining('clock')])
  })
})

describe('options', () => {
  const good = { url: 'postgres://user:secret@host/db' }

  test('have defaults', () => {
    expect(settingsOf(good)).toMatchObject({ schema: 'wa_agent', poolSize: 10, notify: true, synchronousCommit: 'on' })
  })

  test.each<[Record<string, unknown>, RegExp]>([
    [{}, /Expected `url` or `pool`, got neither/],
    [{ ...good, pool: { connect: () => 0, end: () => 0 } }, /got both/],
    [{ url: 'mysql://user:secret@host/db' }, /`url` to be like postgres:/],
    [{ ...good, listenUrl: 'host:5432' }, /`listenUrl` to be like/],
    [{ pool: {} }, /`pool` to be a Pool/],
    [{ pool: { connect: () => 0, end: () => 0 }, ssl: true }, /`ssl` only with `url`/],
    [{ ...good, schema: 'a"; DROP' }, /`schema` to be a name/],
    [{ ...good, poolSize: 0 }, /`poolSize` to be a whole number from 1, got 0/],
    [{ ...good, retryForMs: -1 }, /`retryForMs`/],
    [{ ...good, notify: 'yes' }, /`notify` to be true or false/],
    [{ ...good, synchronousCommit: 'maybe' }, /`synchronousCommit` to be 'on' or 'off'/],
    [{ ...good, pruned: 'burn' }, /`pruned` to be 'delete' or 'archive'/],
    [{ ...good, clock: {} }, /`clock`/],
    [{ ...good, poolsize: 3 }, /no option `poolsize`/],
  ])('%j are refused, and the URL is not told', (options, message) => {
    expect(() => postgresStorage(options as PostgresStorageOptions)).toThrow(message)
    expect(() => postgresStorage(options as PostgresStorageOptions)).not.toThrow(/secret/)
  })
})
