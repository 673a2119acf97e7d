import { connect } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sqliteDirectory } from './sqlite-directory.ts'
import { adminKey, bodyWith, openWorld, signed, type World } from './test-world.ts'

/** Writes bytes and reads what comes back until the server closes. */
function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes))
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk
      // Keep-alive would leave it open: the answer is whole when its body is.
      const end = received.indexOf('\r\n\r\n')
      const length = /content-length: (\d+)/i.exec(received)?.[1]
      if (end !== -1 && (length === undefined || received.length >= end + 4 + Number(length))) socket.destroy()
    })
    socket.on('error', () => socket.destroy()).on('close', () => resolve(received))
  })
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)

async function attacked(attack: (world: World, port: number) => Promise<void>): Promise<void> {
  const { tenants, keys } = sqliteDirectory({ path: ':memory:' })
  const limits = { address: false, key: false, channel: false } as const
  await using world = await openWorld({ tenants, keys, limits })
  const { port } = await world.server.start()
  await attack(world, port)
  const { conversations, deadLetters, pendingReplies } = await world.bot.stats()
  expect({ conversations, deadLetters, pendingReplies }).toEqual({
    conversations: 0,
    deadLetters: 0,
    pendingReplies: 0,
  })
  expect(await tenants.tenants()).toEqual([])
  expect(await keys.editor?.list()).toEqual([])
  const fields = world.logger.lines.map((line) => line.fields)
  expect(fields.filter(({ status }) => typeof status === 'number' && status >= 500)).toEqual([])
  // It still works.
  const body = bodyWith('hello')
  const init = { method: 'POST', body, headers: { 'x-signature': signed(body) } }
  expect((await fetch(`http://127.0.0.1:${port}/webhooks/push/main`, init)).status).toBe(200)
}

const post = (path: string, body: string, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`
const json = `Content-Type: application/json\r\nX-API-Key: ${adminKey}\r\n`

const raw: Record<string, readonly [request: string, ...statuses: number[]]> = {
  'no HTTP at all': ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
  'a line without an end': [`${'x'.repeat(100_000)}`, 400, 431],
  'no host': ['GET /health HTTP/1.1\r\n\r\n', 400],
  'a host that is none': ['GET /health HTTP/1.1\r\nHost: a/b?c\r\n\r\n', 400],
  'an absolute address': ['GET http://other.example/health HTTP/1.1\r\nHost: a\r\n\r\n', 200, 400],
  'an address with a password': ['GET http://u:p@other/health HTTP/1.1\r\nHost: a\r\n\r\n', 200, 400],
  'a method that is none': ['HELLO /webhooks/push/main HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'a method that is rare': ['PROPFIND /webhooks/push/main HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  TRACE: ['TRACE /health HTTP/1.1\r\nHost: a\r\n\r\n', 405, 400],
  CONNECT: ['CONNECT other:443 HTTP/1.1\r\nHost: a\r\n\r\n', 0],
  upgrade: ['GET /health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 200],
  'an upgrade to h2c': ['GET /webhooks/push/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', 404],
  'large headers': [`GET /health HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  'many headers': [`GET /health HTTP/1.1\r\nHost: a\r\n${'x: y\r\n'.repeat(5000)}\r\n`, 431],
  'two lengths': ['POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
  'a length and chunks': [
    'POST /webhooks/push/main HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  'a negative length': ['POST /webhooks/push/main HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', 400],
  'a chunk that is no chunk': [
    'POST /webhooks/push/main HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n',
    400,
  ],
  'a declared length that is too large': [
    `POST /webhooks/push/main HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n${'x'.repeat(9 * 2 ** 20)}`,
    413,
    0,
  ],
  'an unsigned webhook': [post('/webhooks/push/main', bodyWith('a')), 401],
  'a wrongly signed webhook': [post('/webhooks/push/main', bodyWith('a'), `X-Signature: ${signed('b')}\r\n`), 401],
  'a signature of the wrong length': [post('/webhooks/push/main', bodyWith('a'), 'X-Signature: x\r\n'), 401],
  'two signatures': [
    post('/webhooks/push/main', bodyWith('a'), `X-Signature: ${signed(bodyWith('a'))}\r\nX-Signature: x\r\n`),
    401,
  ],
  'a signed body that is no JSON': [post('/webhooks/push/main', '{', `X-Signature: ${signed('{')}\r\n`), 400],
  'encoded slashes': [post('/webhooks/push%2Fmain', 'a'), 404],
  'more encoded slashes': [post('/webhooks/push/main%2F..', 'a'), 404],
  'a bad escape': [post('/webhooks/push/%E0%A4%A', 'a'), 404],
  'a NUL': [post('/webhooks/push/main%00', 'a'), 404],
  dots: [post('/webhooks/../webhooks/push/x', 'a'), 404],
  'two slashes': [post('//webhooks/push/main', bodyWith('a')), 400, 404],
  backslashes: [post('/webhooks\\push\\main', 'a'), 400, 404],
  'a prototype as a channel': [post('/webhooks/__proto__/constructor', 'a'), 404],
  'a prototype of a tenant': [post('/webhooks/push/__proto__/main', 'a'), 404],
  'a long path': [post(`/webhooks/push/${'x'.repeat(8000)}`, 'a'), 404],
  'a star': ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 400, 404],
  'a prototype in JSON': [post('/chat', '{"__proto__":{"admin":true},"message":"a","userId":"b"}', json), 400],
  'a prototype in credentials': [post('/api/tenants', '{}', json).replace('POST', 'PUT'), 405],
  'a constructor in JSON': [post('/chat', '{"constructor":{"prototype":{"a":1}},"userId":"b"}', json), 400],
  'deep JSON': [post('/chat', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, json), 400],
  'JSON that is no UTF-8': [post('/chat', '"\xff\xfe"', json), 400],
  'JSON that is too large': [post('/chat', JSON.stringify({ message: 'x'.repeat(300_000), userId: 'b' }), json), 413],
  'no JSON': [post('/chat', 'message=a&userId=b', `X-API-Key: ${adminKey}\r\n`), 415],
  'a key that is wrong': [post('/chat', '{}', 'Authorization: Bearer wak_0000000000000000_x\r\n'), 401],
  'a key that is long': [post('/chat', '{}', `Authorization: Bearer ${'x'.repeat(10_000)}\r\n`), 401],
  'a scheme that is none': [post('/chat', '{}', `Authorization: Basic ${adminKey}\r\n`), 401],
  'a method by header': [post('/api/dead-letters/1', '', `${json}X-HTTP-Method-Override: DELETE\r\n`), 405],
}

for (const [name, [bytes, ...statuses]] of Object.entries(raw)) {
  test(`refuses ${name}`, () =>
    attacked(async (_world, port) => {
      const answer = await exchange(port, bytes)
      expect(statuses).toContain(statusOf(answer))
      if (statusOf(answer) >= 400) expect(answer).toContain('application/problem+json')
      expect(answer).not.toMatch(/\.ts:\d|node_modules|at async/)
    }))
}

const paths = [
  '/webhooks/push/main',
  '/webhooks/push/default/main',
  '/chat',
  '/api/keys',
  '/api/messages',
  '/api/tenants/x',
]

test('300 requests made up at random are no 5xx and leave nothing', () =>
  attacked(async (_world, port) => {
    const headerName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/)
    const requests = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      path: fc.oneof(fc.constantFrom(...paths), fc.webPath()),
      query: fc.webQueryParameters(),
      body: fc.oneof(fc.json(), fc.string(), fc.constant(bodyWith('a').slice(0, -5))),
      headers: fc.dictionary(headerName, fc.stringMatching(/^[!-~]{0,40}$/), { maxKeys: 5 }),
      authorised: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(requests, async ({ method, path, query, body, headers, authorised }) => {
        const more = Object.entries(headers)
          .filter(([name]) => !/^(host|content-length|transfer-encoding|connection|expect|upgrade)$/i.test(name))
          .map(([name, value]) => `${name}: ${value}\r\n`)
          .join('')
        const target = `${path.startsWith('/') ? path : `/${path}`}${query === '' ? '' : `?${query}`}`
        const text = post(target, body, more + (authorised ? json : '')).replace('POST', method)
        const status = statusOf(await exchange(port, text))
        expect(status).toBeGreaterThanOrEqual(200)
        expect(status).toBeLessThan(500)
      }),
      { numRuns: 300, seed: 7 },
    )
  }))

test('200 signed bodies that are nearly right are no 5xx', () =>
  attacked(async (world) => {
    const good = bodyWith('hello')
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
        const body = new Uint8Array(Buffer.from(good))
        body[at] = byte
        const headers = { 'x-signature': signed(good) }
        const url = 'http://server.example/webhooks/push/main'
        const { status } = await world.server.fetch(new Request(url, { method: 'POST', body, headers }))
        expect(Buffer.from(body).equals(Buffer.from(good)) ? 401 : status).toBe(401)
      }),
      { numRuns: 200, seed: 7, examples: [] },
    )
  }))

test('200 connections that say nothing do not keep others out, and end with the server', () =>
  attacked(async (_world, port) => {
    const sockets = Array.from({ length: 200 }, () => connect({ port, host: '127.0.0.1' }).on('error', () => undefined))
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
    for (const socket of sockets) socket.on('close', () => undefined)
  }))
