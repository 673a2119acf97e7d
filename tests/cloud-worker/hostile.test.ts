import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseInboundMessage } from '@wa-agent/core'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mutated } from './mutations.ts'
import { empty, unreadable } from './nonsense.ts'
import { post, type Webhook, webhookOf } from './post.ts'
import { allProviders, fixture, fixtureNames, type Provider, providers } from './providers.ts'
import { rawRequest } from './raw-request.ts'
import { inboxOf, isIdle, readRecords } from './records.ts'
import { environmentOf } from './settings.ts'
import { type Sink, startSink } from './sink.ts'
import { until } from './until.ts'
import { startWorker, type Worker } from './worker.ts'

/** FUZZ_RUNS and FUZZ_SEED ask for more, and for others. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 250)
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_123)
const mebibyte = 2 ** 20
const folder = mkdtempSync(join(tmpdir(), 'wa-agent-hostile-'))
const database = join(folder, 'worker.db')
let sink: Sink
let worker: Worker
let requests = 0
let memoryAtFirst = 0

beforeAll(async () => {
  sink = await startSink()
  worker = await startWorker(environmentOf(sink.url, database))
  memoryAtFirst = worker.memory()
})

afterAll(async () => {
  await worker?.[Symbol.asyncDispose]()
  await sink?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** Each comes from an address of its own: otherwise most would be refused for their number. */
async function attack(webhook: Webhook): Promise<number> {
  requests += 1
  const address = [10, requests >> 16, (requests >> 8) & 255, requests & 255].join('.')
  return post(worker.url, { ...webhook, headers: { ...webhook.headers, 'x-forwarded-for': address } })
}

/** Sixteen at a time; resolves with how often each status was answered. */
async function attackAll(webhooks: readonly Webhook[]): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  let next = 0
  const lane = async () => {
    for (let webhook = webhooks[next++]; webhook; webhook = webhooks[next++]) {
      const status = await attack(webhook)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 16 }, lane))
  return statuses
}

/** Signed as its provider would. */
function proven(provider: Provider, body: string | Uint8Array<ArrayBuffer>, type = 'application/json'): Webhook {
  return { path: provider.path, body, headers: { 'content-type': type, ...provider.sign(body) } }
}

function good(provider: Provider, id: string): Webhook {
  const [json] = provider.inbound([{ id, from: '4915550004444', text: 'menu' }])
  return webhookOf(provider, json ?? {})
}

const nothingIsKept = () => expect(readRecords(database)).toEqual({ messages: [], replies: [] })

/** Hides the proof, spoils it, or gives that of another body. */
const spoilers: readonly ((webhook: Webhook) => Webhook)[] = [
  ({ path, body }) => ({ path: path.split('?')[0] ?? '', body, headers: { 'content-type': 'application/json' } }),
  (webhook) => changed(webhook, (value) => value.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
  (webhook) => changed(webhook, (value) => value.slice(0, -1)),
  (webhook) => changed(webhook, (value) => value.replace(/[0-9a-f]{32,}/, '')),
  (webhook) => changed(webhook, (value) => value.replace(/[0-9a-f]{32,}/, 'ü'.repeat(16))),
  (webhook) => changed(webhook, (value) => `${value},${value}`.replace(/[0-9a-f]{6}/g, '000000')),
  (webhook) =>
    webhook.path.includes('?') ? changed(webhook, (value) => `${value}x`) : { ...webhook, body: `[${webhook.body}]` },
]

/** The same with every proof in it changed. */
function changed({ path, headers, body }: Webhook, change: (proof: string) => string): Webhook {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    /signature/i.test(name) ? latin(change(value)) : value,
  ])
  const [plain = '', query] = path.split('?')
  const address = query === undefined ? plain : `${plain}?token=${encodeURIComponent(change(query.slice(6)))}`
  return { path: address, headers: Object.fromEntries(entries), body }
}

const latin = (value: string) => value.replace(/[^\x20-\xff]/g, '?')

test.each(allProviders)('200 forged webhooks of $name are refused', async (provider) => {
  const bodies = fc.sample(mutated(provider.name), { numRuns: 200, seed })
  const forged = bodies.map((body, index) =>
    (spoilers[index % spoilers.length] ?? spoilers[0])?.(proven(provider, body)),
  )
  const statuses = await attackAll(forged.filter((one) => one !== undefined))
  // AiSensy's test of an address comes before there is a secret, and does nothing.
  const isPing = (status: number) => provider.name === 'aisensy' && status === 200
  expect([...statuses.keys()].filter((status) => status !== 401 && !isPing(status))).toEqual([])
  expect(statuses.get(401)).toBeGreaterThan(190)
  nothingIsKept()
})

test.each(allProviders)('signed nonsense at $name is refused or does nothing', async (provider) => {
  const refused = await attackAll(unreadable().map((body) => proven(provider, body)))
  expect([...refused.keys()]).toEqual([400])
  const ignored = await attackAll(empty().map((body) => proven(provider, body)))
  expect([...ignored.keys()].filter((status) => ![200, 400, 403].includes(status))).toEqual([])
  nothingIsKept()
})

test.each(allProviders)(
  'what is too large for $name, of another type, or by another method is refused',
  async (provider) => {
    // Of more than 8 MiB the rest is not read: whoever still writes may be cut off before the answer.
    const large = ['x'.repeat(4 * mebibyte + 1), `"${'x'.repeat(5 * mebibyte)}"`, new Uint8Array(7 * mebibyte)]
    const tooLarge = await attackAll(large.map((body) => proven(provider, body)))
    expect([...tooLarge.keys()]).toEqual([413])
    const { body } = good(provider, 'of-another-type')
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/json; charset=latin1',
      'x',
    ]
    expect([...(await attackAll(types.map((type) => proven(provider, body, type)))).keys()]).toEqual([415])
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      requests += 1
      const answer = await fetch(`${worker.url}${provider.path}`, { method, headers: provider.sign('') })
      expect(answer.status).toBe(405)
    }
    nothingIsKept()
  },
)

test('there is nothing at other paths', async () => {
  const paths = [
    '/',
    '/webhooks',
    '/webhooks/',
    '/webhooks/cloud-api',
    '/webhooks/cloud-api/other',
    '/webhooks/telegram/main',
    '/webhooks/cloud-api/main/',
    '/webhooks/cloud-api/main/main',
    '/webhooks/__proto__/main',
    '/webhooks/chat/chat',
    '/webhooks/%2e%2e/main',
    '/webhooks/cloud-api/%6dain%00',
    '/webhooks/%',
    '/webhooks/cloud-api%2fmain',
    `/webhooks/${'x'.repeat(5000)}/main`,
    '//webhooks/cloud-api/main',
    '/WEBHOOKS/cloud-api/main',
    '/.env',
    '/api',
  ]
  const { headers, body } = good(providers['cloud-api'], 'elsewhere')
  const statuses = await attackAll(paths.map((path) => ({ path, headers, body })))
  expect([...statuses.keys()].filter((status) => status !== 404 && status !== 401)).toEqual([])
  nothingIsKept()
})

test('what is no HTTP is refused', async () => {
  const { headers, body, path } = good(providers['cloud-api'], 'raw')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const start = `POST ${path} HTTP/1.1\r\nHost: x\r\n${lines.join('')}`
  const length = Buffer.byteLength(String(body))
  const raw = [
    'hello\r\n\r\n',
    '\u0000\u0001\u0002',
    `GET / HTTP/9.9\r\n\r\n`,
    `POST ${path}\r\n\r\n`,
    `${start}Content-Length: ${length + 10}\r\n\r\n${body}`,
    `${start}Content-Length: -1\r\n\r\n${body}`,
    `${start}Content-Length: 1\r\nContent-Length: 2\r\n\r\n${body}`,
    `${start}Content-Length: 1e3\r\n\r\n${body}`,
    `${start}Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
    `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`,
    `${start}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n${body}`,
    `${start}Transfer-Encoding: gzip\r\n\r\n${body}`,
    `${start}X-Long: ${'x'.repeat(20_000)}\r\nContent-Length: ${length}\r\n\r\n${body}`,
    `${start}${'X: y\r\n'.repeat(5000)}\r\n${body}`,
    `${start}Expect: something\r\nContent-Length: 5\r\n\r\nabc`,
    `${start}\u0000: x\r\n\r\n`,
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  ]
  for (const bytes of raw) {
    requests += 1
    const status = await rawRequest(worker.url, Buffer.from(bytes, 'latin1'))
    expect(status, JSON.stringify(bytes.slice(0, 300))).toBeLessThan(500)
  }
  nothingIsKept()
})

test('what was signed too long ago, or too far ahead, is refused; what is delivered again is kept once', async () => {
  const json = providers.spoki.inbound([{ id: 'a'.repeat(32), from: '4915550004444', text: 'menu' }])[0]
  const body = JSON.stringify(json)
  for (const seconds of [-301, -3600, -86_400 * 365, 310, 86_400]) {
    const headers = { 'content-type': 'application/json', ...providers.spoki.sign(body, Date.now() + seconds * 1000) }
    expect(await attack({ path: providers.spoki.path, headers, body })).toBe(401)
  }
  nothingIsKept()
  for (const provider of allProviders) {
    const webhook = good(provider, 'b'.repeat(32))
    expect(await attackAll(Array.from({ length: 40 }, () => webhook))).toEqual(new Map([[200, 40]]))
  }
  expect(readRecords(database).messages).toHaveLength(4)
  await until('they are answered', () => sink.sent.length === 4)
})

test.each(allProviders)(
  `every fixture of $name is taken, and ${runs} mutations are taken or refused`,
  async (provider) => {
    const plain = fixtureNames(provider.name).map((name) => JSON.stringify(fixture(provider.name, name)))
    expect(await attackAll(plain.map((body) => proven(provider, body)))).toEqual(new Map([[200, plain.length]]))
    const bodies = fc.sample(mutated(provider.name), { numRuns: runs, seed: seed + 1 })
    const statuses = await attackAll(bodies.map((body) => proven(provider, body)))
    expect([...statuses.keys()].filter((status) => ![200, 400, 403].includes(status))).toEqual([])
    expect(statuses.get(200)).toBeGreaterThan(100)
    for (const message of inboxOf(database)) expect(() => parseInboundMessage(message)).not.toThrow()
  },
  60_000,
)

test('the same over and over takes no more memory', async () => {
  const once = async (pass: number) => {
    for (const provider of allProviders) {
      const bodies = fc.sample(mutated(provider.name), { numRuns: 60, seed: seed + 2 + pass })
      const large = Array.from({ length: 4 }, () => new Uint8Array(5 * mebibyte))
      await attackAll([...bodies, ...bodies, ...large].map((body) => proven(provider, body)))
      await attackAll(bodies.map((body) => ({ ...proven(provider, body), path: '/webhooks/cloud-api/main' })))
    }
    return worker.memory() / mebibyte
  }
  const memory = [await once(0), await once(1)]
  for (let pass = 2; pass < 6; pass += 1) memory.push(await once(pass))
  if (process.env['FIGURES']) process.stderr.write(`${JSON.stringify({ requests, memory: memory.map(Math.round) })}\n`)
  expect(Math.min(...memory.slice(3))).toBeLessThan(Math.max(...memory.slice(0, 2)) + 100)
}, 60_000)

test('after all of it the worker is well, as large as before, and answers', async () => {
  expect(requests).toBeGreaterThan(1500)
  await until('what was valid is done', () => isIdle(database), 30_000)
  const grownBy = (worker.memory() - memoryAtFirst) / mebibyte
  if (process.env['FIGURES']) process.stderr.write(`${JSON.stringify({ requests, grownBy })}\n`)
  expect(grownBy).toBeLessThan(300)
  expect((await fetch(`${worker.url}/ready`)).status).toBe(200)
  const before = sink.sent.length
  const said = { id: 'c'.repeat(32), from: '4915550005555', text: 'menu' }
  const [json] = providers['cloud-api'].inbound([said])
  expect(await attack(webhookOf(providers['cloud-api'], json ?? {}))).toBe(200)
  await until('it is answered', () => sink.sent.slice(before).some(({ to }) => to === said.from))
  const lines = worker.log().split('\n')
  expect(lines.filter((line) => /"level":[56]0/.test(line))).toEqual([])
  // At debug level what was left out is shown, and nowhere else.
  const numbers = ['16505551234', '15550001001', '919999900001', '4915550004444']
  const telling = lines.filter((line) => numbers.some((number) => line.includes(number)))
  expect(telling.filter((line) => !/"level":20,.*"payload":/.test(line))).toEqual([])
  const { code, stderr } = await worker.stop()
  expect([code, stderr]).toEqual([0, ''])
})
