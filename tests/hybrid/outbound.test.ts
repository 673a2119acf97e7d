import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { memoryStorage } from '@wa-agent/core'
import { sqliteDirectory } from '@wa-agent/server'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { faultProxy } from './fault-proxy.ts'
import { temporaryFolder } from './temporary-folder.ts'
import {
  adminKey,
  ask,
  brain,
  finish,
  type Hybrid,
  pass,
  startCloud,
  startDesktop,
  startHybrid,
  until,
} from './world.ts'

const there = (chat: string) => ({ tenant: 'shop', channel: 'desktop', chat })
const here = (chat: string) => ({ tenant: 'default', channel: 'default', chat })
const text = (words: string) => ({ type: 'text', text: words }) as const

/** What a customer was told: who wrote before may be written to. */
async function acquainted(world: Hybrid, ...names: readonly string[]): Promise<void> {
  for (const name of names) world.desktop.whatsApp.customer(name).says('hi', { id: `hi-${name}` })
  await until(world.clock, () => names.every((name) => world.desktop.whatsApp.customer(name).texts.length === 1))
  await until(world.clock, () => world.cloud.transport.desk.isConnected)
}

function said(world: Hybrid, name: string): readonly string[] {
  return world.desktop.whatsApp.customer(name).texts.slice(1)
}

describe('what the cloud says by itself', () => {
  test('goes out through the desktop once, and the cloud knows that it did', async () => {
    await using world = await startHybrid()
    const { clock, cloud } = world
    await acquainted(world, 'anna')
    const sent: unknown[] = []
    cloud.bot.on('reply-sent', ({ replyId }) => sent.push(replyId))
    await cloud.bot.send(there('anna'), text('your order left'), { id: 'news-1' })
    await cloud.bot.send(there('anna'), text('your order left'), { id: 'news-1' })
    await until(clock, () => sent.length === 1)
    await pass(clock, 120_000, 1000)
    expect(said(world, 'anna')).toEqual(['your order left'])
    expect([sent, (await cloud.bot.stats()).pendingReplies]).toEqual([['news-1'], 0])
  })

  test('waits for as long as no desktop listens, without becoming a dead letter', async () => {
    using folder = temporaryFolder()
    const storage = () => sqliteStorage({ path: folder.path('desktop.db') })
    await using world = await startHybrid({ desktop: { storage: storage() } })
    const { clock, cloud, desktop, network } = world
    await acquainted(world, 'anna')
    await desktop.stop()
    await until(clock, () => !cloud.transport.desk.isConnected, 1000)
    await cloud.bot.send(there('anna'), text('good morning'), { id: 'n1' })
    await pass(clock, 7_200_000, 20_000)
    expect(await cloud.bot.stats()).toMatchObject({ pendingReplies: 1, deadLetters: 0 })
    await using second = await startDesktop({
      ...{ clock, url: network.url, apiKey: cloud.apiKey, whatsApp: desktop.whatsApp, storage: storage() },
    })
    await until(clock, () => said(world, 'anna').length === 1, 1000)
    expect(said(world, 'anna')).toEqual(['good morning'])
    await second.stop()
  })

  test('comes once and in order, however often the stream is cut and acknowledgements are lost', async () => {
    await using world = await startHybrid()
    const { clock, cloud, network } = world
    const names = ['anna', 'bo', 'cleo']
    await acquainted(world, ...names)
    let count = 0
    network.fault = (path) => {
      count += 1
      if (path.endsWith('/ack')) return count % 2 === 0 ? 'lose' : 'refuse'
      return count % 5 === 0 ? 'error' : 'pass'
    }
    for (let n = 0; n < 6; n += 1) {
      for (const name of names) await cloud.bot.send(there(name), text(`news ${n}`), { id: `${name}-${n}` })
      if (n % 2 === 0) network.cut()
      await pass(clock, 3000)
    }
    network.fault = () => 'pass'
    await until(clock, async () => (await cloud.bot.stats()).pendingReplies === 0, 1000)
    const expected = Array.from({ length: 6 }, (_, n) => `news ${n}`)
    for (const name of names) expect(said(world, name)).toEqual(expected)
    expect(await cloud.bot.deadLetters.list()).toEqual([])
  })

  test('comes once although the desktop was restarted before it could acknowledge', async () => {
    using folder = temporaryFolder()
    const storage = () => sqliteStorage({ path: folder.path('desktop.db') })
    await using world = await startHybrid({ desktop: { storage: storage() } })
    const { clock, cloud, network, desktop } = world
    await acquainted(world, 'anna')
    network.fault = (path) => (path.endsWith('/ack') ? 'refuse' : 'pass')
    await cloud.bot.send(there('anna'), text('news'), { id: 'n1' })
    await until(clock, () => said(world, 'anna').length === 1)
    await desktop.stop()
    network.fault = () => 'pass'
    await using second = await startDesktop({
      ...{ clock, url: network.url, apiKey: cloud.apiKey, whatsApp: desktop.whatsApp, storage: storage() },
    })
    await until(clock, async () => (await cloud.bot.stats()).pendingReplies === 0, 1000)
    await pass(clock, 30_000, 1000)
    expect(said(world, 'anna')).toEqual(['news'])
    await second.stop()
  })

  test('is sent again where a crash of the cloud cut its sending off: the desktop knows whether it has it', async () => {
    const clock = virtualClock()
    const storage = memoryStorage({ clock })
    await storage.open()
    const nowMs = clock.now()
    const news = { kind: 'proactive', message: text('news'), inReplyTo: [], notBeforeMs: nowMs } as const
    await storage.enqueue(there('anna'), [{ id: 'n1', ...news }])
    const request = { owner: 'gone', nowMs, leaseMs: 1000, maxMessages: 1, historyLimit: 0, usageDay: '2026-01-01' }
    const [claim] = await storage.claim(request)
    if (claim) await storage.commit(claim.lease, { nowMs, sending: 'n1' })
    await using world = await startHybrid({ clock, cloud: { storage } })
    const anna = world.desktop.whatsApp.customer('anna')
    await until(clock, () => anna.texts.length > 0, 1000)
    await until(clock, async () => (await world.cloud.bot.stats()).pendingReplies === 0, 1000)
    await pass(clock, 60_000, 2000)
    expect([anna.texts, await world.cloud.bot.deadLetters.list()]).toEqual([['news'], []])
  })

  test('comes by long polls where streams are held back', async () => {
    await using world = await startHybrid({ desktop: { link: false } })
    const { clock, cloud, desktop } = world
    // A proxy that buffers streams: it takes them, and gives nothing of them away.
    const holding = createServer((incoming, outgoing) => {
      if (incoming.url?.includes('/stream')) {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        return
      }
      const chunks: Buffer[] = []
      incoming
        .on('data', (chunk) => chunks.push(chunk))
        .on('end', async () => {
          const { method = 'GET', headers, url } = incoming
          const init = {
            method,
            headers: headers as never,
            ...(method === 'GET' ? {} : { body: Buffer.concat(chunks) }),
          }
          const response = await fetch(`http://127.0.0.1:${cloud.port}${url}`, init).catch(() => undefined)
          outgoing.writeHead(response?.status ?? 502).end(await response?.text())
        })
    })
    await new Promise<void>((resolve) => holding.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(holding.address() as AddressInfo).port}`
    await using polling = await startDesktop({ clock, url, apiKey: cloud.apiKey, whatsApp: desktop.whatsApp })
    const anna = desktop.whatsApp.customer('anna')
    anna.says('hi', { id: 'hi' })
    await until(clock, () => anna.texts.length === 1)
    await until(clock, () => cloud.transport.desk.isConnected, 1000)
    for (let n = 0; n < 5; n += 1) await cloud.bot.send(there('anna'), text(`news ${n}`))
    await until(clock, () => anna.texts.length === 6)
    await until(clock, async () => (await cloud.bot.stats()).pendingReplies === 0)
    expect(anna.texts.slice(1)).toEqual(['news 0', 'news 1', 'news 2', 'news 3', 'news 4'])
    await polling.stop()
    holding.closeAllConnections()
    await new Promise((resolve) => holding.close(resolve))
  })

  test('does not hold up answers where the desktop cannot listen at all', async () => {
    await using world = await startHybrid()
    const { clock, cloud, desktop, network } = world
    network.fault = (path) => (/stream|outbound/.test(path) ? 'error' : 'pass')
    network.cut()
    await pass(clock, 30_000, 1000)
    const anna = desktop.whatsApp.customer('anna')
    const bo = desktop.whatsApp.customer('bo')
    await cloud.bot.send(there('anna'), text('news'))
    for (let n = 0; n < 5; n += 1) {
      anna.says(`a${n}`, { id: `a${n}` })
      bo.says(`b${n}`, { id: `b${n}` })
      const saidAtMs = clock.now()
      await until(clock, () => anna.texts.length === n + 1 && bo.texts.length === n + 1)
      expect(clock.now() - saidAtMs).toBeLessThan(5000)
    }
    network.fault = () => 'pass'
    await until(clock, async () => (await cloud.bot.stats()).pendingReplies === 0, 1000)
    await until(clock, () => anna.texts.length === 6)
    expect([anna.texts.at(-1), bo.texts.length]).toEqual(['news', 5])
    expect(world.mind.asked).toHaveLength(10)
  })

  test('is acknowledged by the id of the last event, too: a stream that is resumed begins after it', async () => {
    await using world = await startHybrid({ desktop: { link: false } })
    const { clock, cloud } = world
    const sent: string[] = []
    cloud.bot.on('reply-sent', ({ replyId }) => sent.push(replyId))
    const listen = async (last?: string) => {
      const controller = new AbortController()
      const headers = last === undefined ? {} : { 'last-event-id': last }
      const { signal } = controller
      const path = '/api/desktop-agent/stream?tenantId=shop'
      const response = await ask(cloud.port, path, { key: cloud.apiKey, headers, signal })
      const got: string[] = []
      const reading = (async () => {
        for await (const chunk of response.body ?? []) got.push(Buffer.from(chunk).toString())
      })().catch(() => undefined)
      const ids = () => got.join('').match(/(?<=^id: ).*$/gm) ?? []
      return { ids, end: () => controller.abort(), reading }
    }
    const first = await listen()
    for (const chat of ['anna', 'bo', 'cleo']) await cloud.bot.send(there(chat), text('news'), { id: `n ${chat}` })
    await until(clock, () => first.ids().length === 3)
    const [one = '', two = '', three = ''] = first.ids()
    first.end()
    await first.reading
    const second = await listen(two)
    await until(clock, () => second.ids().length === 1 && sent.length === 2)
    expect(second.ids()).toEqual([three])
    expect(sent.map((id) => encodeURIComponent(id)).toSorted()).toEqual([one, two].toSorted())
    const json = { tenantId: 'shop', ids: [decodeURIComponent(three)] }
    await finish(clock, ask(cloud.port, '/api/desktop-agent/ack', { key: cloud.apiKey, json }))
    await until(clock, () => sent.length === 3)
    second.end()
    await second.reading
  })

  test('is a dead letter in the cloud where the desktop can never say it', async () => {
    await using world = await startHybrid()
    const { clock, cloud } = world
    await acquainted(world, 'anna')
    const desk = cloud.transport.desk
    // What only a mistake in between could make: an event that the desktop does not understand.
    const result = desk.deliver(
      { type: 'message', id: 'n1', chat: 'anna', message: { type: 'song' } as never },
      new AbortController().signal,
    )
    expect(await finish(clock, result)).toMatchObject({ status: 'failed', retryable: false })
  })
})

describe('orders of people in the cloud', () => {
  test('pause and resume hold through restarts of both sides', async () => {
    using folder = temporaryFolder()
    const clock = virtualClock()
    const mind = brain(clock)
    const storage = () => sqliteStorage({ path: folder.path('cloud.db') })
    const before = await startCloud({ clock, pipeline: mind.pipeline, storage: storage() })
    const { directory, apiKey } = before
    const order = (port: number, type: string) =>
      ask(port, '/api/desktop-agent/commands', { key: apiKey, json: { tenantId: 'shop', type } })
    expect((await finish(clock, order(before.port, 'pause'))).status).toBe(202)
    await before.stop()

    await using after = await startCloud({ clock, pipeline: mind.pipeline, storage: storage(), directory, apiKey })
    await using network = await faultProxy(after.port)
    await using desktop = await startDesktop({ clock, url: network.url, apiKey })
    await until(clock, () => desktop.events.some(({ type }) => type === 'paused'))
    const anna = desktop.whatsApp.customer('anna')
    anna.says('hello', { id: 'm1' })
    await pass(clock, 60_000, 1000)
    expect(mind.asked).toEqual([])
    await finish(clock, order(after.port, 'resume'))
    await until(clock, () => anna.texts.length === 1, 500)
    expect(
      desktop.events.filter(({ type }) => type === 'paused' || type === 'resumed').map(({ type }) => type),
    ).toEqual(['paused', 'resumed'])
    expect(after.transport.desk.record.commands).toEqual([])
    await desktop.stop()
  })

  test('a handoff and its release reach the desktop, also one that was off', async () => {
    await using world = await startHybrid()
    const { clock, cloud, desktop, network } = world
    await acquainted(world, 'anna')
    await desktop.stop()
    await cloud.bot.handoff(there('anna'), { reason: 'I will call her' })
    await pass(clock, 60_000, 1000)
    await using second = await startDesktop({
      ...{ clock, url: network.url, apiKey: cloud.apiKey, whatsApp: desktop.whatsApp },
    })
    await until(clock, async () => (await second.bot.answers(here('anna'), [])).handoff?.reason === 'I will call her')
    desktop.whatsApp.customer('anna').says('hello?', { id: 'm2' })
    await until(clock, async () => (await second.bot.answers(here('anna'), ['m2'])).messages[0]?.status === 'done')
    expect(said(world, 'anna')).toEqual([])

    await cloud.bot.release(there('anna'))
    await until(clock, async () => (await second.bot.answers(here('anna'), [])).handoff === undefined)
    desktop.whatsApp.customer('anna').says('hello again', { id: 'm3' })
    await until(clock, () => said(world, 'anna').length === 1)
    await second.stop()
  })
})

describe('a second desktop', () => {
  test('takes the channel over: the first is told, and neither asks nor listens nor acknowledges any more', async () => {
    await using world = await startHybrid()
    const { clock, cloud, desktop: first, network } = world
    await acquainted(world, 'anna')
    await using second = await startDesktop({ clock, url: network.url, apiKey: cloud.apiKey })
    await until(clock, () => first.events.some(({ type }) => type === 'superseded'))
    expect(first.pipeline.state).toBe('superseded')
    first.whatsApp.customer('bo').says('to the first', { id: 'm1' })
    await pass(clock, 600_000, 5000)
    expect(world.mind.asked).toEqual(['hi-anna'])
    expect(await first.bot.stats()).toMatchObject({ pendingMessages: 1, deadLetters: 0 })

    second.whatsApp.customer('cleo').says('to the second', { id: 'm2' })
    await until(clock, () => second.whatsApp.customer('cleo').texts.length === 1)
    await cloud.bot.send(there('cleo'), text('news'))
    await until(clock, () => second.whatsApp.customer('cleo').texts.length === 2)
    expect(first.whatsApp.customer('cleo').texts).toEqual([])
    expect(second.events.filter(({ type }) => type === 'superseded')).toEqual([])
    await second.stop()
  })

  test('makes everything that the first asks a conflict', async () => {
    const clock = virtualClock()
    await using cloud = await startCloud({ clock, pipeline: brain(clock).pipeline })
    const { port, apiKey: key } = cloud
    const root = '/api/desktop-agent'
    const about = { tenantId: 'shop' }
    const register = async () => (await ask(port, `${root}/register`, { key, json: about })).json()
    const { session } = (await finish(clock, register())) as { session: string }
    await finish(clock, register())
    const message = { from: 'anna', message: 'hi', timestamp: 1_767_225_600 }
    const calls = [
      ask(port, `${root}/heartbeat`, { key, json: { ...about, session } }),
      ask(port, `${root}/process-message`, { key, json: { ...about, session, ...message } }),
      ask(port, `${root}/ack`, { key, json: { ...about, session, ids: ['x'] } }),
      ask(port, `${root}/stream?tenantId=shop&session=${session}`, { key }),
      ask(port, `${root}/outbound?tenantId=shop&session=${session}`, { key }),
      ask(port, `${root}/media/x?tenantId=shop&session=${session}`, { key, method: 'PUT', body: 'x' }),
    ]
    for (const response of await finish(clock, Promise.all(calls))) {
      expect(response.status).toBe(409)
      expect(await response.json()).toMatchObject({ type: 'urn:wa-agent:problem:superseded' })
    }
    expect(await cloud.bot.stats()).toMatchObject({ conversations: 0 })
  })
})

describe('the status', () => {
  test('is offline when heartbeats stop, in the directory as well, and tells how the desktop was', async () => {
    using folder = temporaryFolder()
    const clock = virtualClock()
    const directory = sqliteDirectory({ path: folder.path('directory.db'), clock })
    let phone: string | undefined
    await using world = await startHybrid({
      clock,
      cloud: { directory },
      desktop: { link: { phone: () => phone, version: '1.2.3', battery: () => ({ percent: 80 }) } },
    })
    const { cloud, desktop, network } = world
    const status = async () => {
      const response = await ask(cloud.port, '/api/desktop-agent/status/shop', { key: cloud.apiKey })
      return (await response.json()) as Record<string, unknown>
    }
    const columns = () => {
      using db = new DatabaseSync(folder.path('directory.db'), { readOnly: true })
      return { ...db.prepare("SELECT * FROM tenants WHERE id = 'shop'").get() }
    }
    expect(columns()).toMatchObject({ desktop_agent_status: null, desktop_agent_last_seen: null })
    await until(clock, async () => (await status())['whatsApp'] === 'connected')
    expect((await status())['phone']).toBeNull()
    phone = '+91 98'
    await until(clock, async () => (await status())['phone'] === phone, 1000)
    await pass(clock, 35_000, 1000)
    expect(await status()).toMatchObject({
      ...{ status: 'online', reachable: true, phone: '+91 98', device: 'PC', version: '1.2.3' },
      ...{ queueDepth: 0, battery: { percent: 80 }, paused: false },
    })
    expect(columns()).toMatchObject({ desktop_agent_status: 'online', desktop_agent_phone: '+91 98' })
    const seenMs = Number(columns()['desktop_agent_last_seen'])
    network.fault = () => 'hang'
    network.cut()
    await pass(clock, 125_000, 1000)
    expect(await status()).toMatchObject({ status: 'offline', reachable: false, phone: '+91 98' })
    expect(columns()).toMatchObject({
      ...{ desktop_agent_status: 'offline', desktop_agent_phone: '+91 98', desktop_agent_device: 'PC' },
      desktop_agent_last_seen: expect.toSatisfy((lastMs: number) => lastMs >= seenMs && lastMs < clock.now() - 90_000),
    })
    network.fault = () => 'pass'
    await until(clock, async () => (await status())['status'] === 'online', 1000)
    await desktop.stop()
    directory.close()
  })

  test('goes on after a mistake in what is asked of the application', async () => {
    let times = 0
    const battery = () => {
      times += 1
      if (times === 1) throw new Error('no battery')
      return { percent: 50 }
    }
    await using world = await startHybrid({ desktop: { link: { battery } } })
    const { clock, cloud, desktop } = world
    await until(clock, () => cloud.transport.desk.vitals.battery?.percent === 50, 1000)
    expect(desktop.events).toContainEqual(expect.objectContaining({ type: 'error', doing: 'keeping the link' }))
    expect(cloud.transport.desk.isConnected).toBe(true)
  })

  test('of no desktop takes the server out of work', async () => {
    const clock = virtualClock()
    await using cloud = await startCloud({ clock, pipeline: brain(clock).pipeline })
    expect((await ask(cloud.port, '/ready')).status).toBe(200)
    expect((await ask(cloud.port, '/api/tenants', { key: adminKey })).status).toBe(200)
  })
})
