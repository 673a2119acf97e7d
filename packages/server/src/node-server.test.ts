import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { bodyWith, openWorld, pushTransport, signed } from './test-world.ts'

/** A connection that a test writes on by hand. */
async function dial(port: number): Promise<Socket & { readonly answer: () => string }> {
  const socket = connect({ port, host: '127.0.0.1' })
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk
  })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return Object.assign(socket, { answer: () => received })
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}

interface Call {
  readonly path?: string
  readonly headers?: Record<string, string>
}

const post = (port: number, body: string, { path = '/webhooks/push/main', headers = {} }: Call = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    body,
    headers: { 'x-signature': signed(body), ...headers },
  })

test('webhooks take the short way, with the same answers', async () => {
  await using world = await openWorld({ maxWebhookBytes: 1000 })
  const { port } = await world.server.start()
  const good = await post(port, bodyWith('hello'))
  expect(good.status).toBe(200)
  expect(good.headers.get('x-request-id')).toMatch(/^[0-9a-f]+-/)
  expect(good.headers.get('x-content-type-options')).toBe('nosniff')
  await world.bot.idle()
  expect(world.push.sent).toEqual(['You said: hello'])
  expect((await post(port, bodyWith('a'), { path: '/webhooks/push/none' })).status).toBe(404)
  expect((await post(port, bodyWith('a'), { path: '/webhooks/push%2Fmain' })).status).toBe(404)
  expect((await post(port, bodyWith('b'), { path: '/webhooks/push/m%61in' })).status).toBe(200)
  expect((await post(port, bodyWith('a'), { headers: { 'x-signature': 'sha256=0' } })).status).toBe(401)
  const large = await post(port, bodyWith('x'.repeat(5000)))
  expect(large.status).toBe(413)
  expect(large.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(await large.json()).toMatchObject({ type: 'urn:wa-agent:problem:too-large', status: 413 })
  const wrong = await fetch(`http://127.0.0.1:${port}/webhooks/push/main`, { method: 'DELETE' })
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, POST'])
  const routes = world.logger.lines.map(({ fields }) => fields['route'])
  expect(new Set(routes.filter(Boolean))).toEqual(new Set(['/webhooks/*']))
})

test('everything else is served too', async () => {
  await using world = await openWorld()
  const { port } = await world.server.start()
  expect(await (await fetch(`http://127.0.0.1:${port}/health`)).json()).toMatchObject({ status: 'ok' })
  expect((await fetch(`http://127.0.0.1:${port}/api/keys`)).status).toBe(401)
})

test('the address is the connection, and the header only behind a proxy', async () => {
  const limits = { address: { requests: 2, perMs: 60_000 } }
  const statuses = async (trustedProxies: number) => {
    await using world = await openWorld({ limits, trustedProxies })
    const { port } = await world.server.start()
    const seen = []
    for (let time = 0; time < 4; time += 1) {
      const headers = { 'x-forwarded-for': `203.0.113.${time}`, 'x-signature': 'sha256=0' }
      seen.push((await post(port, bodyWith('a'), { headers })).status)
    }
    return seen
  }
  expect(await statuses(0)).toEqual([401, 401, 429, 429])
  expect(await statuses(1)).toEqual([401, 401, 401, 401])
})

test('stop finishes what was accepted, and takes nothing new', async () => {
  const push = pushTransport()
  const { promise: stored, resolve: store } = Promise.withResolvers<void>()
  let asked = 0
  const slow = {
    ...push,
    webhook: async () => {
      asked += 1
      await stored
      return { status: 200 }
    },
  }
  const world = await openWorld({ transports: [slow] })
  const { port } = await world.server.start()
  const idle = await dial(port)
  const accepted = post(port, bodyWith('hello'))
  await until(() => asked === 1)
  let isStopped = false
  const stopping = world.server.stop().then(() => {
    isStopped = true
  })
  await expect(post(port, bodyWith('late'))).rejects.toThrow()
  expect(isStopped).toBe(false)
  store()
  expect((await accepted).status).toBe(200)
  await stopping
  expect(asked).toBe(1)
  idle.destroy()
  await world.bot.stop()
})

test('stop waits for a request whose body is still arriving', async () => {
  const world = await openWorld()
  const { port } = await world.server.start()
  const body = bodyWith('hello')
  const socket = await dial(port)
  const head = `POST /webhooks/push/main HTTP/1.1\r\nHost: a\r\nX-Signature: ${signed(body)}\r\nContent-Length: ${body.length}\r\n\r\n`
  socket.write(head + body.slice(0, 10))
  await until(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/health`)
    return response.ok
  })
  const stopping = world.server.stop()
  socket.write(body.slice(10))
  await stopping
  expect(socket.answer()).toContain('HTTP/1.1 200')
  expect((await world.bot.stats()).conversations).toBe(1)
  await world.bot.stop()
})

test('a stopped handler that is mounted elsewhere answers 503, and start makes it work again', async () => {
  const world = await openWorld()
  const http = createHttpServer(world.server.listener)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  expect((await post(port, bodyWith('a'))).status).toBe(200)
  await world.server.stop()
  expect((await post(port, bodyWith('b'))).status).toBe(503)
  expect((await fetch(`http://127.0.0.1:${port}/api/keys`)).status).toBe(503)
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
  expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(503)
  await world.server.start()
  expect((await post(port, bodyWith('c'))).status).toBe(200)
  await expect(world.server.start()).rejects.toMatchObject({ code: 'not_running' })
  await world.server.stop()
  await world.bot.stop()
  http.closeAllConnections()
  http.close()
})

test('a port that is taken is an error of start, after which start may be called again', async () => {
  await using world = await openWorld()
  await using other = await openWorld()
  const { port } = await world.server.start()
  await expect(other.server.start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect((await other.server.start()).port).not.toBe(port)
})

test('a client that leaves in the middle of its body is forgotten', async () => {
  await using world = await openWorld({ maxBufferedBytes: 200_000 })
  const { port } = await world.server.start()
  for (let time = 0; time < 5; time += 1) {
    const socket = await dial(port)
    socket.write(`POST /webhooks/push/main HTTP/1.1\r\nHost: a\r\nContent-Length: 150000\r\n\r\n${'x'.repeat(120_000)}`)
    const before = world.logger.lines.length
    socket.end()
    await until(() => world.logger.lines.length > before)
  }
  expect((await post(port, bodyWith('x'.repeat(90_000)))).status).toBe(200)
})

test('a body that never ends is cut off', async () => {
  await using world = await openWorld({ maxWebhookBytes: 1000 })
  const { port } = await world.server.start()
  const socket = await dial(port)
  socket.write('POST /webhooks/push/main HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const pump = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on('drain', pump)
  pump()
  await closed
  expect(world.logger.lines.at(-1)?.fields).toMatchObject({ status: 413 })
  expect((await world.bot.stats()).conversations).toBe(0)
})

test('a client that is slow with its headers or its body is cut off', async () => {
  await using world = await openWorld({ headersTimeoutMs: 50, requestTimeoutMs: 100 })
  const { port } = await world.server.start()
  for (const start of ['GET /health HTTP/1.1\r\n', 'POST /webhooks/push/main HTTP/1.1\r\nContent-Length: 9\r\n\r\n']) {
    const socket = await dial(port)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(start)
    await closed
    expect(socket.answer()).toMatch(/^HTTP\/1.1 408[\s\S]+application\/problem\+json/)
  }
  expect((await world.bot.stats()).conversations).toBe(0)
})
