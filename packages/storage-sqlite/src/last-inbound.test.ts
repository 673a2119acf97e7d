import { expect, test } from 'vitest'
import { Handle } from './handle.ts'
import { settingsOf } from './options.ts'
import { storageOn } from './sqlite-storage.ts'

const start = 1_800_000_000_000
const minuteMs = 60_000

/** An open storage on which turns can be played, and how many rows each of them wrote. */
async function opened() {
  const handle = new Handle(settingsOf({ path: ':memory:' }))
  const storage = storageOn(handle)
  await storage.open()
  const written = () => Number(handle.database.connection.prepare('SELECT total_changes() AS n').get()?.['n'])
  /** A customer writes, and it is answered with nothing but this state. */
  async function rowsOfTurn(id: string, atMs: number, step?: number): Promise<number> {
    const before = written()
    const message = { type: 'text', id, chat: 'ana', text: 'hello' } as const
    const times = { receivedAtMs: atMs, settleAtMs: atMs, dueByMs: atMs }
    const from = { id: 'ana', aliases: [] }
    const entry = { ...message, from, fromMe: false, isGroup: false, sentAtMs: atMs }
    await storage.append([{ tenant: 'acme', channel: 'main', ...times, message: entry }])
    const request = { owner: 'w', nowMs: atMs, leaseMs: 1_000, maxMessages: 9, historyLimit: 0, usageDay: '' }
    for (const { lease, messages } of await storage.claim(request)) {
      const state = step === undefined ? {} : { state: { sessions: { shop: step } } }
      await storage.commit(lease, { nowMs: atMs, done: messages.map(({ seq }) => seq), ...state })
      await storage.release(lease)
    }
    return written() - before
  }
  return { rowsOfTurn, [Symbol.asyncDispose]: () => storage.close() }
}

test('writes when the customer last wrote along with the state, else every five minutes at most', async () => {
  await using storage = await opened()
  await storage.rowsOfTurn('first', start)
  const inboxAlone = 2
  expect(await storage.rowsOfTurn('a', start + 2 * minuteMs)).toBe(inboxAlone)
  expect(await storage.rowsOfTurn('b', start + 5 * minuteMs)).toBe(inboxAlone)
  expect(await storage.rowsOfTurn('c', start + 6 * minuteMs)).toBe(inboxAlone + 1)
  expect(await storage.rowsOfTurn('d', start + 11 * minuteMs)).toBe(inboxAlone)
  expect(await storage.rowsOfTurn('e', start + 60 * minuteMs, 1)).toBe(inboxAlone + 1)
  expect(await storage.rowsOfTurn('f', start + 64 * minuteMs, 1)).toBe(inboxAlone)
})
