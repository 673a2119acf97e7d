import { postgresForTests } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { postgresStorage } from './postgres-storage.ts'
import { claim, incoming, start } from './test-fixtures.ts'

const postgres = await postgresForTests()
const url = postgres?.url ?? ''
afterAll(() => postgres?.[Symbol.asyncDispose]())

const tenants = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`)
const channelsOf = (names: readonly string[]) => names.map((tenant) => ({ tenant, channel: 'main' }))

/** Storages on one schema: 20,000 conversations due for the tenant `busy`, one for each of the others. */
async function backlog({ schema, others, storages: count = 1 }: { schema: string; others: number; storages?: number }) {
  const storages = Array.from({ length: count }, () => postgresStorage({ url, schema, poolSize: 4 }))
  for (const storage of storages) await storage.open()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`SET search_path = ${schema}`)
  const names = ['busy', ...tenants(others)]
  await storages[0]?.append(names.map((tenant) => incoming('m', `of ${tenant}`, tenant)))
  await client.query(`
    INSERT INTO conversations (channel, chat, due_at, in_from, settle_at, due_by)
      SELECT h.id, 'c' || n, ${start - 1}, 1000000 + n, 0, ${start - 1}
      FROM channels AS h, generate_series(1, 20000) AS n WHERE h.tenant = 'busy';
    INSERT INTO inbox (conversation, seq, channel, received_at, settle_at, due_by, id, message)
      SELECT c.id, c.in_from, c.channel, 0, 0, 0, c.chat, (SELECT i.message FROM inbox AS i LIMIT 1)
      FROM conversations AS c WHERE c.chat LIKE 'c%'`)
  const dispose = async () => {
    await client.end()
    for (const storage of storages) await storage.close()
  }
  return { client, storages, [Symbol.asyncDispose]: dispose }
}

/** How many conversations a claim looks at. It is undone. */
async function lookedAt(client: pg.Client, served: readonly string[]): Promise<number> {
  const read = async () => {
    const { rows } = await client.query(
      `SELECT seq_tup_read + idx_tup_fetch AS rows FROM pg_stat_xact_user_tables WHERE relid = 'conversations'::regclass`,
    )
    return Number(rows[0]?.rows ?? 0)
  }
  await client.query('BEGIN')
  const before = await read()
  const { rowCount } = await client.query(
    `SELECT FROM claim_conversations(p_owner => 'w', p_now => ARRAY[${start}]::float8[], p_lease => 1000, p_limit => 100,
       p_channel => NULL, p_chat => NULL, p_except_channel => NULL, p_except_chat => NULL, p_max => 20, p_history => 0,
       p_day => '', p_served => (SELECT array_agg(id) FROM channels WHERE tenant = ANY ($1)))`,
    [served],
  )
  expect(rowCount).toBeGreaterThan(0)
  const after = await read()
  await client.query('ROLLBACK')
  return after - before
}

describe.skipIf(!postgres)('a claim for some channels', () => {
  test('looks at next to nothing of what is due in the others, nor at all that is due in many', async () => {
    await using world = await backlog({ schema: 'looks', others: 200 })
    expect(await lookedAt(world.client, ['t0'])).toBeLessThan(20)
    expect(await lookedAt(world.client, ['busy'])).toBeLessThan(2000)
    expect(await lookedAt(world.client, ['busy', ...tenants(200)])).toBeLessThan(4000)
  })

  test('finds others where several processes claim at the same time, until nothing is left', async () => {
    await using world = await backlog({ schema: 'fights', others: 60, storages: 4 })
    const channels = channelsOf(['busy', ...tenants(60)])
    const taken = new Set<string>()
    for (let round = 0; round < 3; round += 1) {
      const all = await Promise.all(world.storages.map((storage) => claim(storage, { channels, limit: 50 })))
      expect(all.map((claims) => claims.length)).toEqual([50, 50, 50, 50])
      for (const { lease } of all.flat()) taken.add(lease.conversation.chat)
    }
    expect(taken.size).toBe(600)
    const [first, second] = world.storages
    if (!first || !second) throw new Error('unreachable')
    const rest = await claim(first, { channels: channelsOf(tenants(60)), limit: 100 })
    expect(await claim(second, { channels: channelsOf(tenants(60)), limit: 100 })).toEqual([])
    expect(rest.length + [...taken].filter((chat) => chat.startsWith('of t')).length).toBe(60)
  })
})
