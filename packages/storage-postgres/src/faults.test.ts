import type { Claim, Storage } from '@wa-agent/core'
import { type OwnPostgres, startPostgres } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { Database } from './database.ts'
import { settingsOf } from './options.ts'
import { postgresStorage } from './postgres-storage.ts'
import { claim, incoming, keyOf, replyTo, start, usageDay, workCount, workThrough } from './test-fixtures.ts'

const postgres = await startPostgres({ settings: { max_connections: '60' } })
const { url } = postgres ?? { url: '' }
afterAll(() => postgres?.[Symbol.asyncDispose]())

let schemas = 0
const freshSchema = () => {
  schemas += 1
  return `s${schemas}`
}

async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** A pool whose connections break right after the server has done what was asked, before the answer is heard. */
class BreakingPool extends pg.Pool {
  /** How many answers to statements with these words are still to be lost. */
  losing = { words: '', times: 0 }

  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg's connect are not needed here
  override async connect(): Promise<any> {
    const client = await super.connect()
    const query = client.query.bind(client) as (config: { text: string }) => Promise<unknown>
    const lossy = async (config: { text: string } | string) => {
      const result = await query(config as { text: string })
      const text = typeof config === 'string' ? config : config.text
      if (this.losing.times === 0 || !text.includes(this.losing.words)) return result
      this.losing.times -= 1
      throw new Error('Connection terminated unexpectedly')
    }
    return Object.assign(Object.create(client), { query: lossy, release: (error?: Error) => client.release(error) })
  }
}

async function withBreakingPool(check: (storage: Storage, pool: BreakingPool) => Promise<void>): Promise<void> {
  const pool = new BreakingPool({ connectionString: url })
  const storage = postgresStorage({ pool, schema: freshSchema() })
  await storage.open()
  try {
    await check(storage, pool)
  } finally {
    await storage.close()
    await pool.end()
  }
}

/** Two storages work through everything while `disturb` does its worst; then all was sent, at the first attempt. */
async function survives(disturb: () => Promise<void>, everySteps: number): Promise<void> {
  const schema = freshSchema()
  const open = () => postgresStorage({ url, schema, retryForMs: 20_000, poolSize: 5 })
  await workThrough(open, { disturb, everySteps })
  const rows = await ask(
    `SELECT count(*)::int AS sent, max(attempts) AS attempts FROM ${schema}.outbox WHERE status = 2`,
  )
  expect(rows).toEqual([{ sent: workCount, attempts: 1 }])
}

describe.skipIf(!postgres)('when PostgreSQL fails', () => {
  test('connections that are cut in the middle of work lose and double nothing', async () => {
    let cuts = 0
    await survives(async () => {
      const mine = 'pid <> pg_backend_pid() AND datname IS NOT NULL'
      const cut = await ask(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${mine} ORDER BY random() LIMIT 2`,
      ).catch(() => [])
      cuts += cut.length
    }, 20)
    expect(cuts).toBeGreaterThan(5)
  }, 120_000)

  test('a server that is stopped, crashes and comes back in the middle of work loses and doubles nothing', async () => {
    const own = postgres as OwnPostgres
    let restarts = 0
    await survives(async () => {
      await (restarts % 2 === 0 ? own.stop() : own.crash())
      await own.start()
      restarts += 1
    }, 120)
    expect(restarts).toBeGreaterThan(1)
  }, 120_000)

  test('a commit whose answer was lost is applied once', async () => {
    await withBreakingPool(async (storage, pool) => {
      for (const [words, extra] of [
        ['commit_turns', {}],
        ['COMMIT', { control: { optOut: false } }],
      ] as const) {
        await storage.append([incoming(words)])
        const [{ lease, messages }] = (await claim(storage)) as [Claim]
        const change = {
          nowMs: start,
          done: messages.map(({ seq }) => seq),
          replies: [replyTo(words)],
          sending: `re:${words}`,
          usage: { tokens: 10, costUsd: 1, day: usageDay },
          ...extra,
        }
        pool.losing = { words, times: 2 }
        await storage.commit(lease, change)
        expect(pool.losing.times).toBe(0)
        await storage.release(lease)
        const [again] = (await claim(storage)) as [Claim]
        expect(again.usage.tokens).toBe(words === 'COMMIT' ? 20 : 10)
        expect(again.replies.map(({ attempts }) => attempts)).toEqual([1])
        expect(again.messages).toEqual([])
        await storage.settle({ conversation: lease.conversation, id: `re:${words}` }, { status: 'sent' })
        await storage.release(again.lease)
      }
    })
  })

  test('a claim whose answer was lost leaves no lease behind', async () => {
    await withBreakingPool(async (storage, pool) => {
      await storage.append([incoming('a', 'a'), incoming('b', 'b')])
      pool.losing = { words: 'claim_conversations', times: 2 }
      const [first] = (await claim(storage, { limit: 1 })) as [Claim]
      pool.losing = { words: 'claim_conversations', times: 1 }
      const other = first.lease.conversation.chat === 'a' ? 'b' : 'a'
      const [second] = (await claim(storage, { conversation: keyOf(other) })) as [Claim]
      expect(second.messages).toHaveLength(1)
    })
  })

  test('what was appended although the answer was lost is there once, and settled and released once', async () => {
    await withBreakingPool(async (storage, pool) => {
      pool.losing = { words: 'append_messages', times: 1 }
      await storage.append([incoming('a')])
      expect((await storage.stats()).pendingMessages).toBe(1)
      const [one] = (await claim(storage)) as [Claim]
      await storage.commit(one.lease, { nowMs: start, done: [one.messages[0]?.seq ?? 0], replies: [replyTo('a')] })
      pool.losing = { words: 'settle_replies', times: 1 }
      await storage.settle({ conversation: one.lease.conversation, id: 're:a' }, { status: 'sent', providerId: 'p' })
      pool.losing = { words: 'release_leases', times: 1 }
      expect(await storage.release(one.lease)).toEqual({})
    })
  })

  test('what must not be done twice is told as uncertain: the caller may try again', async () => {
    await withBreakingPool(async (storage, pool) => {
      const records = storage.records
      pool.losing = { words: 'records', times: 1 }
      const replaced = records.replace(keyOf('x'), 'name', { from: undefined, to: 'mine' })
      await expect(replaced).rejects.toMatchObject({ code: 'storage_unavailable', retryable: true })
      expect(await records.get(keyOf('x'), 'name')).toBe('mine')
    })
  })

  test('a statement that takes too long is a retryable error that changed nothing', async () => {
    const schema = freshSchema()
    const pool = new pg.Pool({ connectionString: url, statement_timeout: 200 })
    const storage = postgresStorage({ pool, schema })
    await storage.open()
    await storage.append([incoming('a')])
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    await holder.query(`BEGIN; SELECT FROM ${schema}.conversations FOR UPDATE`)
    const late = { code: 'storage_unavailable', retryable: true }
    await expect(storage.append([incoming('b')])).rejects.toMatchObject(late)
    await expect(storage.control(keyOf('ana@c.us'), { optOut: true })).rejects.toMatchObject(late)
    await holder.query('ROLLBACK')
    await holder.end()
    const [one] = (await claim(storage)) as [Claim]
    expect([one.messages.length, one.flags.optedOut]).toEqual([1, false])
    await storage.close()
    await pool.end()
  })

  test('processes that take in orders of the same people in another order do not wait for each other', async () => {
    const schema = freshSchema()
    const deadlocks = () => ask('SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()')
    const before = await deadlocks()
    const storages = [1, 2].map(() => postgresStorage({ url, schema }))
    await Promise.all(storages.map((storage) => storage.open()))
    const chats = Array.from({ length: 20 }, (_, at) => `c${at}`)
    await storages[0]?.append(chats.map((chat) => incoming(`first ${chat}`, chat)))
    const orders = (name: string, of: readonly string[]) =>
      of.map((chat) => ({ ...incoming(`${name} ${chat}`, chat), control: { optOut: false } }))
    const appending = storages.map(async (storage, at) => {
      const own = at === 0 ? chats : chats.toReversed()
      for (let round = 0; round < 10; round += 1) await storage.append(orders(`${at} ${round}`, own))
    })
    await Promise.all(appending)
    // What a session has counted is known when it has ended.
    await Promise.all(storages.map((storage) => storage.close()))
    expect(await deadlocks()).toEqual(before)
  })

  test('a process that stands still in the middle of a transaction does not keep its rows', async () => {
    const schema = freshSchema()
    const storage = postgresStorage({ url, schema })
    await storage.open()
    await storage.append([incoming('a')])
    const still = new Database(settingsOf({ url, schema, answerTimeoutMs: 500 }))
    let goesOn: () => void = () => undefined
    const paused = new Promise<void>((resolve) => {
      goesOn = resolve
    })
    let locked: () => void = () => undefined
    const isLocked = new Promise<void>((resolve) => {
      locked = resolve
    })
    const told = still.transaction(async (runner) => {
      await runner.query('SELECT id FROM conversations FOR NO KEY UPDATE')
      locked()
      await paused
      await runner.query('UPDATE conversations SET opted_out = true')
    })
    await isLocked
    const [appended] = await storage.append([incoming('b')])
    expect(appended?.status).toBe('stored')
    goesOn()
    await told
    const [one] = (await claim(storage)) as [Claim]
    expect([one.messages.length, one.flags.optedOut]).toEqual([2, true])
    await still.end()
    await storage.close()
  })

  test('a server that does not answer is given up, and a database that is away is a retryable error', async () => {
    const own = postgres as OwnPostgres
    const storage = postgresStorage({ url, schema: freshSchema(), retryForMs: 100 })
    await storage.open()
    await own.stop()
    const appended = storage.append([incoming('a')])
    await expect(appended).rejects.toMatchObject({ code: 'storage_unavailable', retryable: true })
    await own.start()
    expect((await storage.append([incoming('a')]))[0]?.status).toBe('stored')
    await storage.close()
  })

  test('no error tells the password', async () => {
    const secret = 'pass-word-of-somebody'
    const wrong = `postgres://postgres:${secret}@127.0.0.1:1/none`
    const storage = postgresStorage({ url: wrong, retryForMs: 0 })
    const error = await storage.open().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'storage_unavailable' })
    expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain(secret)
    await storage.close()
    expect(() => postgresStorage({ url: `mysql://x:${secret}@y` })).toThrow(/^(?!.*pass-word)/s)
  })
})
