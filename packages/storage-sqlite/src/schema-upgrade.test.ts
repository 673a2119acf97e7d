import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { migrate, migrations } from './schema.ts'
import { sqliteStorage } from './sqlite-storage.ts'

const start = 1_800_000_000_000
const channel = { tenant: 'acme', channel: 'main' }
const ana = { ...channel, chat: 'ana' }
const claiming = { owner: 'w', nowMs: start, leaseMs: 1, limit: 9, maxMessages: 9, historyLimit: 9, usageDay: '' }

const message = (id: string, fields: object = {}) =>
  JSON.stringify({
    type: 'text',
    id,
    chat: 'ana',
    from: { id: 'ana', aliases: [] },
    fromMe: false,
    isGroup: false,
    sentAtMs: start - 60_000,
    text: `text of ${id} \ud800`,
    ...fields,
  })

/** A database as the first schema held it: three conversations, one of them with mail of every kind. */
function writeFirstSchema(path: string): void {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL')
  migrate(db, migrations.slice(0, 1))
  db.exec(`
    INSERT INTO channels VALUES (1, 'acme', 'main');
    INSERT INTO conversations (id, channel, chat, since, opted_out, state) VALUES
      (1, 1, 'ana', 0, 1, '{"sessions":{"shop":1}}'), (2, 1, 'bo', 0, 0, NULL), (3, 1, 'carl', 0, 0, NULL);
    INSERT INTO aliases VALUES (1, 'ana', 1), (1, 'bo', 2), (1, 'carl', 3);
  `)
  const receive = db.prepare(
    `INSERT INTO inbox (seq, conversation, channel, id, status, received_at, settle_at, due_by, message)
     VALUES (?, ?, 1, ?, ?, ?, 0, 0, ?)`,
  )
  receive.run(1, 1, 'done', 1, start - 50_000, message('done'))
  receive.run(2, 1, 'owner', 1, start, message('owner', { fromMe: true, sentAtMs: start }))
  receive.run(3, 1, 'dead', 2, start - 90_000, message('dead'))
  receive.run(4, 2, 'pending', 0, start, message('pending', { chat: 'bo', sentAtMs: start + 99_000 }))
  receive.run(5, 3, 'owner too', 1, start, message('owner too', { chat: 'carl', fromMe: true }))
  const reply = db.prepare(
    `INSERT INTO outbox (seq, conversation, channel, id, status, attempts, kind, not_before, created_at, ended_at,
       provider_id, in_reply_to, message) VALUES (?, 1, 1, ?, ?, 1, 'reply', 0, 0, 0, ?, '["done"]', ?)`,
  )
  const text = '{"type":"text","text":"hello"}'
  for (const [index, status] of [0, 1, 2, 3, 4, 5, 6].entries()) {
    reply.run(10 + index, `r${status}`, status, status === 2 ? 'p2' : null, text)
  }
  db.close()
}

describe('a file of the first schema', () => {
  test('is opened with everything that is in it, and takes what is new', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wa-agent-'))
    const path = join(folder, 'bot.db')
    writeFirstSchema(path)
    for (let opening = 0; opening < 2; opening += 1) {
      const storage = sqliteStorage({ path })
      await storage.open()
      expect(await storage.integrityCheck()).toEqual({ ok: true, problems: [] })
      expect(await storage.stats()).toMatchObject({ pendingMessages: 1, conversations: 3 })
      await storage.close()
    }
    const storage = sqliteStorage({ path })
    await storage.open()
    const claims = await storage.claim(claiming)
    expect(claims.map(({ flags, state }) => [flags, state])).toEqual([
      [{ optedOut: true, lastInboundAtMs: start - 60_000 }, { sessions: { shop: 1 } }],
      [{ optedOut: false, lastInboundAtMs: start }, undefined],
    ])
    expect(await storage.control({ ...channel, chat: 'carl' }, {})).toEqual({ optedOut: false })
    const told = { atMs: start, reason: 'blocked' }
    const results = await storage.track(channel, [
      { providerId: 'p2', status: 'failed', ...told },
      ...['r0', 'r1', 'r3', 'r4', 'r5', 'r6'].map((replyId) => ({ replyId, status: 'failed' as const, ...told })),
    ])
    expect(results.map(({ status }) => status)).toEqual(
      ['changed', 'unchanged', 'changed', 'unchanged', 'changed', 'unchanged', 'unchanged'], // r5, r6 stay
    )
    expect(results[0]).toMatchObject({ conversation: ana, replyId: 'r2', inReplyTo: ['done'] })
    const letters = await storage.deadLetters.list()
    expect(letters.filter(({ reason }) => reason === 'blocked')).toHaveLength(3)
    expect(claims[0]?.replies.map((reply) => 'trace' in reply)).toEqual([false, false])
    const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }
    const text = { type: 'text', text: 'news' } as const
    const reply = { id: 'new', kind: 'proactive', message: text, inReplyTo: [], notBeforeMs: start } as const
    await storage.enqueue({ ...channel, chat: 'carl' }, [{ ...reply, trace }])
    expect((await storage.claim(claiming)).map(({ replies }) => replies[0]?.trace)).toEqual([trace])
    await storage.records.set(channel, 'pace', '5')
    expect(await storage.records.get(channel, 'pace')).toBe('5')
    await storage.close()
    rmSync(folder, { recursive: true })
  })
})
