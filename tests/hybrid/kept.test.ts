import { DatabaseSync } from 'node:sqlite'
import { sqliteDirectory } from '@wa-agent/server'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'
import { ask, brain, finish, pass, startCloud, startDesktop, startHybrid, until } from './world.ts'

const root = '/api/desktop-agent'
const here = { tenant: 'default', channel: 'default', chat: 'anna' }

describe('what the customer says now is answered', () => {
  test('also where it comes with what nobody answered for longer than the cloud takes it', async () => {
    using folder = temporaryFolder()
    const storage = () => sqliteStorage({ path: folder.path('desktop.db') })
    const server = { desktop: { maxMessageAgeMs: 60_000 } }
    await using world = await startHybrid({ cloud: { server }, desktop: { storage: storage() } })
    const { clock, desktop, network, mind } = world
    network.fault = () => 'refuse'
    desktop.whatsApp.customer('anna').says('long ago', { id: 'm1' })
    await pass(clock, 5000)
    await desktop.stop()
    await pass(clock, 120_000, 5000)
    network.fault = () => 'pass'
    desktop.whatsApp.customer('anna').says('and now', { id: 'm2' })
    await using second = await startDesktop({
      ...{ clock, url: network.url, apiKey: world.cloud.apiKey, storage: storage(), whatsApp: desktop.whatsApp },
    })
    const done = async () => (await second.bot.answers(here, ['m2'])).messages[0]?.status
    await until(clock, async () => ['done', 'dead'].includes((await done()) ?? ''), 500)
    expect([await done(), mind.asked.at(-1)]).toEqual(['done', 'm2'])
    await second.stop()
  })

  test('also where somebody gave a long reason for having the conversation', async () => {
    await using world = await startHybrid()
    const { clock, cloud, desktop } = world
    await desktop.bot.handoff(here, { reason: 'because '.repeat(100) })
    desktop.whatsApp.customer('anna').says('hello?', { id: 'm1' })
    const there = { tenant: 'shop', channel: 'desktop', chat: 'anna' }
    await until(clock, async () => (await cloud.bot.answers(there, ['m1'])).messages[0]?.status === 'done')
    expect((await cloud.bot.answers(there, [])).handoff?.reason).toMatch(/^because because/)
    expect(await desktop.bot.deadLetters.list()).toEqual([])
  })
})

test('a desktop that the cloud cannot register answers all the same, and says why', async () => {
  await using world = await startHybrid({ desktop: { link: { device: 'x'.repeat(501) } } })
  const { clock, desktop } = world
  desktop.whatsApp.customer('anna').says('hello', { id: 'm1' })
  await until(clock, () => desktop.whatsApp.customer('anna').texts.length === 1)
  expect(desktop.events).toContainEqual(expect.objectContaining({ type: 'error', doing: 'registering' }))
})

test('a desktop that is paused and restarted does not answer what was pending before it knows', async () => {
  using folder = temporaryFolder()
  const storage = () => sqliteStorage({ path: folder.path('desktop.db') })
  await using world = await startHybrid({ desktop: { storage: storage() } })
  const { clock, cloud, desktop, network, mind } = world
  await until(clock, () => desktop.events.some(({ type }) => type === 'registered'))
  const json = { tenantId: 'shop', type: 'pause' }
  await finish(clock, ask(cloud.port, `${root}/commands`, { key: cloud.apiKey, json }))
  await until(clock, () => desktop.events.some(({ type }) => type === 'paused'))
  desktop.whatsApp.customer('anna').says('hello', { id: 'm1' })
  await pass(clock, 2000)
  await desktop.stop()
  // Nobody says how long registering takes.
  let isOpen = false
  network.fault = (path) => (path.endsWith('register') && !isOpen ? 'refuse' : 'pass')
  await using second = await startDesktop({
    ...{ clock, url: network.url, apiKey: cloud.apiKey, storage: storage(), whatsApp: desktop.whatsApp },
  })
  await pass(clock, 60_000, 1000)
  isOpen = true
  await until(clock, () => second.events.some(({ type }) => type === 'paused'), 1000)
  await pass(clock, 60_000, 1000)
  expect(mind.asked).toEqual([])
  await finish(clock, ask(cloud.port, `${root}/commands`, { key: cloud.apiKey, json: { ...json, type: 'resume' } }))
  await until(clock, () => desktop.whatsApp.customer('anna').texts.length === 1, 500)
  await second.stop()
})

test('a desktop that does not come back after a restart of the cloud is offline in the directory, too', async () => {
  using folder = temporaryFolder()
  const clock = virtualClock()
  const mind = brain(clock)
  const directory = sqliteDirectory({ path: folder.path('directory.db'), clock })
  const storage = () => sqliteStorage({ path: folder.path('cloud.db') })
  const columns = () => {
    using db = new DatabaseSync(folder.path('directory.db'), { readOnly: true })
    return { ...db.prepare("SELECT * FROM tenants WHERE id = 'shop'").get() }
  }
  const before = await startCloud({ clock, pipeline: mind.pipeline, storage: storage(), directory })
  const { apiKey } = before
  for (let beats = 0; beats < 10; beats += 1) {
    const json = { tenantId: 'shop' }
    await finish(clock, ask(before.port, `${root}/heartbeat`, { key: apiKey, json }))
    await pass(clock, 30_000, 5000)
  }
  expect(columns()['desktop_agent_status']).toBe('online')
  const lastSeenMs = Number(columns()['desktop_agent_last_seen'])
  await before.stop()
  await using after = await startCloud({ clock, pipeline: mind.pipeline, storage: storage(), directory, apiKey })
  await pass(clock, 95_000, 5000)
  expect(columns()['desktop_agent_status']).toBe('offline')
  const status = await (await ask(after.port, `${root}/status/shop`, { key: apiKey })).json()
  expect(status).toMatchObject({ status: 'offline' })
  const { lastSeenMs: told } = status as { lastSeenMs: number }
  expect(lastSeenMs - told).toBeLessThan(61_000)
  await after.stop()
  directory.close()
})
