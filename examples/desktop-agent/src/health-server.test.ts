import { request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AgentStatus } from './agent-status.ts'
import { startHealthServer } from './health-server.ts'

const status: AgentStatus = {
  whatsApp: { state: 'connected', phone: '919876543210' },
  cloud: 'reachable',
  waitingMessages: 2,
  waitingReplies: 1,
  deadLetters: 0,
  lastMessageAtMs: Date.UTC(2026, 0, 1),
  startedAtMs: Date.UTC(2026, 0, 1),
}
const memory = async () => ({ nodeBytes: 100, chromiumBytes: 200 })
let now: AgentStatus
let qr: string | undefined
let server: Awaited<ReturnType<typeof startHealthServer>>

beforeEach(async () => {
  now = status
  qr = undefined
  server = await startHealthServer({ port: 0, status: async () => now, memory, qr: () => qr })
})
afterEach(() => server.stop())

/** With a Host of the test's choice, which `fetch` does not let one choose. */
function get(path: string, { host = 'localhost:3001', method = 'GET' } = {}) {
  return new Promise<{ status: number; type: string; body: string }>((resolve, reject) => {
    request({ port: server.port, host: '127.0.0.1', path, method, headers: { host } }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body }),
      )
    })
      .on('error', reject)
      .end()
  })
}

test('says that all is well', async () => {
  const { status: code, type, body } = await get('/health?x=1')
  expect([code, type]).toEqual([200, 'application/json; charset=utf-8'])
  expect(JSON.parse(body)).toEqual({
    status: 'ok',
    whatsapp: { state: 'connected', phone: '919876543210' },
    cloud: { state: 'reachable', reachable: true },
    queue: { depth: 3, waitingMessages: 2, waitingReplies: 1, deadLetters: 0 },
    lastMessageAt: '2026-01-01T00:00:00.000Z',
    memory: { nodeBytes: 100, chromiumBytes: 200 },
    startedAt: '2026-01-01T00:00:00.000Z',
  })
})

test.each([
  [{ ...status, whatsApp: { state: 'qr' } }],
  [{ ...status, cloud: 'away' }],
  [{ ...status, whatsApp: { state: 'restarting', reason: 'the browser has ended' } }],
] as const)('is 503 while customers get no answers', async (one) => {
  now = one
  const { status: code, body } = await get('/health')
  expect(code).toBe(503)
  expect(JSON.parse(body)).toMatchObject({ status: 'degraded', whatsapp: one.whatsApp, cloud: { state: one.cloud } })
})

test.each(['localhost', '127.0.0.1:3001', '[::1]:3001', 'LOCALHOST:3001'])('answers to %s', async (host) => {
  expect((await get('/health', { host })).status).toBe(200)
})

test.each(['evil.example', 'localhost.evil.example', 'localhost:3001.evil.example', 'evil.example:3001', '0.0.0.0'])(
  'a page of the internet that calls itself %j gets nothing',
  async (host) => {
    qr = 'link-secret'
    for (const path of ['/health', '/qr']) {
      const { status: code, body } = await get(path, { host })
      expect(code).toBe(421)
      expect(body).not.toMatch(/98765|link-secret|svg/)
    }
  },
)

test('has two addresses, to be read only', async () => {
  expect((await get('/')).status).toBe(404)
  expect((await get('//[')).status).toBe(404)
  expect((await get('/health', { method: 'POST' })).status).toBe(405)
  expect(await get('/health', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
})

test('a state that cannot be read is an error without details', async () => {
  server.stop()
  const status = () => Promise.reject(new Error('secret'))
  server = await startHealthServer({ port: 0, status, memory, qr: () => undefined })
  const { status: code, body } = await get('/health')
  expect(code).toBe(500)
  expect(body).not.toContain('secret')
})

test('shows the QR code while there is one, and otherwise how things are', async () => {
  now = { ...status, whatsApp: { state: 'qr' } }
  qr = '2@abc,def'
  const shown = await get('/qr')
  expect(shown.type).toBe('text/html; charset=utf-8')
  expect(shown.body).toContain('<svg')
  qr = undefined
  now = status
  expect((await get('/qr')).body).toContain('Connected as +91 98765 43210 · cloud reachable')
})

test('a port that is taken is explained', async () => {
  const second = startHealthServer({ port: server.port, status: async () => now, memory, qr: () => undefined })
  await expect(second).rejects.toThrow(`Port ${server.port} is taken, perhaps by an agent that runs already`)
})
