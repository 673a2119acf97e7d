import { sqliteDirectory } from '@wa-agent/server'
import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'
import { adminKey, ask, brain, type Cloud, finish, startCloud, startDesktop, startHybrid, until } from './world.ts'

const root = '/api/desktop-agent'
const question = { tenantId: 'shop', from: 'anna', message: 'secret words', timestamp: 1_767_225_600 }

/** Another tenant with a key and a desktop channel of its own, made while the server runs. */
async function newTenant(cloud: Cloud, id: string) {
  const response = await ask(cloud.port, '/api/admin/tenants', { key: adminKey, json: { id, name: id } })
  return { status: response.status, body: (await response.json()) as { apiKey: string } }
}

async function openCloud() {
  const clock = virtualClock()
  const mind = brain(clock)
  const cloud = await startCloud({ clock, pipeline: mind.pipeline })
  return { clock, mind, cloud, [Symbol.asyncDispose]: () => cloud.stop() }
}

const nothing = { conversations: 0, pendingMessages: 0, pendingReplies: 0, deadLetters: 0 }

describe('refused, with nothing stored and nothing told, is', () => {
  const wrong: Record<
    string,
    { readonly init: (world: Awaited<ReturnType<typeof openCloud>>) => object; status: number }
  > = {
    'a request without a key': { init: () => ({ json: question }), status: 401 },
    'a wrong key': { init: () => ({ key: 'wak_0000000000000000_wrong', json: question }), status: 401 },
    'an oversized body': {
      init: ({ cloud }) => ({ key: cloud.apiKey, json: { ...question, metadata: { x: 'x'.repeat(5 * 2 ** 20) } } }),
      status: 413,
    },
    'too long a text': {
      init: ({ cloud }) => ({ key: cloud.apiKey, json: { ...question, message: 'x'.repeat(65_537) } }),
      status: 400,
    },
    'what is no JSON': {
      init: ({ cloud }) => ({
        key: cloud.apiKey,
        method: 'POST',
        body: '{"tenantId":',
        headers: { 'content-type': 'application/json' },
      }),
      status: 400,
    },
    'a form': { init: ({ cloud }) => ({ key: cloud.apiKey, method: 'POST', body: 'tenantId=shop' }), status: 415 },
    'a message of weeks ago that is sent again': {
      init: ({ cloud }) => ({ key: cloud.apiKey, json: { ...question, timestamp: question.timestamp - 30 * 86_400 } }),
      status: 400,
    },
    'a turn of two chats': {
      init: ({ cloud }) => {
        const base = { type: 'text', text: 'hi', from: { id: 'x' }, sentAtMs: 1_767_225_600_000 }
        const messages = [
          { ...base, id: '1', chat: 'anna' },
          { ...base, id: '2', chat: 'bo' },
        ]
        return { key: cloud.apiKey, json: { tenantId: 'shop', messages } }
      },
      status: 400,
    },
    'a channel that is not there': {
      init: ({ cloud }) => ({ key: cloud.apiKey, json: { ...question, channel: 'other' } }),
      status: 404,
    },
    'a tenant that is not there': {
      init: ({ cloud }) => ({ key: cloud.apiKey, json: { ...question, tenantId: 'nobody' } }),
      status: 404,
    },
  }
  for (const [name, { init, status }] of Object.entries(wrong)) {
    test(name, async () => {
      await using world = await openCloud()
      const { clock, cloud, mind } = world
      const response = await finish(clock, ask(cloud.port, `${root}/process-message`, init(world)))
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toContain('application/problem+json')
      expect(await response.text()).not.toContain('secret')
      expect([mind.asked, await cloud.bot.stats()]).toEqual([[], expect.objectContaining(nothing)])
    })
  }

  test("a tenant's key with another tenant's id, on every path", async () => {
    await using world = await openCloud()
    const { clock, cloud, mind } = world
    const made = await finish(clock, newTenant(cloud, 'rival'))
    const key = made.body.apiKey
    const about = { tenantId: 'shop' }
    const calls = [
      ask(cloud.port, `${root}/process-message`, { key, json: question }),
      ask(cloud.port, `${root}/register`, { key, json: about }),
      ask(cloud.port, `${root}/heartbeat`, { key, json: about }),
      ask(cloud.port, `${root}/ack`, { key, json: { ...about, ids: ['x'] } }),
      ask(cloud.port, `${root}/commands`, { key, json: { ...about, type: 'pause' } }),
      ask(cloud.port, `${root}/status/shop`, { key }),
      ask(cloud.port, `${root}/stream?tenantId=shop`, { key }),
      ask(cloud.port, `${root}/outbound?tenantId=shop`, { key }),
      ask(cloud.port, `${root}/media/x?tenantId=shop`, { key, method: 'PUT', body: 'x' }),
    ]
    for (const response of await finish(clock, Promise.all(calls))) {
      expect(response.status).toBe(404)
      expect(await response.text()).not.toContain('shop')
    }
    expect([mind.asked, await cloud.bot.stats()]).toEqual([[], expect.objectContaining(nothing)])
    expect(cloud.transport.desk.record).toMatchObject({ paused: false, commands: [] })
    expect(cloud.transport.desk.isOnline).toBe(false)
  })
})

describe('two tenants', () => {
  test('with the same customers and the same message ids have nothing of each other', async () => {
    await using world = await openCloud()
    const { clock, cloud } = world
    const rival = (await finish(clock, newTenant(cloud, 'rival'))).body.apiKey
    const json = { ...question, id: 'm1' }
    const [ours, theirs] = await finish(
      clock,
      Promise.all([
        ask(cloud.port, `${root}/process-message`, { key: cloud.apiKey, json }),
        ask(cloud.port, `${root}/process-message`, {
          key: rival,
          json: { ...json, tenantId: 'rival', message: 'mine' },
        }),
      ]),
    )
    expect(await ours.json()).toMatchObject({ reply: 'answer to secret words' })
    expect(await theirs.json()).toMatchObject({ reply: 'answer to mine' })
  })
})

describe('POST /api/admin/tenants', () => {
  test('makes a tenant whose desktop works at once, and shows its key once', async () => {
    await using world = await openCloud()
    const { clock, cloud } = world
    const { status, body } = await finish(clock, newTenant(cloud, 'bakery'))
    expect(status).toBe(201)
    expect(body).toMatchObject({ tenant: { id: 'bakery', name: 'bakery' }, apiKey: expect.stringMatching(/^wak_/) })
    const listed = await (await ask(cloud.port, '/api/keys', { key: adminKey })).text()
    expect(listed).not.toContain(body.apiKey)

    await using desktop = await startDesktop({
      ...{ clock, url: `http://127.0.0.1:${cloud.port}`, apiKey: body.apiKey },
      pipeline: { tenantId: 'bakery' },
    })
    const anna = desktop.whatsApp.customer('anna')
    anna.says('hello', { id: 'm1' })
    await until(clock, () => anna.texts.length === 1)
    const there = { tenant: 'bakery', channel: 'desktop', chat: 'anna' }
    await until(clock, async () => {
      const response = await ask(cloud.port, `${root}/status/bakery`, { key: body.apiKey })
      return ((await response.json()) as { reachable: boolean }).reachable
    })
    const json = { ...there, message: { type: 'text', text: 'fresh bread' } }
    expect((await ask(cloud.port, '/api/messages', { key: body.apiKey, json })).status).toBe(202)
    await until(clock, () => anna.texts.length === 2)
    expect(anna.texts).toEqual(['answer to hello', 'fresh bread'])
    await desktop.stop()
  })

  test('is for admins only, refuses a second tenant of the name, and keeps nothing of what failed', async () => {
    await using world = await openCloud()
    const { clock, cloud } = world
    const make = (key: string, json: object) => finish(clock, ask(cloud.port, '/api/admin/tenants', { key, json }))
    expect((await make(cloud.apiKey, { id: 'x', name: 'x' })).status).toBe(403)
    expect((await make(adminKey, { id: 'shop', name: 'again' })).status).toBe(409)
    expect((await make(adminKey, { id: 'x', name: 'x', desktop: 'a/b' })).status).toBe(400)
    const [shop] = await cloud.directory.tenants.tenants()
    expect([shop?.name, (await cloud.directory.tenants.tenants()).length]).toEqual(['Shop', 1])
  })

  test('a desktop channel that is put into the directory works at once, too', async () => {
    await using world = await openCloud()
    const { clock, cloud } = world
    const key = adminKey
    const put = (path: string, json: object) => finish(clock, ask(cloud.port, path, { key, json, method: 'PUT' }))
    await put('/api/tenants/cafe', { name: 'Cafe' })
    expect((await put('/api/tenants/cafe/channels/pc', { transport: 'desktop' })).status).toBe(200)
    const json = { ...question, tenantId: 'cafe' }
    const response = await finish(clock, ask(cloud.port, `${root}/process-message`, { key, json }))
    expect(await response.json()).toMatchObject({ reply: 'answer to secret words' })
  })
})

test('a desktop channel that only the directory knows is served from the first request on', async () => {
  await using world = await openCloud()
  const { clock, cloud } = world
  const { editor } = cloud.directory.tenants
  await editor?.putTenant({ id: 'cafe', name: 'Cafe', timeZone: 'UTC', settings: {} })
  await editor?.putChannel({ tenant: 'cafe', channel: 'pc', transport: 'desktop', credentials: {} })
  const json = { ...question, tenantId: 'cafe' }
  const asking = Array.from({ length: 5 }, () => ask(cloud.port, `${root}/process-message`, { key: adminKey, json }))
  const answers = await finish(clock, Promise.all(asking))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
})

test('a tenant with two desktops has to say which one', async () => {
  await using world = await openCloud()
  const { clock, cloud } = world
  const put = { key: adminKey, method: 'PUT', json: { transport: 'desktop' } }
  await finish(clock, ask(cloud.port, '/api/tenants/shop/channels/second', put))
  const asked = (json: object) => finish(clock, ask(cloud.port, `${root}/process-message`, { key: cloud.apiKey, json }))
  expect((await asked(question)).status).toBe(400)
  expect((await asked({ ...question, channel: 'second' })).status).toBe(200)
  expect((await cloud.bot.stats()).conversations).toBe(1)
})

describe('files', () => {
  const bytes = Buffer.from('a picture of a receipt')

  async function openMedia(settings: { readonly desktopMedia?: boolean }) {
    const folder = temporaryFolder()
    const clock = virtualClock()
    const directory = sqliteDirectory({ path: ':memory:', clock })
    const server = { desktop: { media: { folder: folder.path('media'), maxBytes: 1000 } } }
    const world = await startHybrid({ clock, cloud: { directory, server }, desktop: { pipeline: { media: true } } })
    await directory.tenants.editor?.putTenant({ id: 'shop', name: 'Shop', timeZone: 'UTC', settings })
    await until(clock, () => world.desktop.events.some(({ type }) => type === 'registered'))
    return {
      ...world,
      async [Symbol.asyncDispose]() {
        await world[Symbol.asyncDispose]()
        folder[Symbol.dispose]()
      },
    }
  }

  test('are there for the agents where the desktop and the tenant both want it', async () => {
    await using world = await openMedia({ desktopMedia: true })
    const anna = world.desktop.whatsApp.customer('anna')
    anna.sendsFile({ type: 'image', bytes, caption: 'look', mimeType: 'image/jpeg' })
    await until(world.clock, () => anna.texts.length === 1)
    expect(anna.texts).toEqual([bytes.toString()])
  })

  test('stay on the PC where the tenant does not want them, and the words are answered', async () => {
    await using world = await openMedia({})
    const { clock, cloud, desktop, network } = world
    const anna = desktop.whatsApp.customer('anna')
    anna.sendsFile({ type: 'image', bytes, caption: 'look' })
    await until(clock, () => anna.texts.length === 1)
    expect(anna.texts).toEqual(['no file: media_unavailable'])
    expect(desktop.pipeline.state).toBe('reachable')
    const sent = network.passed.map(({ body }) => body).join('')
    expect(sent).not.toContain(bytes.toString())
    const refused = await ask(cloud.port, `${root}/media/x?tenantId=shop`, {
      key: cloud.apiKey,
      method: 'PUT',
      body: 'x',
    })
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('desktopMedia')])
  })

  test('that are too large are refused by the server, and left out by the desktop', async () => {
    await using world = await openMedia({ desktopMedia: true })
    const { clock, cloud, desktop } = world
    const large = Buffer.alloc(1_000_001, 'x')
    const init = { key: cloud.apiKey, method: 'PUT', body: large } as const
    expect((await ask(cloud.port, `${root}/media/x?tenantId=shop`, init)).status).toBe(413)
    // Without a length it is counted on the way.
    const body = new Blob([large]).stream()
    const streamed = ask(cloud.port, `${root}/media/x?tenantId=shop`, { ...init, body, duplex: 'half' } as never)
    expect((await finish(clock, streamed)).status).toBe(413)
    const anna = desktop.whatsApp.customer('anna')
    anna.sendsFile({ type: 'image', bytes: large, caption: 'look', sizeBytes: 10 })
    await until(clock, () => anna.texts.length === 1)
    expect(anna.texts).toEqual(['no file: media_unavailable'])
  })
})
