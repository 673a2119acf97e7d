import { WaAgentError } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { BodyBudget } from './body.ts'
import { adminKey, bodyWith, openWorld, pushTransport, request, signed, webhook, webhookSecret } from './test-world.ts'

test('takes a signed webhook in and answers it once it is durable', async () => {
  await using world = await openWorld()
  const response = await world.server.fetch(webhook('/webhooks/push/main', bodyWith('hello')))
  expect(response.status).toBe(200)
  expect(await world.bot.stats()).toMatchObject({ conversations: 1 })
  await world.bot.idle()
  expect(world.push.sent).toEqual(['You said: hello'])
})

test('the path with a tenant is the same channel, and the path without one is the tenant "default"', async () => {
  const shop = pushTransport('shop')
  await using world = await openWorld({ transports: [pushTransport(), shop] })
  const { fetch } = world.server
  expect((await fetch(webhook('/webhooks/push/default/main', bodyWith('a')))).status).toBe(200)
  expect((await fetch(webhook('/webhooks/push/shop/main', bodyWith('b')))).status).toBe(200)
  expect((await fetch(webhook('/webhooks/push/shop', bodyWith('b')))).status).toBe(404)
  await world.bot.idle()
  expect(shop.sent).toEqual(['You said: b'])
})

test('the only channel with a webhook is reached at / too, by both ways in', async () => {
  await using world = await openWorld()
  expect((await world.server.fetch(webhook('/', bodyWith('a')))).status).toBe(200)
  const { port } = await world.server.start()
  const body = bodyWith('b')
  const posted = { method: 'POST', body, headers: { 'x-signature': signed(body) } }
  expect((await fetch(`http://127.0.0.1:${port}/`, posted)).status).toBe(200)
  const challenge = await fetch(`http://127.0.0.1:${port}/?token=${webhookSecret}&challenge=42`)
  expect(await challenge.text()).toBe('42')
  const forged = await fetch(`http://127.0.0.1:${port}/`, { ...posted, body: bodyWith('c') })
  expect(forged.status).toBe(401)
  await world.bot.idle()
  expect(world.push.sent.toSorted()).toEqual(['You said: a', 'You said: b'])
})

test('where there are several, / is none of them', async () => {
  await using world = await openWorld({ transports: [pushTransport(), pushTransport('shop')] })
  expect((await world.server.fetch(webhook('/', bodyWith('a')))).status).toBe(404)
})

test('hands the query and the method to the transport', async () => {
  await using world = await openWorld()
  const right = await world.server.fetch(request(`/webhooks/push/main?token=${webhookSecret}&challenge=42`))
  expect([right.status, await right.text()]).toEqual([200, '42'])
  const wrong = await world.server.fetch(request('/webhooks/push/main?token=guess&challenge=42'))
  expect(wrong.status).toBe(403)
  expect(wrong.headers.get('content-type')).toContain('application/problem+json')
})

test('answers unknown channels, transports without webhook and wrong names alike', async () => {
  await using world = await openWorld()
  const bodies = []
  for (const path of [
    '/webhooks/push/other',
    '/webhooks/chat/chat',
    '/webhooks/none/main',
    '/webhooks/push/other/main',
  ]) {
    const response = await world.server.fetch(webhook(path, bodyWith('hello')))
    expect(response.status).toBe(404)
    const { instance, ...problem } = (await response.json()) as Record<string, unknown>
    expect(instance).toMatch(/^urn:wa-agent:request:/)
    bodies.push(JSON.stringify(problem))
  }
  expect(new Set(bodies).size).toBe(1)
})

test('refuses other methods before it looks whether the channel exists', async () => {
  await using world = await openWorld()
  for (const path of ['/webhooks/push/main', '/webhooks/push/other']) {
    const response = await world.server.fetch(request(path, { method: 'PUT', body: 'x' }))
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST'])
  }
})

test('refuses bodies that are too large, with and without a Content-Length', async () => {
  await using world = await openWorld({ maxWebhookBytes: 1000 })
  const body = bodyWith('x'.repeat(2000))
  const declared = await world.server.fetch(webhook('/webhooks/push/main', body, { 'content-length': '2000' }))
  expect(declared.status).toBe(413)
  const stream = new Blob([body]).stream()
  const init = { method: 'POST', body: stream, duplex: 'half', headers: { 'x-signature': signed(body) } } as const
  const chunked = await world.server.fetch(new Request('http://server.example/webhooks/push/main', init))
  expect(chunked.status).toBe(413)
  expect(await world.bot.stats()).toMatchObject({ conversations: 0 })
})

test('holds no more of bodies than the budget allows, and gives it back', async () => {
  await using world = await openWorld({ maxBufferedBytes: 100_000 })
  const send = (bytes: number) => world.server.fetch(webhook('/webhooks/push/main', `${'x'.repeat(bytes)}`))
  const tooMuch = await send(100_001)
  expect([tooMuch.status, tooMuch.headers.get('retry-after')]).toEqual([503, '1'])
  // Read, and refused for what is in them.
  for (let round = 0; round < 10; round += 1) expect((await send(80_000)).status).toBe(400)
})

test('small bodies come in although large ones fill the budget', () => {
  const budget = new BodyBudget(100_000)
  expect([budget.take(100_000), budget.take(1000), budget.take(1000, true)]).toEqual([true, false, true])
})

test('a storage that is away makes the provider deliver again', async () => {
  await using world = await openWorld()
  world.storage.append = async () => {
    throw new WaAgentError('storage_unavailable', 'away', { retryable: true })
  }
  const response = await world.server.fetch(webhook('/webhooks/push/main', bodyWith('hello')))
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
})

test('a transport that throws is a 503 and a log line without its words', async () => {
  const broken = { ...pushTransport(), webhook: () => Promise.reject(new Error('+15550001111')) }
  await using world = await openWorld({ transports: [broken] })
  expect((await world.server.fetch(webhook('/webhooks/push/main', '{}'))).status).toBe(503)
  expect(JSON.stringify(world.logger.lines)).toContain('a transport failed to answer a webhook')
  expect(JSON.stringify(world.logger.lines)).not.toContain('+1555')
})

test('a channel has a limit, which refused requests do not use up', async () => {
  await using world = await openWorld({ limits: { channel: { requests: 2, perMs: 60_000 } } })
  const ask = async (signature?: string) => {
    const headers = signature === undefined ? {} : { 'x-signature': signature }
    return world.server.fetch(webhook('/webhooks/push/main', bodyWith('hello'), headers))
  }
  for (let round = 0; round < 5; round += 1) expect((await ask('sha256=0')).status).toBe(401)
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 200])
  const late = await ask()
  expect(late.status).toBe(429)
  expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(50)
})

test('the only channel of its kind is also reached as main, whatever its name is', async () => {
  const named = (name: string, channel: string) => ({ ...pushTransport('default', channel), name })
  const transports = [named('one', 'sales'), named('two', 'sales2'), named('two', 'support')]
  await using world = await openWorld({ transports })
  const ask = async (path: string) => (await world.server.fetch(webhook(path, bodyWith('hello')))).status
  expect([await ask('/webhooks/one/sales'), await ask('/webhooks/one/main')]).toEqual([200, 200])
  expect(await ask('/webhooks/one/default/main')).toBe(200)
  expect([await ask('/webhooks/two/support'), await ask('/webhooks/two/main')]).toEqual([200, 404])
})

test('an address that sends too much that is wrong is told to stop, and what is right is taken from it', async () => {
  await using world = await openWorld({ limits: { address: { requests: 3, perMs: 60_000 } } })
  const ask = async (address: string, path = '/webhooks/push/main', signature?: string) => {
    const headers = signature === undefined ? {} : { 'x-signature': signature }
    return (await world.server.fetch(webhook(path, bodyWith('hello'), headers), { address })).status
  }
  for (let round = 0; round < 5; round += 1) expect(await ask('203.0.113.1')).toBe(200)
  expect(await ask('203.0.113.1', undefined, 'sha256=0')).toBe(401)
  expect(await ask('203.0.113.1', '/webhooks/push/none')).toBe(404)
  expect(await ask('203.0.113.1', undefined, 'sha256=0')).toBe(401)
  expect(await ask('203.0.113.1', undefined, 'sha256=0')).toBe(429)
  expect(await ask('203.0.113.1', '/webhooks/push/none')).toBe(429)
  expect(await ask('203.0.113.2', undefined, 'sha256=0')).toBe(401)
  expect(await ask('203.0.113.1')).toBe(200)
})

test('never waits for an agent', async () => {
  const { promise: never } = Promise.withResolvers<never>()
  const pipeline = { historyLimit: 0, run: () => never }
  const world = await openWorld({ pipeline })
  expect((await world.server.fetch(webhook('/webhooks/push/main', bodyWith('hello')))).status).toBe(200)
  await world.server.stop()
})

test('logs method, pattern, status and time, and neither queries nor bodies nor keys', async () => {
  await using world = await openWorld()
  await world.server.fetch(webhook('/webhooks/push/main?secret=hidden-query', bodyWith('hidden-text')))
  await world.server.fetch(request('/api/dead-letters/hidden-id/retry', { method: 'POST', key: adminKey }))
  for (const path of ['/health', '/hidden-path']) await world.server.fetch(request(path))
  const text = JSON.stringify(world.logger.lines)
  expect(text).toContain('"route":"/health","status":200')
  expect(text).toContain('"route":"(none)","status":404')
  expect(text).toContain('"route":"/webhooks/:transport/:channel","status":200')
  expect(text).toContain('"route":"/api/dead-letters/:id/retry","status":404')
  expect(text).not.toMatch(new RegExp(`hidden|${adminKey}`))
})
