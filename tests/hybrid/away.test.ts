import { memoryStorage } from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { seededRandom, virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import type { Fault } from './fault-proxy.ts'
import { faultProxy } from './fault-proxy.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { brain, pass, startCloud, startDesktop, startHybrid, until } from './world.ts'

describe('while the cloud cannot be asked', () => {
  for (const fault of ['refuse', 'error', 'garbage', 'hang', 'lose'] satisfies Fault[]) {
    test(`(${fault}) turns stay pending, and go out once and in order afterwards`, async () => {
      await using world = await startHybrid()
      const { clock, desktop, network } = world
      network.fault = () => fault
      const anna = desktop.whatsApp.customer('anna')
      const bo = desktop.whatsApp.customer('bo')
      anna.says('one', { id: 'a1' })
      bo.says('eins', { id: 'b1' })
      await pass(clock, 60_000, 2000)
      anna.says('two', { id: 'a2' })
      await pass(clock, 300_000, 5000)
      expect(desktop.whatsApp.sent).toEqual([])
      expect(await desktop.bot.deadLetters.list()).toEqual([])
      expect(desktop.pipeline.state).toBe('away')

      network.fault = () => 'pass'
      anna.says('three', { id: 'a3' })
      await until(clock, () => anna.texts.join().includes('three') && bo.texts.length > 0)
      await pass(clock, 60_000, 1000)
      const said = anna.texts.join(' ')
      expect(said.match(/one|two|three/g)).toEqual(['one', 'two', 'three'])
      expect(bo.texts).toEqual(['answer to eins'])
      expect(world.mind.asked.toSorted()).toEqual(['a1', 'a2', 'a3', 'b1'])
    })
  }

  test('it is left alone for a while after five failures', async () => {
    await using world = await startHybrid()
    const { clock, desktop, network } = world
    await until(clock, () => desktop.events.some(({ type }) => type === 'registered'))
    let tries = 0
    network.fault = (path) => {
      if (!path.endsWith('process-message')) return 'pass'
      tries += 1
      return 'error'
    }
    for (let n = 0; n < 50; n += 1) desktop.whatsApp.customer(`c${n}`).says('hi', { id: `m${n}` })
    await pass(clock, 25_000)
    expect(tries).toBeLessThan(60)
    const before = tries
    await pass(clock, 60_000)
    // One try after each rest, and a few that were under way.
    expect(tries - before).toBeLessThan(6)
  })

  test('messages that have become too old go to the owner, and nothing is asked about them', async () => {
    await using world = await startHybrid({ desktop: { pipeline: { maxAgeMs: 3_600_000 } } })
    const { clock, desktop, network } = world
    network.fault = () => 'refuse'
    const anna = desktop.whatsApp.customer('anna')
    anna.says('urgent', { id: 'm1' })
    await pass(clock, 3_700_000, 60_000)
    network.fault = () => 'pass'
    const here = { tenant: 'default', channel: 'default', chat: 'anna' }
    await until(clock, async () => (await desktop.bot.answers(here, ['m1'])).messages[0]?.status === 'done')
    expect((await desktop.bot.answers(here, [])).handoff?.reason).toContain('too old')
    expect(desktop.events).toContainEqual({ type: 'too-old', chat: 'anna', messageIds: ['m1'] })
    expect([world.mind.asked, anna.texts]).toEqual([[], []])
  })

  test('messages that have become too old get the configured answer', async () => {
    const pipeline = { maxAgeMs: 60_000, tooOld: { text: 'Sorry, we were away. Please write again.' } }
    await using world = await startHybrid({ desktop: { pipeline } })
    world.network.fault = () => 'refuse'
    const anna = world.desktop.whatsApp.customer('anna')
    anna.says('urgent', { id: 'm1' })
    await until(world.clock, () => anna.texts.length > 0, 1000)
    expect(anna.texts).toEqual(['Sorry, we were away. Please write again.'])
  })

  test('whatever the network does, each message is answered once and in order', async () => {
    const random = seededRandom(7)
    await using world = await startHybrid()
    const { clock, desktop, network, mind } = world
    const faults: Fault[] = ['refuse', 'error', 'garbage', 'lose', 'pass', 'pass']
    network.fault = () => faults[Math.floor(random() * faults.length)] ?? 'pass'
    const names = ['anna', 'bo', 'cleo']
    for (let n = 0; n < 8; n += 1) {
      for (const name of names) desktop.whatsApp.customer(name).says(`w${n}`, { id: `${name}-${n}` })
      if (n % 3 === 0) network.cut()
      await pass(clock, 5000, 500)
    }
    network.fault = () => 'pass'
    const words = (name: string) => desktop.whatsApp.customer(name).texts.flatMap((text) => text.match(/w\d/g) ?? [])
    await until(clock, () => names.every((name) => words(name).includes('w7')), 500)
    await pass(clock, 60_000, 1000)
    const expected = Array.from({ length: 8 }, (_, n) => `w${n}`)
    for (const name of names) expect([name, words(name)]).toEqual([name, expected])
    expect(mind.asked.toSorted()).toEqual(names.flatMap((name) => expected.map((_, n) => `${name}-${n}`)).toSorted())
    expect(desktop.whatsApp.breaches).toEqual([])
  })
})

test('the cloud learns at once that WhatsApp is gone and back again, not with the next heartbeat', async () => {
  await using world = await startHybrid()
  const { clock, cloud, desktop } = world
  const { desk } = cloud.transport
  await until(clock, () => desk.vitals.whatsApp === 'connected')
  // A heartbeat went out just now; the next one is 30 seconds away.
  const cutAtMs = clock.now()
  desktop.whatsApp.disconnect()
  await until(clock, () => desk.vitals.whatsApp === 'disconnected')
  desktop.whatsApp.reconnect()
  await until(clock, () => desk.vitals.whatsApp === 'connected')
  expect(clock.now() - cutAtMs).toBeLessThan(10_000)
})

describe('a restart', () => {
  test('of the cloud loses no answer and makes none twice, though the desktop never got the first', async () => {
    using folder = temporaryFolder()
    const clock = virtualClock()
    const mind = brain(clock)
    const storage = () => sqliteStorage({ path: folder.path('cloud.db') })
    const before = await startCloud({ clock, pipeline: mind.pipeline, storage: storage() })
    const { directory, apiKey } = before
    await using network = await faultProxy(before.port)
    network.fault = (path) => (path.endsWith('process-message') ? 'lose' : 'pass')
    await using desktop = await startDesktop({ clock, url: network.url, apiKey })
    const anna = desktop.whatsApp.customer('anna')
    anna.says('hello', { id: 'm1' })
    await until(clock, () => mind.asked.length === 1)
    await before.stop()

    await using after = await startCloud({ clock, pipeline: mind.pipeline, storage: storage(), directory, apiKey })
    network.target = after.port
    network.fault = () => 'pass'
    await until(clock, () => anna.texts.length > 0)
    await pass(clock, 60_000, 1000)
    expect(anna.texts).toEqual(['answer to hello'])
    expect(mind.asked).toEqual(['m1'])
    // The session survived: nobody was superseded by a restart.
    expect(desktop.events.filter(({ type }) => type === 'superseded')).toEqual([])
    await desktop.stop()
  })

  test('of the cloud in the middle of a turn answers it once', async () => {
    using folder = temporaryFolder()
    const clock = virtualClock()
    const mind = brain(clock)
    let open: () => void = () => undefined
    mind.gate = new Promise((resolve) => {
      open = resolve
    })
    const storage = () => sqliteStorage({ path: folder.path('cloud.db') })
    const bot = { stopTimeoutMs: 1000 }
    const before = await startCloud({ clock, pipeline: mind.pipeline, storage: storage(), bot })
    const { directory, apiKey } = before
    await using network = await faultProxy(before.port)
    await using desktop = await startDesktop({ clock, url: network.url, apiKey })
    const anna = desktop.whatsApp.customer('anna')
    anna.says('hello', { id: 'm1' })
    await until(clock, () => mind.asked.length === 1)
    await before.stop()
    mind.gate = undefined
    open()
    await using after = await startCloud({ clock, pipeline: mind.pipeline, storage: storage(), directory, apiKey })
    network.target = after.port
    await until(clock, () => anna.texts.length > 0)
    await pass(clock, 60_000, 1000)
    expect(anna.texts).toEqual(['answer to hello'])
    await desktop.stop()
  })

  test('of the desktop goes on with what was pending', async () => {
    using folder = temporaryFolder()
    const storage = () => sqliteStorage({ path: folder.path('desktop.db') })
    await using world = await startHybrid({ desktop: { storage: storage() } })
    const { clock, network, cloud, desktop } = world
    network.fault = () => 'refuse'
    desktop.whatsApp.customer('anna').says('one', { id: 'm1' })
    desktop.whatsApp.customer('anna').says('two', { id: 'm2' })
    await pass(clock, 10_000)
    await desktop.stop()
    network.fault = () => 'pass'
    await using second = await startDesktop({
      ...{ clock, url: network.url, apiKey: cloud.apiKey, storage: storage() },
      whatsApp: desktop.whatsApp,
    })
    const anna = second.whatsApp.customer('anna')
    await until(clock, () => anna.texts.join().includes('two'))
    await pass(clock, 60_000, 1000)
    expect(anna.texts.join(' ').match(/one|two/g)).toEqual(['one', 'two'])
    expect(world.mind.asked.toSorted()).toEqual(['m1', 'm2'])
    await second.stop()
  })

  test('of a cloud that forgets everything makes the desktop register again', async () => {
    const clock = virtualClock()
    const mind = brain(clock)
    const before = await startCloud({ clock, pipeline: mind.pipeline, storage: memoryStorage({ clock }) })
    const { directory, apiKey } = before
    await using network = await faultProxy(before.port)
    await using desktop = await startDesktop({ clock, url: network.url, apiKey })
    await until(clock, () => desktop.events.some(({ type }) => type === 'registered'))
    await before.stop()
    await using after = await startCloud({ clock, pipeline: mind.pipeline, directory, apiKey })
    network.target = after.port
    await until(clock, () => after.transport.desk.isConnected)
    expect(desktop.events.filter(({ type }) => type === 'registered')).toHaveLength(2)
    expect(desktop.pipeline.state).toBe('reachable')
    await desktop.stop()
  })
})

describe('a key that is revoked', () => {
  test('is told, keeps everything pending, and leaves nothing in the cloud', async () => {
    await using world = await startHybrid()
    const { clock, cloud, desktop } = world
    await until(clock, () => desktop.events.some(({ type }) => type === 'registered'))
    const { keys } = cloud.directory
    const [key] = (await keys.editor?.list()) ?? []
    await keys.editor?.revoke(key?.id ?? '')
    desktop.whatsApp.customer('anna').says('hello', { id: 'm1' })
    await until(clock, () => desktop.pipeline.state === 'refused')
    await pass(clock, 600_000, 5000)
    expect(desktop.events).toContainEqual(expect.objectContaining({ type: 'state-changed', state: 'refused' }))
    expect(await desktop.bot.stats()).toMatchObject({ pendingMessages: 1, deadLetters: 0 })
    expect(await cloud.bot.stats()).toMatchObject({ conversations: 0 })
    expect(world.mind.asked).toEqual([])
  })
})
