import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { NewMessage } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { Handle } from './handle.ts'
import { settingsOf } from './options.ts'
import { type SqliteStorage, sqliteStorage, storageOn } from './sqlite-storage.ts'

const start = 1_800_000_000_000
const conversation = { tenant: 'acme', channel: 'main', chat: 'ana' }

function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'wa-agent-'))
  return {
    path,
    file: (name = 'bot.db') => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** An open storage that is closed at the end of the scope. */
async function opened(storage: SqliteStorage): Promise<SqliteStorage & AsyncDisposable> {
  await storage.open()
  return { ...storage, [Symbol.asyncDispose]: () => storage.close() }
}

async function openedHandle(path: string) {
  const handle = new Handle(settingsOf({ path, busyTimeoutMs: 0 }))
  const storage = await opened(storageOn(handle))
  return { handle, connection: handle.database.connection, storage }
}

function incoming(id: string, text = 'hello', chat = 'ana'): NewMessage {
  return {
    ...conversation,
    receivedAtMs: start,
    settleAtMs: start,
    dueByMs: start,
    message: {
      type: 'text',
      id,
      chat,
      from: { id: chat, aliases: [] },
      fromMe: false,
      isGroup: false,
      sentAtMs: start,
      text,
    },
  }
}

async function claimedIds(storage: SqliteStorage): Promise<string[]> {
  const claims = await storage.claim({
    owner: 'worker',
    nowMs: start + 3_600_000,
    leaseMs: 1,
    limit: 1_000,
    maxMessages: 100_000,
    historyLimit: 0,
    usageDay: '2027-01-15',
  })
  return claims.flatMap(({ messages }) => messages.map(({ message }) => message.id))
}

describe('options', () => {
  const wrong: [string, unknown][] = [
    ['path', { path: '' }],
    ['path', {}],
    ['path', undefined],
    ['synchronous', { path: 'x', synchronous: 'off' }],
    ['busyTimeoutMs', { path: 'x', busyTimeoutMs: -1 }],
    ['maxLogBytes', { path: 'x', maxLogBytes: '1 MB' }],
    ['cachedConversations', { path: 'x', cachedConversations: 1.5 }],
    ['clock', { path: 'x', clock: {} }],
  ]
  test.each(wrong)('tells what is wrong with %s: %j', (option, options) => {
    expect(() => sqliteStorage(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining(`\`${option}\``) }),
    )
  })
})

describe('the file', () => {
  test('is made together with its folder', async () => {
    using folder = temporaryFolder()
    const path = folder.file('deep/er/bot.db')
    await using storage = await opened(sqliteStorage({ path }))
    await storage.append([incoming('m1')])
    expect(existsSync(path)).toBe(true)
  })

  test('belongs to one storage of a process at a time, by whatever path', async () => {
    using folder = temporaryFolder()
    const first = sqliteStorage({ path: folder.file() })
    await first.open()
    symlinkSync(folder.file(), folder.file('link.db'))
    for (const path of [folder.file(), folder.file('link.db')]) {
      const error = { code: 'storage_in_use', message: expect.stringContaining('one storage at a time') }
      await expect(sqliteStorage({ path }).open()).rejects.toMatchObject(error)
    }
    await first.close()
    await using second = await opened(sqliteStorage({ path: folder.file() }))
    expect(await second.stats()).toMatchObject({ conversations: 0 })
  })

  test('can be read by other programs meanwhile', async () => {
    using folder = temporaryFolder()
    await using storage = await opened(sqliteStorage({ path: folder.file() }))
    await storage.append([incoming('m1')])
    const reader = new DatabaseSync(folder.file(), { readOnly: true })
    expect(reader.prepare('SELECT id FROM inbox').get()).toMatchObject({ id: 'm1' })
    reader.close()
  })

  test('is refused where a newer version wrote it', async () => {
    using folder = temporaryFolder()
    const storage = sqliteStorage({ path: folder.file() })
    await storage.open()
    await storage.close()
    const db = new DatabaseSync(folder.file())
    db.exec('PRAGMA user_version = 99')
    db.close()
    const error = { code: 'storage_newer', retryable: false, message: expect.stringContaining('schema 99') }
    await expect(sqliteStorage({ path: folder.file() }).open()).rejects.toMatchObject(error)
  })

  test('is refused where it is no database or that of another program', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('text.db'), 'This is not a database, whatever its name says.'.repeat(100))
    new DatabaseSync(folder.file('other.db')).exec('CREATE TABLE theirs (n)')
    for (const name of ['text.db', 'other.db']) {
      const error = { code: 'storage_corrupt', retryable: false }
      await expect(sqliteStorage({ path: folder.file(name) }).open()).rejects.toMatchObject(error)
      // The refusal lets go of the lock.
      await expect(sqliteStorage({ path: folder.file(name) }).open()).rejects.toMatchObject(error)
    }
    expect(readFileSync(folder.file('text.db'), 'utf8')).toContain('whatever its name says')
  })

  test('is refused where its path is a folder, or its folder a file', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.file('folder'))
    writeFileSync(folder.file('file'), '')
    for (const path of [folder.file('folder'), join(folder.file('file'), 'bot.db')]) {
      await expect(sqliteStorage({ path }).open()).rejects.toMatchObject({ code: 'storage_unavailable' })
    }
  })

  test.skipIf(process.platform !== 'linux')(
    'is refused where nothing can be made, instead of trying for ever',
    async () => {
      const message =
        '[storage-sqlite] The folder of the database cannot be made where it is to be. Choose another `path`.'
      const error = { code: 'storage_unavailable', retryable: false, message }
      await expect(sqliteStorage({ path: '/proc/wa-agent/x/y.db' }).open()).rejects.toMatchObject(error)
    },
  )

  test('passes the integrity check, and says so where it is damaged', async () => {
    using folder = temporaryFolder()
    const storage = sqliteStorage({ path: folder.file() })
    await storage.open()
    await storage.append([incoming('m1')])
    expect(await storage.integrityCheck()).toEqual({ ok: true, problems: [] })
    await storage.close()
    const bytes = readFileSync(folder.file())
    // The header claims free pages that are not there: harmless to read, but no sound file has it.
    bytes.writeUInt32BE(5, 36)
    writeFileSync(folder.file(), bytes)
    await using damaged = await opened(sqliteStorage({ path: folder.file() }))
    const report = await damaged.integrityCheck()
    expect(report).toEqual({ ok: false, problems: [expect.stringContaining('Freelist')] })
  })

  test('is refused where it is too damaged to be read', async () => {
    using folder = temporaryFolder()
    const storage = sqliteStorage({ path: folder.file() })
    await storage.open()
    await storage.append(Array.from({ length: 200 }, (_, index) => incoming(`m${index}`, 'x'.repeat(500))))
    await storage.close()
    const bytes = readFileSync(folder.file())
    bytes.fill(0xff, 4_096)
    writeFileSync(folder.file(), bytes)
    const error = { code: 'storage_corrupt', retryable: false }
    await expect(sqliteStorage({ path: folder.file() }).open()).rejects.toMatchObject(error)
  })
})

describe('a disk that fails', () => {
  test('rejects with storage_full, changes nothing, and goes on once there is room', async () => {
    using folder = temporaryFolder()
    const { connection, storage } = await openedHandle(folder.file())
    await using _ = storage
    await storage.append([incoming('before')])
    const pages = Number(connection.prepare('PRAGMA page_count').get()?.['page_count'])
    connection.exec(`PRAGMA max_page_count = ${pages}`)
    const large = 'x'.repeat(50_000)
    const results = await Promise.allSettled([storage.append([incoming('a', large)]), storage.append([incoming('b')])])
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'storage_full', retryable: true } })
    }
    expect(await storage.stats()).toMatchObject({ pendingMessages: 1, conversations: 1 })
    connection.exec('PRAGMA max_page_count = 1000000')
    const statuses = (await storage.append([incoming('a', large), incoming('b')])).map(({ status }) => status)
    expect(statuses).toEqual(['stored', 'stored'])
    expect(await claimedIds(storage)).toEqual(['before', 'a', 'b'])
  })

  test('rejects with storage_full where the file is read-only, and still reads', async () => {
    using folder = temporaryFolder()
    const { connection, storage } = await openedHandle(folder.file())
    await using _ = storage
    await storage.append([incoming('before')])
    connection.exec('PRAGMA query_only = 1')
    await expect(storage.append([incoming('a')])).rejects.toMatchObject({ code: 'storage_full', retryable: true })
    expect(await claimedIds(storage)).toEqual(['before'])
    connection.exec('PRAGMA query_only = 0')
    expect(await storage.append([incoming('a')])).toMatchObject([{ status: 'stored' }])
  })

  test('rejects with storage_unavailable while another program writes to the file', async () => {
    using folder = temporaryFolder()
    const { storage } = await openedHandle(folder.file())
    await using _ = storage
    const other = new DatabaseSync(folder.file())
    other.exec('BEGIN IMMEDIATE')
    await expect(storage.append([incoming('a')])).rejects.toMatchObject({
      code: 'storage_unavailable',
      retryable: true,
    })
    other.exec('ROLLBACK')
    other.close()
    expect(await storage.append([incoming('a')])).toMatchObject([{ status: 'stored' }])
  })
})

describe('backup', () => {
  test('is a database of its own, as of one moment, made while everything goes on', async () => {
    using folder = temporaryFolder()
    await using storage = await opened(sqliteStorage({ path: folder.file() }))
    await storage.append(Array.from({ length: 500 }, (_, index) => incoming(`m${index}`)))
    const [, [later]] = await Promise.all([storage.backup(folder.file('copy.db')), storage.append([incoming('later')])])
    expect(later?.status).toBe('stored')
    expect(existsSync(folder.file('copy.db.partial'))).toBe(false)
    await using copy = await opened(sqliteStorage({ path: folder.file('copy.db') }))
    expect((await claimedIds(copy)).slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, index) => `m${index}`))
    expect(await copy.integrityCheck()).toMatchObject({ ok: true })
  })

  test('replaces an older one and works for a database in memory', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('copy.db'), 'older')
    await using storage = await opened(sqliteStorage({ path: ':memory:' }))
    await storage.append([incoming('m1')])
    await storage.backup(folder.file('copy.db'))
    await using copy = await opened(sqliteStorage({ path: folder.file('copy.db') }))
    expect(await claimedIds(copy)).toEqual(['m1'])
  })

  test('refuses the database itself and leaves nothing half-done where it cannot be written', async () => {
    using folder = temporaryFolder()
    await using storage = await opened(sqliteStorage({ path: folder.file() }))
    for (const ending of ['', '-wal', '-shm', '-lock']) {
      await expect(storage.backup(`${folder.file()}${ending}`)).rejects.toMatchObject({ code: 'invalid_options' })
    }
    await expect(storage.backup('')).rejects.toMatchObject({ code: 'invalid_options' })
    await expect(storage.backup(folder.file('no/such/copy.db'))).rejects.toMatchObject({ code: 'storage_unavailable' })
  })
})

describe('the write-ahead log', () => {
  const large = Array.from({ length: 100 }, (_, index) => incoming(`m${index}`, 'x'.repeat(60_000)))

  test('is folded into the database when nothing else is to do', async () => {
    using folder = temporaryFolder()
    const clock = virtualClock()
    await using storage = await opened(sqliteStorage({ path: folder.file(), clock }))
    await storage.append(large)
    expect(statSync(folder.file()).size).toBeLessThan(1_000_000)
    await clock.advance(1_000)
    expect(statSync(folder.file()).size).toBeGreaterThan(5_000_000)
  })

  test('is folded in during work once it is larger than allowed', async () => {
    using folder = temporaryFolder()
    await using storage = await opened(
      sqliteStorage({ path: folder.file(), clock: virtualClock(), maxLogBytes: 1_000_000 }),
    )
    await storage.append(large)
    expect(statSync(folder.file()).size).toBeGreaterThan(5_000_000)
  })

  test('is gone after closing', async () => {
    using folder = temporaryFolder()
    const storage = sqliteStorage({ path: folder.file(), clock: virtualClock() })
    await storage.open()
    await storage.append(large)
    await storage.close()
    expect(existsSync(folder.file('bot.db-wal'))).toBe(false)
    expect(statSync(folder.file()).size).toBeGreaterThan(5_000_000)
  })
})

describe('the order of everything', () => {
  test('is searched in slices: the past, echoes and joining find what is in older ones', async () => {
    using folder = temporaryFolder()
    const path = folder.file()
    const inSlice = async (slice: number, work: (storage: SqliteStorage) => Promise<void>) => {
      const empty = sqliteStorage({ path })
      await empty.open()
      await empty.close()
      const db = new DatabaseSync(path)
      db.exec(
        `INSERT INTO meta VALUES ('seq', ${slice * 2 ** 14 - 3}) ON CONFLICT DO UPDATE SET value = excluded.value`,
      )
      db.close()
      await using storage = await opened(sqliteStorage({ path }))
      await work(storage)
    }
    const talk = async (storage: SqliteStorage, id: string, chat: string) => {
      await storage.append([incoming(id, `text of ${id}`, chat)])
      const [claim] = await storage.claim({
        owner: 'w',
        nowMs: start,
        leaseMs: 1_000,
        conversation: { ...conversation, chat },
        maxMessages: 9,
        historyLimit: 4,
        usageDay: '',
      })
      if (!claim) throw new Error('expected a claim')
      const message = { type: 'text', text: `answer to ${id}` } as const
      const reply = { id: `r-${id}`, kind: 'reply', message, inReplyTo: [], notBeforeMs: start } as const
      await storage.commit(claim.lease, { nowMs: start, done: claim.messages.map(({ seq }) => seq), replies: [reply] })
      await storage.settle({ conversation, id: reply.id }, { status: 'sent', providerId: `p-${id}` })
      await storage.release(claim.lease)
      return claim.history.map(({ text }) => text)
    }
    await inSlice(1, async (storage) => {
      for (const id of ['a1', 'a2', 'a3']) await talk(storage, id, 'ana')
      await talk(storage, 'b1', 'bo')
    })
    await inSlice(9, async (storage) => {
      expect(await talk(storage, 'a4', 'ana')).toEqual(['text of a2', 'answer to a2', 'text of a3', 'answer to a3'])
      await talk(storage, 'a5', 'ana')
    })
    await inSlice(12, async (storage) => {
      expect(await talk(storage, 'a6', 'ana')).toEqual(['text of a4', 'answer to a4', 'text of a5', 'answer to a5'])
      const echo = incoming('p-a1', 'anything')
      const [result] = await storage.append([{ ...echo, message: { ...echo.message, fromMe: true } }])
      expect(result?.status).toBe('echo')
      const both = incoming('a7')
      const from = { id: 'ana', aliases: [{ kind: 'other' as const, value: 'bo' }] }
      await storage.append([{ ...both, message: { ...both.message, from } }])
      const [claim] = await storage.claim({
        owner: 'w',
        nowMs: start,
        leaseMs: 1_000,
        maxMessages: 9,
        historyLimit: 100,
        usageDay: '',
      })
      expect(claim?.history.map(({ text }) => text)).toEqual(
        ['a1', 'a2', 'a3', 'b1', 'a4', 'a5', 'a6'].flatMap((id) => [`text of ${id}`, `answer to ${id}`]),
      )
    })
  })
})

/** Appends one message after another and prints the id of each that was acknowledged. */
const writer = `
  const { sqliteStorage } = await import(process.argv[1])
  const storage = sqliteStorage({ path: process.argv[2] })
  try {
    await storage.open()
  } catch (error) {
    console.log(error.code)
    process.exit(0)
  }
  const message = (id) => ({
    tenant: 'acme', channel: 'main', receivedAtMs: 1, settleAtMs: 1, dueByMs: 1,
    message: { type: 'text', id, chat: 'c' + (id % 7), from: { id: 'c' + (id % 7), aliases: [] }, fromMe: false,
      isGroup: false, sentAtMs: 1, text: 'hello' },
  })
  const work = async (lane) => {
    for (let n = lane; ; n += 10) {
      await storage.append([message(String(n))])
      process.stdout.write(n + '\\n')
    }
  }
  await Promise.all(Array.from({ length: 10 }, (_, lane) => work(lane)))
`

function startWriter(path: string) {
  const source = fileURLToPath(new URL('./index.ts', import.meta.url))
  const options = ['--no-warnings', '--conditions=@wa-agent/source', '--input-type=module', '--eval', writer]
  return spawn(process.execPath, [...options, source, path], { stdio: ['ignore', 'pipe', 'inherit'] })
}

describe('another process', () => {
  test('that is killed in the middle of work has kept everything that it acknowledged', async () => {
    using folder = temporaryFolder()
    const child = startWriter(folder.file())
    const acknowledged = new Set<string>()
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.add(line)
      if (acknowledged.size === 300) child.kill('SIGKILL')
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(300)
    await using storage = await opened(sqliteStorage({ path: folder.file() }))
    expect(await storage.integrityCheck()).toMatchObject({ ok: true })
    const stored = new Set(await claimedIds(storage))
    for (const id of acknowledged) expect(stored).toContain(id)
    const again = await storage.append([...acknowledged].map((id) => incoming(id)))
    expect(again.every(({ status }) => status === 'duplicate')).toBe(true)
  })

  test('cannot open the file while this one has it', async () => {
    using folder = temporaryFolder()
    await using storage = await opened(sqliteStorage({ path: folder.file() }))
    const child = startWriter(folder.file())
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) lines.push(line)
    if (child.exitCode === null) await once(child, 'exit')
    expect(lines).toEqual(['storage_in_use'])
    expect(await storage.append([incoming('m1')])).toMatchObject([{ status: 'stored' }])
  })
})
