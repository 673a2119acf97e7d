import { memoryStorage, WaAgentError } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { Answering } from './answering.ts'
import type { Principal } from './api-keys.ts'
import { createApp } from './app.ts'
import { BodyBudget } from './body.ts'
import { chatTransport } from './chat-transport.ts'
import { desktopTransport } from './desktop-link/desktop-transport.ts'
import { Desktops } from './desktop-link/desktops.ts'
import { hasBot, readSettings } from './options.ts'
import { createLimiter } from './rate-limits.ts'
import { sqliteDirectory } from './sqlite-directory.ts'
import { adminKey, openWorld, pushTransport, request, type World } from './test-world.ts'
import { Webhooks } from './webhooks.ts'

interface Shops extends AsyncDisposable {
  readonly world: World
  readonly keys: { readonly red: string; readonly blue: string }
  /** A dead letter of each tenant. */
  readonly letters: { readonly red: string; readonly blue: string }
  readonly blueKeyId: string
  /** How often a conversation of blue's was handed over or released. */
  readonly handoffs: () => number
  readonly directory: ReturnType<typeof sqliteDirectory>
  ask(path: string, init: Parameters<typeof request>[1]): Promise<Response>
}

/** Two tenants with everything: red asks for what is blue's. */
async function openShops(): Promise<Shops> {
  const directory = sqliteDirectory({ path: ':memory:' })
  const transports = ['red', 'blue'].flatMap((tenant) => [
    pushTransport(tenant),
    chatTransport({ tenant }),
    desktopTransport({ tenant }),
  ])
  const pipeline = {
    historyLimit: 0,
    run: () => Promise.reject(new WaAgentError('turn_failed', 'no', { retryable: false })),
  }
  const storage = memoryStorage()
  const { tenants, keys } = directory
  const world = await openWorld({ transports, pipeline, storage, tenants, keys })
  const secrets: Record<string, { readonly id: string; readonly secret: string; readonly letter: string }> = {}
  for (const tenant of ['red', 'blue']) {
    await tenants.editor?.putTenant({ id: tenant, name: tenant, timeZone: 'UTC', settings: {} })
    await tenants.editor?.putChannel({ tenant, channel: 'main', transport: 'push', credentials: { secret: 'x' } })
    const made = await keys.editor?.create({ name: tenant, scope: { type: 'tenant', tenant } })
    const sender = { id: 'anna' }
    await world.bot.receive([{ type: 'text', id: tenant, chat: 'anna', from: sender, text: 'hi', sentAtMs: 1 }], {
      tenant,
      channel: 'main',
    })
    await world.bot.idle()
    const [letter] = await world.bot.deadLetters.list({ tenant })
    secrets[tenant] = { id: made?.key.id ?? '', secret: made?.secret ?? '', letter: letter?.id ?? '' }
  }
  let handoffs = 0
  world.bot.on('handoff-started', () => {
    handoffs += 1
  })
  world.bot.on('handoff-released', () => {
    handoffs += 1
  })
  const of = (tenant: string) => secrets[tenant] as { id: string; secret: string; letter: string }
  return {
    world,
    directory,
    keys: { red: of('red').secret, blue: of('blue').secret },
    letters: { red: of('red').letter, blue: of('blue').letter },
    blueKeyId: of('blue').id,
    handoffs: () => handoffs,
    ask: (path, init) => world.server.fetch(request(path, init)),
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      directory.close()
    },
  }
}

interface Attempt {
  readonly path: (shops: Shops) => string
  readonly json?: unknown
  /** Default 404. Lists answer 200 and show nothing of blue's; what a tenant may do with its own only is 403. */
  readonly status?: 200 | 403
}

const ofBlue = { tenantId: 'blue' }
const blueChat = { tenant: 'blue', channel: 'main', chat: 'anna' }
const none = 'has nothing of a tenant'

/** Every route and how red asks for blue's through it. A route that is not here fails the test below. */
const attempts: Record<string, readonly Attempt[] | typeof none> = {
  'GET /health': none,
  'GET /ready': none,
  'ALL /webhooks/:transport/:channel': none,
  'ALL /webhooks/:transport/:tenant/:channel': none,
  'POST /chat': [{ path: () => '/chat', json: { message: 'hi', userId: 'u', tenant: 'blue' } }],
  'GET /api/keys': [{ path: () => '/api/keys', status: 200 }, { path: () => '/api/keys?tenant=blue' }],
  'POST /api/keys': [
    { path: () => '/api/keys', json: { name: 'n', scope: { type: 'tenant', tenant: 'blue' } } },
    { path: () => '/api/keys', json: { name: 'n', scope: { type: 'admin' } }, status: 403 },
  ],
  'DELETE /api/keys/:id': [{ path: ({ blueKeyId }) => `/api/keys/${blueKeyId}` }],
  'GET /api/tenants': [{ path: () => '/api/tenants', status: 200 }],
  'GET /api/tenants/:tenant': [{ path: () => '/api/tenants/blue' }],
  'PUT /api/tenants/:tenant': [
    { path: () => '/api/tenants/blue', json: { name: 'mine' } },
    { path: () => '/api/tenants/red', json: { name: 'mine' }, status: 403 },
  ],
  'DELETE /api/tenants/:tenant': [{ path: () => '/api/tenants/blue' }, { path: () => '/api/tenants/red', status: 403 }],
  'GET /api/tenants/:tenant/channels': [{ path: () => '/api/tenants/blue/channels' }],
  'PUT /api/tenants/:tenant/channels/:channel': [
    { path: () => '/api/tenants/blue/channels/main', json: { transport: 'push' } },
    { path: () => '/api/tenants/red/channels/main', json: { transport: 'push' }, status: 403 },
  ],
  'DELETE /api/tenants/:tenant/channels/:channel': [
    { path: () => '/api/tenants/blue/channels/main' },
    { path: () => '/api/tenants/red/channels/main', status: 403 },
  ],
  'GET /api/dead-letters': [
    { path: () => '/api/dead-letters', status: 200 },
    { path: () => '/api/dead-letters?tenant=blue' },
  ],
  'DELETE /api/dead-letters/:id': [{ path: ({ letters }) => `/api/dead-letters/${letters.blue}` }],
  'POST /api/dead-letters/:id/retry': [{ path: ({ letters }) => `/api/dead-letters/${letters.blue}/retry` }],
  'POST /api/conversations/handoff': [{ path: () => '/api/conversations/handoff', json: blueChat }],
  'POST /api/conversations/release': [{ path: () => '/api/conversations/release', json: blueChat }],
  'POST /api/messages': [
    { path: () => '/api/messages', json: { ...blueChat, message: { type: 'text', text: 'buy!' } } },
  ],
  'POST /api/admin/tenants': [{ path: () => '/api/admin/tenants', json: { id: 'blue', name: 'b' }, status: 403 }],
  'POST /api/desktop-agent/process-message': [
    { path: () => '/api/desktop-agent/process-message', json: { ...ofBlue, from: 'x', message: 'hi', timestamp: 1 } },
  ],
  'POST /api/desktop-agent/register': [{ path: () => '/api/desktop-agent/register', json: ofBlue }],
  'POST /api/desktop-agent/heartbeat': [{ path: () => '/api/desktop-agent/heartbeat', json: ofBlue }],
  'POST /api/desktop-agent/ack': [{ path: () => '/api/desktop-agent/ack', json: { ...ofBlue, ids: ['x'] } }],
  'POST /api/desktop-agent/commands': [
    { path: () => '/api/desktop-agent/commands', json: { ...ofBlue, type: 'pause' } },
  ],
  'GET /api/desktop-agent/status/:tenantId': [{ path: () => '/api/desktop-agent/status/blue' }],
  'GET /api/desktop-agent/stream': [{ path: () => '/api/desktop-agent/stream?tenantId=blue' }],
  'GET /api/desktop-agent/outbound': [{ path: () => '/api/desktop-agent/outbound?tenantId=blue' }],
  'PUT /api/desktop-agent/media/:id': [{ path: () => '/api/desktop-agent/media/x?tenantId=blue' }],
  'GET /api/desktop-agent/openapi.json': none,
}

test('every route is in the table', async () => {
  await using shops = await openShops()
  const { tenants, keys } = shops.directory
  const settings = readSettings({ bot: shops.world.bot, transports: [], adminKey, keys, tenants })
  if (!hasBot(settings)) throw new Error('expected the settings of a bot')
  const addresses = createLimiter(false)
  const budget = new BodyBudget(1)
  const webhooks = new Webhooks(settings, { addresses, budget })
  const app = createApp({
    settings,
    addresses,
    budget,
    webhooks,
    answering: new Answering(settings),
    desktops: new Desktops(settings),
  })
  const isHandler = ({ method, path }: { method: string; path: string }) => {
    // What is under ALL beside a method answers 405; what ends with a star guards others.
    if (path.endsWith('*')) return false
    return method !== 'ALL' || path.startsWith('/webhooks/')
  }
  const routes = app.routes.filter(isHandler).map(({ method, path }) => `${method} ${path}`)
  expect([...new Set(routes)].toSorted()).toEqual(Object.keys(attempts).toSorted())
})

for (const [route, ways] of Object.entries(attempts)) {
  if (ways === none) continue
  const method = route.split(' ')[0] as string
  test(`${route}: without a key it is 401, and a key of one tenant reaches nothing of another`, async () => {
    await using shops = await openShops()
    for (const { path, json, status = 404 } of ways) {
      const init = { method, ...(json === undefined ? {} : { json }) }
      expect((await shops.ask(path(shops), init)).status).toBe(401)
      const response = await shops.ask(path(shops), { ...init, key: shops.keys.red })
      expect([path(shops), response.status]).toEqual([path(shops), status])
      const text = await response.text()
      if (status !== 403) expect(text).not.toContain('blue')
      if (status === 200) expect(text).toContain('red')
    }
    expect(await stateOf(shops)).toEqual(untouched)
  })
}

/** What must still be there whatever red tried. */
const untouched = { tenants: ['blue', 'red'], channels: 2, keys: 2, revoked: 0, letters: 2, sent: 0, handoffs: 0 }

async function stateOf({ directory, world, keys, handoffs }: Shops) {
  const all = (await directory.keys.editor?.list()) ?? []
  expect(await directory.keys.verify(keys.blue)).toMatchObject({ scope: { tenant: 'blue' } } satisfies Partial<
    Record<keyof Principal, unknown>
  >)
  return {
    tenants: (await directory.tenants.tenants()).map(({ name }) => name),
    channels: (await directory.tenants.channels()).length,
    keys: all.length,
    revoked: all.filter(({ revokedAtMs }) => revokedAtMs !== undefined).length,
    letters: (await world.bot.deadLetters.list()).length,
    sent: (await world.bot.stats()).pendingReplies,
    handoffs: handoffs(),
  }
}

test('a path that exists and one that does not look alike without a key', async () => {
  await using shops = await openShops()
  const [known, unknown] = await Promise.all([shops.ask('/api/keys', {}), shops.ask('/api/nothing', {})])
  expect([known.status, unknown.status]).toEqual([401, 401])
  expect((await shops.ask('/api/nothing', { key: shops.keys.red })).status).toBe(404)
})
