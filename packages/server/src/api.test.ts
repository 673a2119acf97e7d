import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { chatTransport } from './chat-transport.ts'
import { sqliteDirectory } from './sqlite-directory.ts'
import { staticTenants } from './static-tenants.ts'
import type { TenantChannel } from './tenants.ts'
import { bodyWith, echoPipeline, adminKey as key, openWorld, pushTransport, request, webhook } from './test-world.ts'

test('chat answers through a channel of the bot, with what was decided', async () => {
  await using world = await openWorld()
  const json = { message: 'hello', userId: 'anna' }
  const response = await world.server.fetch(request('/chat', { method: 'POST', key, json }))
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({
    reply: 'You said: hello',
    replies: [{ type: 'text', text: 'You said: hello' }],
    intent: 'talk',
    confidence: 1,
    agent: 'echo',
    decidedBy: 'rules',
    durationMs: expect.any(Number),
  })
})

test('chat remembers each user', async () => {
  const histories: unknown[] = []
  const inner = echoPipeline()
  const pipeline = {
    historyLimit: 10,
    run: (...args: Parameters<typeof inner.run>) => {
      histories.push(args[0].history?.map(({ text }) => text))
      return inner.run(...args)
    },
  }
  await using world = await openWorld({ pipeline })
  for (const [userId, message] of [
    ['anna', 'one'],
    ['ben', 'two'],
    ['anna', 'three'],
  ] as const)
    await world.server.fetch(request('/chat', { method: 'POST', key, json: { userId, message } }))
  expect(histories).toEqual([[], [], ['one', 'You said: one']])
})

test('chat says so when an answer takes too long, and when none can be made', async () => {
  const { promise: never } = Promise.withResolvers<never>()
  const clock = virtualClock()
  const world = await openWorld({ pipeline: { historyLimit: 0, run: () => never }, clock, chatTimeoutMs: 5000 })
  const asked = world.server.fetch(request('/chat', { method: 'POST', key, json: { userId: 'a', message: 'b' } }))
  await clock.runUntil(async () => (await world.bot.stats()).working === 1)
  await clock.advance(5000)
  expect((await asked).status).toBe(504)
})

test('refuses what is no question', async () => {
  await using world = await openWorld()
  const bad = [{}, { message: '', userId: 'a' }, { message: 'a' }, { message: 1, userId: 'a' }, null, [], 'text']
  for (const json of bad)
    expect((await world.server.fetch(request('/chat', { method: 'POST', key, json }))).status).toBe(400)
  const text = await world.server.fetch(request('/chat', { method: 'POST', key, body: '{}' }))
  expect(text.status).toBe(415)
  expect((await world.server.fetch(request('/chat', { key }))).headers.get('allow')).toBe('POST')
})

test('hands a conversation over, and the bot is silent until it is released', async () => {
  await using world = await openWorld()
  const { server, bot, push } = world
  const json = { channel: 'main', chat: 'anna' }
  expect((await server.fetch(request('/api/conversations/handoff', { method: 'POST', key, json }))).status).toBe(204)
  await server.fetch(webhook('/webhooks/push/main', bodyWith('one')))
  await bot.idle()
  expect((await server.fetch(request('/api/conversations/release', { method: 'POST', key, json }))).status).toBe(204)
  await server.fetch(webhook('/webhooks/push/main', bodyWith('two')))
  await bot.idle()
  expect(push.sent).toEqual(['You said: two'])
})

test('sends a message once for each id', async () => {
  await using world = await openWorld()
  const json = { channel: 'main', chat: 'anna', message: { type: 'text', text: 'news' }, id: 'news-1' }
  for (let time = 0; time < 2; time += 1) {
    const response = await world.server.fetch(request('/api/messages', { method: 'POST', key, json }))
    expect([response.status, await response.json()]).toEqual([202, { id: 'news-1' }])
  }
  await world.bot.idle()
  expect(world.push.sent).toEqual(['news'])
})

test('refuses messages that cannot be, channels that are not there, and files of this machine', async () => {
  await using world = await openWorld()
  const status = async (json: unknown) =>
    (await world.server.fetch(request('/api/messages', { method: 'POST', key, json }))).status
  const chat = { channel: 'main', chat: 'anna' }
  expect(await status({ ...chat, message: { type: 'song' } })).toBe(400)
  expect(await status({ ...chat, channel: 'none', message: { type: 'text', text: 'a' } })).toBe(404)
  expect(await status({ ...chat, message: { type: 'image', media: { path: '/etc/passwd' } } })).toBe(400)
  expect((await world.bot.stats()).conversations).toBe(0)
})

test('makes keys that work until they are revoked', async () => {
  const directory = sqliteDirectory({ path: ':memory:' })
  await using world = await openWorld({ keys: directory.keys })
  const json = { name: 'desk', scope: { type: 'tenant', tenant: 'default' } }
  const made = await world.server.fetch(request('/api/keys', { method: 'POST', key, json }))
  expect(made.status).toBe(201)
  const { secret, key: listed } = (await made.json()) as { secret: string; key: { id: string } }
  const chat = () => request('/chat', { method: 'POST', key: secret, json: { message: 'a', userId: 'b' } })
  expect((await world.server.fetch(chat())).status).toBe(200)
  const list = await (await world.server.fetch(request('/api/keys', { key }))).text()
  expect(list).toContain(listed.id)
  expect(list).not.toContain(secret)
  expect((await world.server.fetch(request(`/api/keys/${listed.id}`, { method: 'DELETE', key }))).status).toBe(204)
  expect((await world.server.fetch(chat())).status).toBe(401)
  expect((await world.server.fetch(request(`/api/keys/${listed.id}`, { method: 'DELETE', key }))).status).toBe(404)
})

test('keeps tenants and channels, and never shows credentials', async () => {
  const directory = sqliteDirectory({ path: ':memory:' })
  await using world = await openWorld({ tenants: directory.tenants })
  const put = (path: string, json: unknown) => world.server.fetch(request(path, { method: 'PUT', key, json }))
  expect((await put('/api/tenants/shop', { name: 'Shop', timeZone: 'Asia/Kolkata' })).status).toBe(200)
  const channel = await put('/api/tenants/shop/channels/main', { transport: 'push', credentials: { token: 'hidden' } })
  expect(await channel.json()).toEqual({ tenant: 'shop', channel: 'main', transport: 'push', credentials: ['token'] })
  const list = await (await world.server.fetch(request('/api/tenants/shop/channels', { key }))).text()
  expect(list).toContain('token')
  expect(list).not.toContain('hidden')
  expect((await put('/api/tenants/shop', { name: 'Shop', timeZone: 'Mars/Base' })).status).toBe(400)
  expect((await put('/api/tenants/none/channels/main', { transport: 'push' })).status).toBe(404)
  expect((await put('/api/tenants/a%2Fb', { name: 'Shop' })).status).toBe(400)
})

test('refuses a channel that the next start could not make, and says why without its credentials', async () => {
  const directory = sqliteDirectory({ path: ':memory:' })
  const factories = {
    push: ({ tenant, channel, credentials }: TenantChannel) => {
      if (credentials['token'] === 'wrong-k3Jx') throw new TypeError('wrong token wrong-k3Jx')
      return pushTransport(tenant, channel)
    },
  }
  await using world = await openWorld({ tenants: directory.tenants, factories })
  const put = async (path: string, json: unknown) => {
    const response = await world.server.fetch(request(path, { method: 'PUT', key, json }))
    return `${response.status} ${((await response.json()) as { detail?: string }).detail ?? ''}`
  }
  await put('/api/tenants/shop', { name: 'Shop' })
  const path = '/api/tenants/shop/channels/main'
  expect(await put(path, { transport: 'nosuch' })).toMatch(/^400 .*there is no factory "nosuch"; there are: push/)
  expect(await put(path, { transport: 'toString' })).toMatch(/^400 .*there is no factory/)
  expect(await put(path, { transport: 'push', credentials: { token: 'changeme' } })).toMatch(/^400 .*"token" .*placeh/)
  const failed = await put(path, { transport: 'push', credentials: { token: 'wrong-k3Jx' } })
  expect(failed).toMatch(/^400 .*its factory failed \(TypeError\)/)
  expect(failed).not.toContain('k3Jx')
  expect(await put('/api/tenants/none/channels/main', { transport: 'push' })).toMatch(/^404/)
  expect(await directory.tenants.channels()).toEqual([])
  expect(await put(path, { transport: 'push', credentials: { token: 'right-k3Jx' } })).toMatch(/^200/)
})

test('names a field that it does not know, and takes back what it has shown', async () => {
  const directory = sqliteDirectory({ path: ':memory:' })
  await using world = await openWorld({ tenants: directory.tenants, keys: directory.keys })
  const ask = (method: string, path: string, json: unknown) =>
    world.server.fetch(request(path, { method, key, json })).then((response) => response.text())
  const wrong = { name: 'Shop', timezone: 'Asia/Kolkata' }
  const words = 'there is no \\"timezone\\"; there are '
  expect(await ask('PUT', '/api/tenants/shop', wrong)).toContain(words)
  expect(await ask('POST', '/api/admin/tenants', { id: 'shop', ...wrong })).toContain(words)
  expect(await directory.tenants.tenants()).toEqual([])
  await ask('PUT', '/api/tenants/shop', { name: 'Shop', timeZone: 'Asia/Kolkata' })
  const shown = await (await world.server.fetch(request('/api/tenants/shop', { key }))).json()
  expect(await ask('PUT', '/api/tenants/shop', shown)).toBe(JSON.stringify(shown))
  expect(await ask('PUT', '/api/tenants/other', shown)).toContain('Expected a valid \\"id\\"')
  const channel = { transport: 'push', credential: { token: 'hidden' } }
  expect(await ask('PUT', '/api/tenants/shop/channels/main', channel)).toContain('there is no \\"credential\\"')
})

test('tenants from configuration cannot be changed over HTTP', async () => {
  const tenants = staticTenants({ tenants: [{ id: 'shop', name: 'Shop' }] })
  await using world = await openWorld({ tenants })
  const response = await world.server.fetch(
    request('/api/tenants/shop', { method: 'PUT', key, json: { name: 'Other' } }),
  )
  expect(response.status).toBe(409)
})

test('a key has a limit, which a tenant may have of its own', async () => {
  const directory = sqliteDirectory({ path: ':memory:' })
  const { tenants, keys } = directory
  await tenants.editor?.putTenant({ id: 'slow', name: 's', timeZone: 'UTC', settings: { requestsPerMinute: 1 } })
  const made = await keys.editor?.create({ name: 'k', scope: { type: 'tenant', tenant: 'slow' } })
  const limits = { key: { requests: 3, perMs: 60_000 } }
  await using world = await openWorld({ tenants, keys, limits })
  const ask = async (secret?: string) =>
    (await world.server.fetch(request('/api/tenants', { key: secret ?? key }))).status
  expect([await ask(), await ask(), await ask(), await ask()]).toEqual([200, 200, 200, 429])
  expect([await ask(made?.secret), await ask(made?.secret)]).toEqual([200, 429])
})

test('guessing keys uses up the limit of the address', async () => {
  await using world = await openWorld({ limits: { address: { requests: 5, perMs: 60_000 } } })
  const ask = async (address: string, secret: string) =>
    (await world.server.fetch(request('/api/dead-letters', { key: secret }), { address })).status
  for (let guess = 0; guess < 5; guess += 1) expect(await ask('203.0.113.9', `guess-${guess}`)).toBe(401)
  expect(await ask('203.0.113.9', key)).toBe(429)
  expect(await ask('203.0.113.8', key)).toBe(200)
})

test('is healthy while it serves, and ready while it can work', async () => {
  const shop = pushTransport('shop')
  await using world = await openWorld({ transports: [pushTransport(), shop, chatTransport()] })
  const ready = async () => {
    const response = await world.server.fetch(request('/ready'))
    return [response.status, (await response.json()) as { reasons: string[] }] as const
  }
  expect((await world.server.fetch(request('/health'))).status).toBe(200)
  expect(await ready()).toEqual([
    200,
    {
      status: 'ready',
      reasons: [],
      checks: { bot: 'running', storage: 'ok', transports: { push: { connected: 2 }, chat: { connected: 1 } } },
    },
  ])
  shop.host().connection('disconnected', 'token 12345 expired')
  const [status, body] = await ready()
  expect([status, body.reasons]).toEqual([200, ['push: 1 of 2 channels disconnected']])
  expect(JSON.stringify(body)).not.toMatch(/12345|shop/)
})

test('is not ready when no transport is connected, and when the bot has stopped', async () => {
  const clock = virtualClock()
  const push = pushTransport()
  const world = await openWorld({ transports: [push], clock })
  push.host().connection('needs-login')
  expect((await world.server.fetch(request('/ready'))).status).toBe(503)
  push.host().connection('connected')
  expect((await world.server.fetch(request('/ready'))).status).toBe(200)
  await world.bot.stop()
  await clock.advance(1000)
  const response = await world.server.fetch(request('/ready'))
  expect([response.status, await response.json()]).toMatchObject([503, { reasons: ['the bot is not running'] }])
  expect((await world.server.fetch(request('/health'))).status).toBe(200)
})

test('is not ready when the storage does not answer in time', async () => {
  const clock = virtualClock()
  await using world = await openWorld({ clock })
  const { promise: never } = Promise.withResolvers<never>()
  world.storage.stats = () => never
  const asked = world.server.fetch(request('/ready'))
  await clock.advance(2000)
  expect(await (await asked).json()).toMatchObject({ reasons: ['the storage cannot be used'] })
})

test('every answer has a request id and headers that keep browsers and caches away', async () => {
  await using world = await openWorld()
  for (const path of ['/health', '/nothing', '/api/keys', '/webhooks/push/none']) {
    const { headers } = await world.server.fetch(request(path))
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]+-[0-9a-z]+$/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
  }
})

test('what is thrown and is no error is a problem too', async () => {
  await using world = await openWorld()
  world.storage.enqueue = () => Promise.reject('+15550001111')
  const json = { channel: 'main', chat: 'anna', message: { type: 'text', text: 'news' } }
  const response = await world.server.fetch(request('/api/messages', { method: 'POST', key, json }))
  expect([response.status, response.headers.get('content-type')]).toEqual([
    500,
    'application/problem+json; charset=utf-8',
  ])
  expect(await response.text()).not.toContain('+1555')
  expect(JSON.stringify(world.logger.lines)).not.toContain('+1555')
})
