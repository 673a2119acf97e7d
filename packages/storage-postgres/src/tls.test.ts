import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { silentLogger } from '@wa-agent/core'
import { startPostgres } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { PostgresStorageOptions } from './options.ts'
import { postgresStorage } from './postgres-storage.ts'
import { incoming } from './test-fixtures.ts'

/** TLS as managed servers have it: an authority of their own, a certificate for one name, and nobody comes in without it. */
const folder = await mkdtemp(join(tmpdir(), 'wa-agent-tls-'))
const file = (name: string) => join(folder, name)

async function makeAuthority(name: string): Promise<void> {
  const subject = ['-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)]
  await makeCertificate(subject)
}

async function makeCertificate(more: readonly string[]): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await promisify(execFile)('openssl', ['req', '-x509', '-days', '2', ...key, ...more])
}

await makeAuthority('authority')
await makeAuthority('stranger')
await makeCertificate([
  ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=CA:FALSE'],
  ...['-CA', file('authority.pem'), '-CAkey', file('authority.key')],
  ...['-keyout', file('server.key'), '-out', file('server.pem')],
])
const ca = await readFile(file('authority.pem'), 'utf8')
const stranger = await readFile(file('stranger.pem'), 'utf8')
const postgres = await startPostgres({
  tls: { key: await readFile(file('server.key'), 'utf8'), certificate: await readFile(file('server.pem'), 'utf8') },
  access: ['hostssl all postgres 127.0.0.1/32 trust', 'hostssl all all 127.0.0.1/32 scram-sha-256'],
})
const port = postgres?.port ?? 0
const secret = 'pass-word-of-the-shop'
const at = (host: string, query = '') => `postgres://shop:${secret}@${host}:${port}/postgres${query}`
const url = at('localhost')
const admin = new pg.Pool({ host: 'localhost', port, user: 'postgres', database: 'postgres', ssl: { ca } })

beforeAll(async () => {
  if (!postgres) return
  await admin.query(`CREATE ROLE shop LOGIN PASSWORD '${secret}'; GRANT CREATE ON DATABASE postgres TO shop`)
})
afterAll(async () => {
  await admin.end()
  await postgres?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** Real servers on a busy machine. */
const soon = (check: () => unknown) => vi.waitFor(check, 15_000)

let schemas = 0
const freshSchema = () => {
  schemas += 1
  return `s${schemas}`
}

/** How many connections the shop has, and how many of them are encrypted. */
async function connections(): Promise<unknown> {
  const { rows } = await admin.query(
    `SELECT count(*)::int AS all, count(*) FILTER (WHERE t.ssl)::int AS encrypted,
       count(*) FILTER (WHERE t.ssl AND a.query LIKE 'LISTEN%')::int AS listening
     FROM pg_stat_activity AS a JOIN pg_stat_ssl AS t USING (pid) WHERE a.usename = 'shop'`,
  )
  return rows[0]
}

async function reasonOf(options: PostgresStorageOptions): Promise<unknown> {
  const storage = postgresStorage(options)
  const reason = await storage.open().then(
    () => undefined,
    (error: unknown) => error,
  )
  await storage.close()
  return reason
}

/** All that a logger that prints causes would print. */
const written = (error: unknown) => inspect(error, { depth: 10, showHidden: true })

describe.skipIf(!postgres)('a server that only TLS reaches', () => {
  const anyName = { ca, checkServerIdentity: () => undefined }
  test.each<[string, () => PostgresStorageOptions]>([
    ['`ssl: { ca }`', () => ({ url, ssl: { ca } })],
    ['`ssl: { ca }`, whatever the URL says', () => ({ url: `${url}?sslmode=disable&ssl=true`, ssl: { ca } })],
    ['`ssl: { ca, checkServerIdentity }` by address', () => ({ url: at('127.0.0.1'), ssl: anyName })],
    ['sslmode=verify-full', () => ({ url: `${url}?sslmode=verify-full&sslrootcert=${file('authority.pem')}` })],
    ['sslmode=require', () => ({ url: `${url}?sslmode=require&sslrootcert=${file('authority.pem')}` })],
    ['sslmode=require as libpq has it', () => ({ url: `${url}?sslmode=require&uselibpqcompat=true` })],
  ])('is worked on and listened to with %s', async (_, options) => {
    const warned: unknown[] = []
    const onWarning = (warning: Error) => void warned.push(warning.message)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const schema = freshSchema()
    const [writer, reader] = [1, 2].map(() => postgresStorage({ ...options(), schema }))
    await Promise.all([writer?.open(), reader?.open()])
    let wakes = 0
    reader?.watch?.(() => {
      wakes += 1
    })
    await soon(() => expect(wakes).toBe(1))
    await writer?.append([incoming('a')])
    await soon(() => expect(wakes).toBe(2))
    const counts = (await connections()) as { all: number }
    expect(counts).toEqual({ all: counts.all, encrypted: counts.all, listening: 1 })
    expect(counts.all).toBeGreaterThan(2)
    await Promise.all([writer?.close(), reader?.close()])
    await soon(async () => expect(await connections()).toMatchObject({ all: 0 }))
    expect(warned).toEqual([])
  })

  test('is worked on and listened to by a pool, and past it', async () => {
    const schema = freshSchema()
    const pool = new pg.Pool({ connectionString: url, ssl: { ca } })
    const listenUrl = `${url}?sslmode=verify-full&sslrootcert=${file('authority.pem')}`
    for (const more of [{}, { listenUrl }]) {
      const storage = postgresStorage({ pool, schema, ...more })
      await storage.open()
      await new Promise<void>((resolve) => storage.watch?.(resolve))
      expect(await connections()).toMatchObject({ listening: 1 })
      await storage.close()
    }
    await pool.end()
  })

  test.each<[string, () => PostgresStorageOptions, RegExp]>([
    [
      'another authority',
      () => ({ url, ssl: { ca: stranger } }),
      /not trusted. Pass that of its authority: `ssl: \{ ca/,
    ],
    ['no authority', () => ({ url: `${url}?sslmode=require` }), /not trusted. Pass that of its authority/],
    ['another name', () => ({ url: at('127.0.0.1'), ssl: { ca } }), /names another host. Connect by the name in it/],
    ['no TLS', () => ({ url }), /whether TLS is needed: `ssl`/],
    ['a wrong password', () => ({ url: url.replace('@', 'x@'), ssl: { ca } }), /refuses the password. Correct it/],
    ['a file that is missing', () => ({ url: `${url}?sslrootcert=/no/such.pem` }), /cannot be read. Correct its path/],
  ])('refuses %s at once, and the error says what to do and no password', async (_, options, message) => {
    const begunAtMs = performance.now()
    const reason = await reasonOf({ ...options(), retryForMs: 20_000 })
    expect(reason).toMatchObject({ code: 'storage_unavailable', retryable: false, message: expect.any(String) })
    expect((reason as Error).message).toMatch(message)
    expect(written(reason)).not.toContain(secret)
    expect(performance.now() - begunAtMs).toBeLessThan(10_000)
  })

  test('that cannot be listened to is told of once, with the reason', async () => {
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (...line: unknown[]) => void lines.push(line) }
    const listenUrl = at('127.0.0.1')
    const storage = postgresStorage({ url, ssl: { ca }, listenUrl, schema: freshSchema(), logger })
    const refused = vi.spyOn(pg.Client.prototype, 'connect')
    await storage.open()
    storage.watch?.(() => undefined)
    await soon(() => expect(refused.mock.calls.length).toBeGreaterThan(3))
    refused.mockRestore()
    expect((await storage.append([incoming('a')]))[0]?.status).toBe('stored')
    await storage.close()
    const reason = { reason: expect.stringContaining('names another host') }
    expect(lines).toEqual([[reason, expect.stringContaining('listening')]])
  })
})

describe('a server that has no TLS', () => {
  test('is told of at once where TLS was asked for', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.write('N'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const plain = `postgres://shop:${secret}@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`
    const reason = await reasonOf({ url: plain, ssl: true, retryForMs: 20_000 })
    expect(reason).toMatchObject({ retryable: false, message: expect.stringMatching(/has no TLS. Remove `ssl`/) })
    expect(written(reason)).not.toContain(secret)
  })
})

test('a URL that cannot be read is refused before anything quotes it', () => {
  const make = () => postgresStorage({ url: `postgres://shop:${secret}@host:port/db`, ssl: { ca } })
  expect(make).toThrow(/Expected `url` to be like/)
  expect(make).not.toThrow(secret)
  expect(() => postgresStorage({ url: `postgres://shop:${secret}@/db?host=/cloudsql/it` })).not.toThrow()
})
