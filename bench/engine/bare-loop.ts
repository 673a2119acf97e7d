import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Chats, type Figures } from './workload.ts'

/**
 * The least that keeps the guarantees, written by hand and with nothing else: dedupe on tenant + channel + id, order per
 * chat, one transaction for the message, the session and the reply, a mark before and a record after each send, and one
 * fsync for all chats that wait. A keyword answers; there is no engine, no pipeline, no lease, no retry.
 */
export async function runBareLoop(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-bare-'))
  const database = new DatabaseSync(join(folder, 'bare.db'))
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE inbox (seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, channel TEXT NOT NULL, id TEXT NOT NULL, chat TEXT NOT NULL,
      message TEXT NOT NULL, received_at INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0, UNIQUE (tenant, channel, id));
    CREATE TABLE session (tenant TEXT NOT NULL, channel TEXT NOT NULL, chat TEXT NOT NULL, state TEXT NOT NULL,
      PRIMARY KEY (tenant, channel, chat)) WITHOUT ROWID;
    CREATE TABLE outbox (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, chat TEXT NOT NULL, reply_to TEXT NOT NULL,
      message TEXT NOT NULL, status INTEGER NOT NULL DEFAULT 0);`)
  const append = database.prepare(
    'INSERT OR IGNORE INTO inbox (tenant, channel, id, chat, message, received_at) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const done = database.prepare('UPDATE inbox SET done = 1 WHERE seq = ?')
  const save = database.prepare('INSERT OR REPLACE INTO session (tenant, channel, chat, state) VALUES (?, ?, ?, ?)')
  const reply = database.prepare('INSERT INTO outbox (id, chat, reply_to, message) VALUES (?, ?, ?, ?)')
  const mark = database.prepare('UPDATE outbox SET status = ? WHERE seq = ?')
  const write = groupCommit(database)
  const lastOfChat = new Map<string, Promise<void>>()

  async function receive(message: Message): Promise<void> {
    const row = JSON.stringify({ type: 'text', from: { id: message.chat }, ...message })
    const added = await write(() => append.run('shop', 'bench', message.id, message.chat, row, Date.now()))
    if (added.changes === 0) return
    // One after the other in a chat, all chats at once.
    const turn = (lastOfChat.get(message.chat) ?? Promise.resolve()).then(() => answer(message, added.lastInsertRowid))
    lastOfChat.set(message.chat, turn)
    await turn
    if (lastOfChat.get(message.chat) === turn) lastOfChat.delete(message.chat)
  }

  async function answer(message: Message, seq: number | bigint): Promise<void> {
    const text = message.text.includes('order') ? 'Your order is on its way.' : 'How can I help?'
    const id = randomUUID()
    const body = JSON.stringify({ type: 'text', text })
    const state = JSON.stringify({ turns: Number(seq) })
    const stored = await write(() => {
      done.run(seq)
      save.run('shop', 'bench', message.chat, state)
      return reply.run(id, message.chat, message.id, body)
    })
    await write(() => mark.run(1, stored.lastInsertRowid))
    await send({ id, chat: message.chat, text })
    await write(() => mark.run(2, stored.lastInsertRowid))
  }

  async function send(message: Message): Promise<void> {
    play.answered(message.chat)
  }

  const play = new Chats((message) => void receive(message))
  const figures = await play.run()
  await write(() => undefined)
  await Promise.all(lastOfChat.values())
  database.close()
  rmSync(folder, { recursive: true })
  return figures
}

interface Message {
  readonly id: string
  readonly chat: string
  readonly text: string
}

/** Runs everything that was written in one turn of the event loop in one transaction, then tells each that it is durable. */
function groupCommit(database: DatabaseSync): <Result>(run: () => Result) => Promise<Result> {
  let operations: (() => () => void)[] = []
  const commit = () => {
    const group = operations
    operations = []
    database.exec('BEGIN IMMEDIATE')
    const tellers = group.map((operation) => operation())
    database.exec('COMMIT')
    for (const tell of tellers) tell()
  }
  return (run) =>
    new Promise((resolve) => {
      const operation = () => {
        const result = run()
        return () => resolve(result)
      }
      if (operations.push(operation) === 1) setImmediate(commit)
    })
}
