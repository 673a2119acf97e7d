import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { adminKey, ask, brain, type Cloud, finish, startCloud, until } from './world.ts'

const root = '/api/desktop-agent'
const there = { tenant: 'shop', channel: 'pc', chat: 'anna' }
const news = { type: 'text', text: 'news' } as const

/** A cloud whose channel `pc` is in the directory, beside the configured one. */
async function openCloud() {
  const clock = virtualClock()
  const mind = brain(clock)
  const cloud = await startCloud({ clock, pipeline: mind.pipeline })
  const json = { transport: 'desktop' }
  await finish(clock, ask(cloud.port, '/api/tenants/shop/channels/pc', { key: adminKey, method: 'PUT', json }))
  return { clock, mind, cloud, [Symbol.asyncDispose]: () => cloud.stop() }
}

async function register({ port, apiKey: key }: Cloud): Promise<string> {
  const response = await ask(port, `${root}/register`, { key, json: { tenantId: 'shop', channel: 'pc' } })
  return ((await response.json()) as { session: string }).session
}

/** What comes over a stream, and whether it has ended. */
async function listen({ port, apiKey: key }: Cloud, session?: string) {
  const query = new URLSearchParams({ tenantId: 'shop', channel: 'pc', ...(session === undefined ? {} : { session }) })
  const ending = new AbortController()
  const response = await ask(port, `${root}/stream?${query}`, { key, signal: ending.signal })
  const stream = { status: response.status, heard: '', hasEnded: false, end: () => ending.abort() }
  const read = async () => {
    for await (const chunk of response.body ?? []) stream.heard += Buffer.from(chunk).toString()
  }
  void read()
    .catch(() => undefined)
    .finally(() => {
      stream.hasEnded = true
    })
  return stream
}

/** What ends a stream that is open: the key is revoked, or the channel is taken away. */
const ends: Record<string, (cloud: Cloud) => Promise<unknown>> = {
  'a key that is revoked': async ({ directory }) => {
    const [key] = (await directory.keys.editor?.list({ tenant: 'shop' })) ?? []
    await directory.keys.editor?.revoke(key?.id ?? '')
  },
  'a channel that is deleted': ({ port }) =>
    ask(port, '/api/tenants/shop/channels/pc', { key: adminKey, method: 'DELETE' }),
}

describe('who listens already', () => {
  for (const [what, end] of Object.entries(ends)) {
    test(`with ${what} hears nothing more, neither by a stream nor by a poll`, async () => {
      await using world = await openCloud()
      const { clock, cloud } = world
      const session = await register(cloud)
      const stream = await listen(cloud, session)
      await until(clock, () => stream.heard.includes('connected'))
      await finish(clock, end(cloud))
      await cloud.bot.send(there, news)
      await until(clock, () => stream.hasEnded)
      expect(stream.heard).not.toContain('news')
    })

    test(`with ${what} and a poll that waits gets no event`, async () => {
      await using world = await openCloud()
      const { clock, cloud } = world
      const session = await register(cloud)
      const path = `${root}/outbound?tenantId=shop&channel=pc&session=${session}&wait=20`
      const polled = ask(cloud.port, path, { key: cloud.apiKey })
      const isConnected = async () => {
        const response = await ask(cloud.port, `${root}/status/shop?channel=pc`, { key: adminKey })
        return ((await response.json()) as { reachable: boolean }).reachable
      }
      await until(clock, isConnected)
      await finish(clock, end(cloud))
      await cloud.bot.send(there, news)
      expect(await (await finish(clock, polled)).json()).toEqual({ events: [] })
    })
  }

  test('with a key that is revoked is cut off even where nothing is to be said', async () => {
    await using world = await openCloud()
    const { clock, cloud } = world
    const stream = await listen(cloud, await register(cloud))
    await finish(clock, ends['a key that is revoked']?.(cloud) ?? Promise.resolve())
    const endedAtMs = clock.now()
    await until(clock, () => stream.hasEnded, 1000)
    // Long before it would count as offline.
    expect(clock.now() - endedAtMs).toBeLessThan(30_000)
  })
})

describe('a desktop channel that is deleted', () => {
  test('is not there any more, and there again when it is put again', async () => {
    await using world = await openCloud()
    const { clock, cloud, mind } = world
    const json = { tenantId: 'shop', channel: 'pc', from: 'anna', message: 'hi', timestamp: 1_767_225_600 }
    const asked = async () =>
      (await finish(clock, ask(cloud.port, `${root}/process-message`, { key: cloud.apiKey, json }))).status
    await finish(clock, ends['a channel that is deleted']?.(cloud) ?? Promise.resolve())
    expect([await asked(), mind.asked]).toEqual([404, []])
    // Only the configured channel is left, so nobody need say which.
    expect((await ask(cloud.port, `${root}/status/shop`, { key: cloud.apiKey })).status).toBe(200)
    const put = { key: adminKey, method: 'PUT', json: { transport: 'desktop' } }
    await finish(clock, ask(cloud.port, '/api/tenants/shop/channels/pc', put))
    expect(await asked()).toBe(200)
  })
})

describe('who has no session', () => {
  test('neither listens nor acknowledges in place of the desktop that has the channel', async () => {
    await using world = await openCloud()
    const { clock, cloud } = world
    const session = await register(cloud)
    const desktop = await listen(cloud, session)
    await cloud.bot.send(there, news, { id: 'n1' })
    await until(clock, () => desktop.heard.includes('news'))
    const about = { tenantId: 'shop', channel: 'pc' }
    const key = cloud.apiKey
    const others = [
      ask(cloud.port, `${root}/stream?${new URLSearchParams(about)}`, { key }),
      ask(cloud.port, `${root}/outbound?${new URLSearchParams(about)}`, { key }),
      ask(cloud.port, `${root}/ack`, { key, json: { ...about, ids: ['n1'] } }),
    ]
    for (const response of await finish(clock, Promise.all(others))) expect(response.status).toBe(409)
    expect([desktop.hasEnded, (await cloud.bot.stats()).pendingReplies]).toEqual([false, 1])
    desktop.end()
  })

  test('is answered, as the first clients are', async () => {
    await using world = await openCloud()
    const { clock, cloud } = world
    await register(cloud)
    const json = { tenantId: 'shop', channel: 'pc', from: 'anna', message: 'hi', timestamp: 1_767_225_600 }
    const response = await finish(clock, ask(cloud.port, `${root}/process-message`, { key: cloud.apiKey, json }))
    expect(await response.json()).toMatchObject({ reply: 'answer to hi' })
  })
})

test('a desktop that is superseded while it waits for an answer does not get it: the other one says it', async () => {
  await using world = await openCloud()
  const { clock, cloud, mind } = world
  let open = () => undefined as undefined
  mind.gate = new Promise((resolve) => {
    open = () => void resolve() as undefined
  })
  const asking = (session: string) => {
    const json = { tenantId: 'shop', channel: 'pc', session, from: 'anna', message: 'hi', timestamp: 1_767_225_600 }
    return ask(cloud.port, `${root}/process-message`, { key: cloud.apiKey, json })
  }
  const first = asking(await register(cloud))
  await until(clock, () => mind.asked.length === 1)
  const session = await register(cloud)
  open()
  expect((await finish(clock, first)).status).toBe(409)
  expect(await (await finish(clock, asking(session))).json()).toMatchObject({ reply: 'answer to hi' })
  expect(mind.asked).toHaveLength(1)
})

test('an id that no address can hold stops nobody from hearing what comes after it', async () => {
  await using world = await openCloud()
  const { clock, cloud } = world
  const stream = await listen(cloud, await register(cloud))
  await cloud.bot.send(there, news, { id: 'half \ud800' })
  await cloud.bot.send({ ...there, chat: 'bo' }, { type: 'text', text: 'more' })
  await until(clock, () => stream.heard.includes('more') && stream.heard.includes('news'))
  stream.end()
})
