import type { Claim, Storage } from '@wa-agent/core'
import { postgresForTests } from '@wa-agent/testing/servers'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { migrate } from './migrate.ts'
import { postgresStorage } from './postgres-storage.ts'
import { answer, claim, incoming, keyOf, start } from './test-fixtures.ts'

const postgres = await postgresForTests()
const url = postgres?.url ?? ''
afterAll(() => postgres?.[Symbol.asyncDispose]())

let schemas = 0
const freshSchema = () => {
  schemas += 1
  return `s${schemas}`
}

/** Several storages on one schema, as several processes have them. */
async function openAll(count: number) {
  const schema = freshSchema()
  const storages = Array.from({ length: count }, () => postgresStorage({ url, schema, poolSize: 4 }))
  await Promise.all(storages.map((storage) => storage.open()))
  const close = async () => void (await Promise.all(storages.map((storage) => storage.close())))
  return { schema, storages, [Symbol.asyncDispose]: close }
}

async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

interface Race {
  readonly conversations: number
  readonly messages: number
  readonly workers: number
  readonly limit: number
}

/** A wake-up that a test can wait for. */
function bell() {
  const rings: number[] = []
  return { rings, onMail: () => void rings.push(performance.now()) }
}

describe.skipIf(!postgres)('many processes on one database', () => {
  test('each message is claimed once, leases of a conversation never overlap, and tokens grow', async () => {
    const plan = fc.record({
      conversations: fc.integer({ min: 1, max: 12 }),
      messages: fc.integer({ min: 1, max: 60 }),
      workers: fc.integer({ min: 2, max: 4 }),
      limit: fc.integer({ min: 1, max: 5 }),
    })
    const race = async ({ conversations, messages, workers, limit }: Race) => {
      await using all = await openAll(workers)
      const held = new Set<string>()
      const tokens = new Map<string, number>()
      const answered: string[] = []
      let appended = false
      const work = async (storage: Storage, owner: string) => {
        for (;;) {
          const isLast = appended
          const claims = await claim(storage, { owner, limit })
          await Promise.all(claims.map((one) => workOn(storage, one)))
          if (isLast && claims.length === 0) return
        }
      }
      const workOn = async (storage: Storage, one: Claim) => {
        const { chat } = one.lease.conversation
        expect(held.has(chat)).toBe(false)
        expect(one.lease.token).toBeGreaterThan(tokens.get(chat) ?? 0)
        held.add(chat)
        tokens.set(chat, one.lease.token)
        const ids = one.messages.map(({ message }) => message.id)
        await storage.commit(one.lease, { nowMs: start, done: one.messages.map(({ seq }) => seq) })
        answered.push(...ids)
        held.delete(chat)
        await storage.release(one.lease)
      }
      const append = async () => {
        const ids = Array.from({ length: messages }, (_, index) => index)
        // Each comes to two processes at once, as providers and queues deliver.
        const twice = ids.flatMap((index) => {
          const message = incoming(`m${index}`, `chat-${index % conversations}`)
          const [one, other] = [all.storages[index % workers], all.storages[(index + 1) % workers]]
          return [one?.append([message]), other?.append([message])]
        })
        const statuses = (await Promise.all(twice)).map((results) => results?.[0]?.status)
        expect(statuses.filter((status) => status === 'stored')).toHaveLength(messages)
        appended = true
      }
      await Promise.all([append(), ...all.storages.map((storage, index) => work(storage, `w${index}`))])
      expect(answered).toHaveLength(messages)
      expect(new Set(answered).size).toBe(messages)
    }
    await fc.assert(fc.asyncProperty(plan, race), { numRuns: 6 })
  }, 120_000)

  test('a lease that one process holds is lost to no other before it ends, and fenced after that', async () => {
    await using all = await openAll(2)
    const [one, other] = all.storages as [Storage, Storage]
    await one.append([incoming('a')])
    const [first] = (await claim(one, { leaseMs: 10_000 })) as [Claim]
    expect(await claim(other, { nowMs: start + 9_999 })).toEqual([])
    const [second] = (await claim(other, { nowMs: start + 10_000 })) as [Claim]
    expect(second.lease.token).toBeGreaterThan(first.lease.token)
    await expect(one.commit(first.lease, { nowMs: start })).rejects.toMatchObject({ code: 'lease_lost' })
    await answer(other, second, start + 10_000)
  })

  test('ids of one person that two processes learn at the same time make one conversation', async () => {
    await using all = await openAll(3)
    for (let round = 0; round < 5; round += 1) {
      const [phone, lid] = [`phone-${round}`, `lid-${round}`]
      const telling = incoming(`t${round}`, phone)
      const person = { id: phone, aliases: [{ kind: 'lid', value: lid }] } as const
      const messages = [
        incoming(`p${round}`, phone),
        incoming(`l${round}`, lid),
        { ...telling, message: { ...telling.message, from: { ...person, aliases: [...person.aliases] } } },
      ]
      await Promise.all(messages.map((message, index) => all.storages[index]?.append([message])))
      await all.storages[0]?.append([
        { ...messages[2], message: { ...messages[2]?.message, id: `u${round}` } } as never,
      ])
    }
    const stats = await all.storages[0]?.stats()
    expect(stats).toMatchObject({ conversations: 5, pendingMessages: 20 })
  })

  test('a record is replaced by one of many that try at once', async () => {
    await using all = await openAll(4)
    const tries = all.storages.map((storage, index) =>
      storage.records.replace(keyOf('x'), 'leader', { from: undefined, to: `w${index}` }),
    )
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1)
  })

  test('twenty processes that start at once bring the schema up to date together', async () => {
    const schema = freshSchema()
    await Promise.all(Array.from({ length: 20 }, () => migrate({ url, schema })))
    const storage = postgresStorage({ url, schema, migrate: false })
    await storage.open()
    expect(await storage.stats()).toMatchObject({ conversations: 0 })
    await storage.close()
  })

  test('a database of a newer version is refused and left as it is, one that was never migrated is named', async () => {
    const schema = freshSchema()
    const untouched = postgresStorage({ url, schema, migrate: false })
    await expect(untouched.open()).rejects.toThrow(/Call migrate\(\)/)
    await migrate({ url, schema })
    await ask(`UPDATE ${schema}.schema_version SET version = 99`)
    const storage = postgresStorage({ url, schema })
    await expect(storage.open()).rejects.toMatchObject({ code: 'storage_newer', retryable: false })
    await expect(migrate({ url, schema })).rejects.toMatchObject({ code: 'storage_newer' })
    expect(await ask(`SELECT version FROM ${schema}.schema_version`)).toEqual([{ version: 99 }])
    await storage.close()
    await untouched.close()
  })

  test("mail of another process wakes whoever watches; one's own does not", async () => {
    await using all = await openAll(2)
    const [one, other] = all.storages as [Storage, Storage]
    const [mine, theirs] = [bell(), bell()]
    const stops = [one.watch?.(mine.onMail), other.watch?.(theirs.onMail)]
    // Whoever begins to listen is woken once: something may have come before.
    await vi.waitFor(() => expect([mine.rings.length, theirs.rings.length]).toEqual([1, 1]), 5_000)
    await one.append([incoming('a')])
    await vi.waitFor(() => expect(theirs.rings).toHaveLength(2), 5_000)
    await other.enqueue(keyOf('bo'), [{ ...incomingReply, notBeforeMs: start }])
    await vi.waitFor(() => expect(mine.rings).toHaveLength(2), 5_000)
    expect(theirs.rings).toHaveLength(2)
    for (const stop of stops) stop?.()
  })

  test('whoever watches is woken again after the connection that listens was cut', async () => {
    await using all = await openAll(2)
    const [one, other] = all.storages as [Storage, Storage]
    const { rings, onMail } = bell()
    const stop = one.watch?.(onMail)
    await vi.waitFor(() => expect(rings).toHaveLength(1), 5_000)
    const listening = `query = 'LISTEN "${all.schema}_mail"'`
    await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${listening}`)
    await vi.waitFor(() => expect(rings).toHaveLength(2), 5_000)
    await other.append([incoming('a')])
    await vi.waitFor(() => expect(rings).toHaveLength(3), 5_000)
    stop?.()
  })

  test('with notify false nothing is sent and nobody listens', async () => {
    const storage = postgresStorage({ url, schema: freshSchema(), notify: false })
    await storage.open()
    const { rings, onMail } = bell()
    const stop = storage.watch?.(onMail)
    await storage.append([incoming('a')])
    expect(rings).toEqual([])
    expect(await claim(storage)).toHaveLength(1)
    stop?.()
    await storage.close()
  })
})

const incomingReply = {
  id: 'r1',
  kind: 'proactive',
  message: { type: 'text', text: 'hello' },
  inReplyTo: [],
  notBeforeMs: start,
} as const
