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
  const queues = new Map<string, Pending[]>()

  const play = new Chats((message) => {
    let seq: number | bigint = 0
    write(
      () => {
        const result = append.run('shop', 'bench', message.id, message.chat, JSON.stringify(message), Date.now())
        seq = result.changes === 1 ? result.lastInsertRowid : 0
      },
      () => {
        if (seq === 0) return
        const pending = { ...message, seq }
        const queue = queues.get(message.chat)
        if (queue) queue.push(pending)
        else {
          queues.set(message.chat, [pending])
          work(pending)
        }
      },
    )
  })

  function work(message: Pending): void {
    const text = message.text.includes('order') ? 'Your order is on its way.' : 'How can I help?'
    const state = JSON.stringify({ turns: Number(message.seq) })
    let seq: number | bigint = 0
    write(
      () => {
        done.run(message.seq)
        save.run('shop', 'bench', message.chat, state)
        seq = reply.run(randomUUID(), message.chat, message.id, JSON.stringify({ type: 'text', text })).lastInsertRowid
      },
      () =>
        write(
          () => void mark.run(1, seq),
          () => {
            play.answered(message.chat)
            write(
              () => void mark.run(2, seq),
              () => next(message.chat),
            )
          },
        ),
    )
  }

  function next(chat: string): void {
    const queue = queues.get(chat)
    queue?.shift()
    const following = queue?.[0]
    if (following) work(following)
    else queues.delete(chat)
  }

  const figures = await play.run()
  write(
    () => undefined,
    () => database.close(),
  )
  process.once('exit', () => rmSync(folder, { recursive: true }))
  return figures
}

interface Pending {
  readonly id: string
  readonly chat: string
  readonly text: string
  readonly seq: number | bigint
}

/** Runs everything that was written in one turn of the event loop in one transaction, then tells each that it is durable. */
function groupCommit(database: DatabaseSync): (run: () => void, after: () => void) => void {
  let operations: { run(): void; after(): void }[] = []
  const commit = () => {
    const group = operations
    operations = []
    database.exec('BEGIN IMMEDIATE')
    for (const operation of group) operation.run()
    database.exec('COMMIT')
    for (const operation of group) operation.after()
  }
  return (run, after) => {
    if (operations.push({ run, after }) === 1) setImmediate(commit)
  }
}
