import { postgresForTests } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { Database } from './database.ts'
import { settingsOf } from './options.ts'
import { postgresStorage } from './postgres-storage.ts'
import { claim, incoming, keyOf, replyTo, start } from './test-fixtures.ts'
import { statsOf } from './upkeep.ts'

const postgres = await postgresForTests()
const url = postgres?.url ?? ''
afterAll(() => postgres?.[Symbol.asyncDispose]())

describe.skipIf(!postgres)('stats', () => {
  test('are exact up to their limits, then say at least how much', async () => {
    const storage = postgresStorage({ url })
    await storage.open()
    const database = new Database(settingsOf({ url }))
    for (const [at, tenant] of ['acme', 'other', 'third'].entries()) {
      for (const chat of ['a', 'b', 'c', 'd']) {
        const messages = [1, 2].map((n) => incoming(`${chat}${n}`, chat, tenant))
        await storage.append(messages.map((one) => ({ ...one, receivedAtMs: start - at })))
        await storage.enqueue(keyOf(chat, tenant), [replyTo(`${chat}1`), replyTo(`${chat}2`)])
      }
    }
    for (const { lease, messages } of await claim(storage, { limit: 6 })) {
      const dead = { messages: messages.slice(0, 1).map(({ seq }) => seq), reason: 'x' }
      await storage.commit(lease, { nowMs: start, dead })
    }
    const exact = { pendingMessages: 18, pendingReplies: 24, deadLetters: 6, conversations: 12 }
    expect(await storage.stats()).toEqual({ ...exact, oldestPendingAtMs: start - 2 })
    const few = { unfinished: 3, mail: 100, conversations: 5 }
    const some = await statsOf({ database }, few)
    expect(some).toEqual({
      ...exact,
      pendingMessages: expect.any(Number),
      pendingReplies: 6,
      conversations: 5,
      oldestPendingAtMs: start - 2,
    })
    expect(some.pendingMessages).toBeLessThanOrEqual(6)
    expect(await statsOf({ database }, { unfinished: 100, mail: 4, conversations: 100 })).toMatchObject({
      pendingMessages: 4,
      pendingReplies: 4,
      deadLetters: 4,
      conversations: 12,
      oldestPendingAtMs: start - 2,
    })
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query('ANALYZE wa_agent.conversations')
    await client.end()
    expect((await statsOf({ database }, few)).conversations).toBe(12)
    await database.end()
    await storage.close()
  })
})
