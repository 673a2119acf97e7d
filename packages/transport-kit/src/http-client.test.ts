import { createServer } from 'node:net'
import { isWaAgentError } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { createHttpClient, failedAnswer, type HttpClient, type HttpClientOptions } from './http-client.ts'
import { answer, bodyOf, testServer } from './test-server.ts'

const { signal } = new AbortController()
const get = { method: 'GET', path: 'x', signal } as const
const clients: HttpClient[] = []

function clientOf(options: HttpClientOptions): HttpClient {
  const client = createHttpClient(options)
  clients.push(client)
  return client
}

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

/** An address where nobody listens. */
async function closedPort(): Promise<string> {
  const { url, ...server } = await testServer(() => undefined)
  await server[Symbol.asyncDispose]()
  return url
}

// Both ways promise the same: the client's own connections, and a `fetch` that was passed in.
describe.each([
  ['own connections', {}],
  ['a fetch that was passed in', { fetch: (...parameters: Parameters<typeof fetch>) => fetch(...parameters) }],
])('%s', (_, way) => {
  test('a request arrives as it was asked for, and its answer comes back parsed', async () => {
    const seen: unknown[] = []
    await using server = await testServer(async (request, response) => {
      const { method, url, headers } = request
      const { authorization, 'content-type': contentType, 'content-length': length } = headers
      seen.push({ method, url, authorization, contentType, length, body: (await bodyOf(request)).toString() })
      answer(response.setHeader('x-note', 'n'), 201, { ok: 'ä' })
    })
    const headers = async () => ({ authorization: 'Bearer t' })
    const client = clientOf({ ...way, baseUrl: `${server.url}/v1/`, headers })
    const outcome = await client.request({
      method: 'POST',
      path: '/a/b',
      query: { q: 'ä &' },
      json: { text: 'ü' },
      signal,
    })
    expect(outcome).toMatchObject({ kind: 'answer', status: 201, body: { ok: 'ä' } })
    expect(outcome.kind === 'answer' && outcome.headers.get('X-Note')).toBe('n')
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/v1/a/b?q=%C3%A4+%26',
        authorization: 'Bearer t',
        contentType: 'application/json',
        length: '13',
        body: '{"text":"ü"}',
      },
    ])
  })

  test('a form is uploaded in one piece', async () => {
    let seen = { contentType: '', length: 0, body: '' }
    await using server = await testServer(async (request, response) => {
      const { 'content-type': contentType = '', 'content-length': length } = request.headers
      seen = { contentType, length: Number(length), body: (await bodyOf(request)).toString('latin1') }
      answer(response, 200, { id: '1' })
    })
    const form = new FormData()
    form.set('type', 'image/png')
    form.set('file', new File([Buffer.alloc(100_000, 1)], 'a.png', { type: 'image/png' }))
    const client = clientOf({ ...way, baseUrl: server.url })
    const outcome = await client.request({ method: 'POST', path: 'media', body: form, signal })
    expect(outcome).toMatchObject({ status: 200 })
    expect(seen.contentType).toMatch(/^multipart\/form-data; boundary=/)
    expect(seen.length).toBe(seen.body.length)
    expect(seen.body).toContain('filename="a.png"')
  })

  test('every status is an answer, and a redirect is not followed', async () => {
    await using server = await testServer((request, response) => {
      const status = Number(request.url?.slice(1))
      response.writeHead(status, { location: '/200' }).end('plain words')
    })
    const client = clientOf({ ...way, baseUrl: server.url })
    for (const status of [302, 400, 401, 500, 503]) {
      const outcome = await client.request({ ...get, path: String(status) })
      expect(outcome).toMatchObject({ kind: 'answer', status, body: 'plain words' })
    }
  })

  test('tells how long to wait where the provider says it', async () => {
    await using server = await testServer((request, response) => {
      if (request.url === '/later') response.setHeader('retry-after', '7')
      answer(response, 429, {})
    })
    const client = clientOf({ ...way, baseUrl: server.url })
    expect(await client.request({ ...get, path: 'later' })).toMatchObject({ retryAfterMs: 7000 })
    expect(await client.request(get)).not.toHaveProperty('retryAfterMs')
  })

  test('reads JSON whatever the content type says, and leaves the rest as text', async () => {
    const bodies: Readonly<Record<string, string>> = {
      '/bom': '\uFEFF{"a":1}',
      '/bad': '{"a":',
      '/html': '<p>',
      '/none': '',
    }
    await using server = await testServer((request, response) => response.end(bodies[request.url ?? '']))
    const client = clientOf({ ...way, baseUrl: server.url })
    const read = async (path: string) => {
      const outcome = await client.request({ ...get, path })
      return outcome.kind === 'answer' ? outcome.body : outcome
    }
    expect([await read('bom'), await read('bad'), await read('html'), await read('none')]).toEqual([
      { a: 1 },
      '{"a":',
      '<p>',
      '',
    ])
  })

  test('an answer that is too large comes without its body', async () => {
    await using server = await testServer((_request, response) => response.end(Buffer.alloc(5000, 'a')))
    const client = clientOf({ ...way, baseUrl: server.url, maxAnswerBytes: 4999 })
    expect(await client.request(get)).toMatchObject({ kind: 'answer', status: 200, body: undefined })
    expect(await clientOf({ ...way, baseUrl: server.url, maxAnswerBytes: 5000 }).request(get)).toMatchObject({
      body: 'a'.repeat(5000),
    })
  })

  test('where nobody listens nothing was sent', async () => {
    const client = clientOf({ ...way, baseUrl: await closedPort() })
    expect(await client.request(get)).toEqual({ kind: 'unsent', reason: 'ECONNREFUSED' })
  })

  test('a connection that breaks after the request is uncertain', async () => {
    await using server = await testServer((request) => request.resume().on('end', () => request.socket.destroy()))
    const outcome = await clientOf({ ...way, baseUrl: server.url }).request({ ...get, method: 'POST', json: {} })
    expect(outcome).toMatchObject({ kind: 'uncertain', reason: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) })
  })

  test('an answer that breaks off is uncertain', async () => {
    await using server = await testServer((request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"id":', () => request.socket.destroy())
    })
    expect(await clientOf({ ...way, baseUrl: server.url }).request(get)).toMatchObject({ kind: 'uncertain' })
  })

  test('without an answer in time it is uncertain', async () => {
    const clock = virtualClock()
    const { promise: arrival, resolve: arrived } = Promise.withResolvers<void>()
    await using server = await testServer(() => arrived())
    const client = clientOf({ ...way, baseUrl: server.url, clock, timeoutMs: 5000 })
    const outcome = client.request({ ...get, method: 'POST', json: {} })
    await arrival
    await clock.advance(5000)
    expect(await outcome).toEqual({ kind: 'uncertain', reason: 'timeout' })
  })

  test('an answer that stops in the middle is uncertain in time', async () => {
    const clock = virtualClock()
    const { promise: beginning, resolve: begun } = Promise.withResolvers<void>()
    await using server = await testServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{', () => begun())
    })
    const outcome = clientOf({ ...way, baseUrl: server.url, clock, timeoutMs: 5000 }).request(get)
    await beginning
    await clock.advance(5000)
    expect(await outcome).toEqual({ kind: 'uncertain', reason: 'timeout' })
  })

  test('aborted in the middle it is uncertain, aborted before it was not sent', async () => {
    const stop = new AbortController()
    let calls = 0
    await using server = await testServer(() => {
      calls += 1
      stop.abort()
    })
    const client = clientOf({ ...way, baseUrl: server.url })
    expect(await client.request({ ...get, signal: stop.signal })).toEqual({ kind: 'uncertain', reason: 'aborted' })
    expect(await client.request({ ...get, signal: stop.signal })).toEqual({ kind: 'unsent', reason: 'aborted' })
    expect(calls).toBe(1)
  })

  test('without a token nothing is sent, and nothing of the failure is told', async () => {
    let calls = 0
    await using server = await testServer(() => {
      calls += 1
    })
    const headers = () => Promise.reject(new Error('secret'))
    expect(await clientOf({ ...way, baseUrl: server.url, headers }).request(get)).toEqual({
      kind: 'unsent',
      reason: 'Error',
    })
    expect(calls).toBe(0)
  })
})

test('connections are kept and used again', async () => {
  await using server = await testServer((_request, response) => answer(response, 200, {}))
  const client = clientOf({ baseUrl: server.url })
  for (let count = 0; count < 5; count += 1) await client.request(get)
  expect(server.connections).toBe(1)
})

test('a request that still waits for a connection was not sent', async () => {
  const { promise: arrival, resolve: arrived } = Promise.withResolvers<void>()
  const { promise: release, resolve: answerFirst } = Promise.withResolvers<void>()
  let calls = 0
  await using server = await testServer(async (_request, response) => {
    calls += 1
    arrived()
    await release
    answer(response, 200, {})
  })
  const client = clientOf({ baseUrl: server.url, maxConnections: 1 })
  const first = client.request(get)
  await arrival
  const stop = new AbortController()
  const second = client.request({ ...get, signal: stop.signal })
  // A moment, so that it has begun to wait.
  await new Promise(setImmediate)
  stop.abort()
  expect(await second).toEqual({ kind: 'unsent', reason: 'aborted' })
  answerFirst()
  expect(await first).toMatchObject({ status: 200 })
  expect(calls).toBe(1)
})

test('a request whose handshake does not end was not sent', async () => {
  const clock = virtualClock()
  const { promise: arrival, resolve: arrived } = Promise.withResolvers<void>()
  const silent = createServer((socket) => socket.on('error', () => undefined).once('data', () => arrived()))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const outcome = clientOf({ baseUrl: `https://127.0.0.1:${port}`, clock, timeoutMs: 1000 }).request(get)
  await arrival
  await clock.advance(1000)
  expect(await outcome).toEqual({ kind: 'unsent', reason: 'timeout' })
  await new Promise((resolve) => silent.close(resolve))
})

test('a name that does not exist was not reached', async () => {
  const outcome = await clientOf({ baseUrl: 'http://does-not-exist.invalid' }).request(get)
  expect(outcome).toEqual({ kind: 'unsent', reason: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) })
})

test('what was not sent failed and may be tried again; what is uncertain stays so', () => {
  expect(failedAnswer({ kind: 'unsent', reason: 'ECONNREFUSED' })).toEqual({
    status: 'failed',
    retryable: true,
    reason: 'ECONNREFUSED',
  })
  expect(failedAnswer({ kind: 'uncertain', reason: 'timeout' })).toEqual({ status: 'uncertain', reason: 'timeout' })
})

test.each(['', 'nonsense', 'ftp://example.com', 'https://user:pass@example.com', 'https://example.com/?key=1'])(
  'the base %j is refused, and not shown',
  (baseUrl) => {
    expect(() => createHttpClient({ baseUrl })).toThrow(
      expect.toSatisfy(
        (error) => isWaAgentError(error) && error.code === 'invalid_options' && !error.message.includes('pass'),
      ),
    )
  },
)
