import type { Claim } from '@wa-agent/core'
import { postgresForTests } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { Plans } from './plans.ts'
import { postgresStorage } from './postgres-storage.ts'
import { answer, claim, incoming, start } from './test-fixtures.ts'

const postgres = await postgresForTests()
const url = postgres?.url ?? ''
afterAll(() => postgres?.[Symbol.asyncDispose]())

/** As a burst does: before the server has counted anything. */
const burst = `
  INSERT INTO wa_agent.inbox (conversation, channel, received_at, settle_at, due_by, id, message)
    SELECT 1000 + n, 1, ${start}, ${start}, ${start}, 'burst-' || n, '{"id":"burst-' || n || '"}'
    FROM generate_series(1, 40000) AS n;
  INSERT INTO wa_agent.aliases (channel, id, conversation) SELECT 1, 'chat-' || n, 1000 + n FROM generate_series(1, 40000) AS n;
  INSERT INTO wa_agent.conversations (id, channel, chat, in_from, settle_at, due_by, due_at)
    SELECT conversation, 1, 'chat-' || conversation - 1000, seq, ${start}, ${start}, ${start} FROM wa_agent.inbox
    WHERE id LIKE 'burst-%'`

const entriesRead = `SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))::int AS read FROM pg_stat_user_indexes`

describe.skipIf(!postgres)('a connection that was there before the tables grew', () => {
  test('reads no whole index', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    const storage = postgresStorage({ pool, notify: false })
    await storage.open()
    const work = async (name: string) => {
      await storage.append([incoming(name, name)])
      const [one] = (await claim(storage, { limit: 1, nowMs: start })) as [Claim]
      await answer(storage, one)
    }
    // Plans are made, and made anew, while the tables are empty.
    for (let n = 0; n < 10; n += 1) await work(`early-${n}`)
    await pool.query(burst)
    for (let n = 0; n < 12; n += 1) await work(`late-${n}`)
    // In one transaction the server counts for itself what was read.
    await pool.query('BEGIN')
    const before = (await pool.query(entriesRead)).rows[0].read
    await work('measured')
    const { read } = (await pool.query(entriesRead)).rows[0]
    await pool.query('COMMIT')
    expect(read - before).toBeLessThan(1_000)
    await storage.close()
    await pool.end()
  })
})

test('plans are made anew as often as the tables double, and once a minute', () => {
  const plans = new Plans()
  const connection = {}
  const forgotten = Array.from({ length: 100 }, (_, index) => index + 1).filter(() => plans.areOld(connection, 0))
  expect(forgotten).toEqual([8, 16, 32, 64])
  expect(plans.areOld(connection, 59_000)).toBe(false)
  expect(plans.areOld(connection, 60_000)).toBe(true)
  expect(plans.areOld({}, 60_000)).toBe(false)
})
