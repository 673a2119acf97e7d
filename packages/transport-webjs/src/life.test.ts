import { chromiumForTests } from '@wa-agent/testing/whatsapp-web'
import { describe, expect, test } from 'vitest'
import type { WebjsState } from './states.ts'
import { anna, isRunning, makeWorld, until, type World } from './test-world.ts'

const chromium = chromiumForTests('the life of a session')

/** The states from now on. */
function statesOf({ transport }: World): WebjsState[] {
  const states: WebjsState[] = []
  transport.on('state-changed', ({ to }) => states.push(to))
  return states
}

/** A message comes through, and another one goes out. */
async function expectLive({ web, host, send, until: wait }: World, id: string): Promise<void> {
  web.receive({ chat: anna, text: `hello ${id}` })
  await wait(() => host.received.some((message) => message.type === 'text' && message.text === `hello ${id}`))
  expect(await send({ id })).toMatchObject({ status: 'sent' })
}

/** The browser of now has ended, and another one is connected. */
async function comesBack({ transport }: World, pid: number): Promise<void> {
  await until(() => transport.status.state === 'connected' && transport.status.browser?.pid !== pid)
  expect(await isRunning(pid)).toBe(false)
}

describe.skipIf(chromium === undefined)('a session', { timeout: 60_000 }, () => {
  test('is linked by a QR code, kept, and asks for a new one once it is logged out', async () => {
    const codes: string[] = []
    await using world = await makeWorld({
      web: { pair: 'by-test' },
      transport: { onQr: ({ value, drawing }) => codes.push(value, drawing) },
    })
    const { web, transport, host } = world
    const states = statesOf(world)
    await transport.start(host)
    const ref = await web.qrShown()
    await until(() => codes.length > 0)
    expect(codes[0]).toContain(ref)
    expect(codes[1]).toMatch(/█▄▄▄▄▄▄▄█/)
    expect(transport.status.state).toBe('qr')
    await web.scanQr()
    await until(() => transport.status.state === 'connected')
    expect(states).toEqual(['starting', 'qr', 'syncing', 'connected'])
    expect(host.connections).toEqual(['connecting', 'needs-login', 'connecting', 'connected'])
    expect(transport.status).toMatchObject({ phone: '15550001111@c.us', failures: 0 })
    expect(await transport.browserMemoryBytes()).toBeGreaterThan(10_000_000)

    // `ready` comes again and again.
    web.toggleSynced()
    web.pushState()
    await expectLive(world, 'r1')
    expect(host.received).toHaveLength(1)
    expect(states).toHaveLength(4)

    states.length = 0
    web.reload()
    await until(() => states.length === 2)
    expect(states).toEqual(['syncing', 'connected'])
    await expectLive(world, 'r1b')

    // In the middle of a load, which is when the library leaves rejections behind.
    web.reload()
    await transport.stop()
    expect(transport.status).toMatchObject({ state: 'stopped' })
    states.length = 0
    await world.connect()
    expect(states).not.toContain('qr')

    const { pid } = world
    states.length = 0
    web.logOutFromPhone()
    await until(() => transport.status.state === 'qr')
    expect(states).toEqual(['logged-out', 'starting', 'qr'])
    expect(await isRunning(pid)).toBe(false)
    await web.qrShown()
    await web.scanQr()
    await until(() => transport.status.state === 'connected')
    await expectLive(world, 'r2')
  })

  test('is linked by a pairing code, taken back after a conflict, and ends where the number is blocked', async () => {
    const codes: string[] = []
    await using world = await makeWorld({
      web: { pair: 'by-test' },
      transport: {
        pairWithPhone: { phone: '15550001111' },
        onPairingCode: (code) => codes.push(code),
        takeBackAfterMs: 5000,
      },
    })
    const { web, transport, host } = world
    const states = statesOf(world)
    await transport.start(host)
    const code = await web.pairingCodeShown()
    await until(() => codes.includes(code))
    expect(transport.status.state).toBe('pairing-code')
    await web.enterPairingCode(code)
    await until(() => transport.status.state === 'connected')

    const { pid } = world
    states.length = 0
    web.conflict()
    await comesBack(world, pid)
    expect(states).toEqual(['conflict', 'starting', 'syncing', 'connected'])

    const last = world.pid
    web.setState('TOS_BLOCK')
    await until(async () => !(await isRunning(last)))
    expect(transport.status).toMatchObject({ state: 'banned', reason: expect.stringContaining('blocked this number') })
    expect(transport.status).not.toHaveProperty('browser')
    expect(await world.send({ id: 'r1' })).toMatchObject({ status: 'failed', retryable: true })
    expect(host.connections.at(-1)).toBe('disconnected')
  })

  test('survives a crashed tab, a killed browser and a frozen page', async () => {
    // Ids as they are since July 2026, too.
    await using world = await makeWorld({ web: { minifiedKey: true }, transport: { heartbeatMs: 6000 } })
    const { web, transport } = world
    const reasons: string[] = []
    transport.on('restarting', ({ reason }) => reasons.push(reason))
    await world.connect()
    await expectLive(world, 'r1')

    let { pid } = world
    web.crashTab()
    await comesBack(world, pid)
    await expectLive(world, 'r2')

    pid = world.pid
    process.kill(pid, 'SIGKILL')
    await comesBack(world, pid)
    await expectLive(world, 'r3')

    pid = world.pid
    await web.freeze()
    await until(() => transport.status.state !== 'connected')
    web.thaw()
    await comesBack(world, pid)
    await expectLive(world, 'r4')
    expect(reasons).toEqual(['the tab has crashed', 'the browser has ended', 'the page does not answer'])
  })

  test('says what became of a reply whose browser was killed in the middle, and fetches what came meanwhile', async () => {
    await using world = await makeWorld({ transport: { heartbeatMs: 6000 } })
    const { web, host, transport } = world
    await world.connect()
    web.switches.sendStalls = true
    const reply = {
      id: 'r1',
      chat: anna,
      message: { type: 'text', text: 'text of r1' },
      inReplyTo: [],
      attempt: 1,
    } as const
    const { signal } = new AbortController()
    const find = () => transport.find(reply, { signal })
    const sending = world.send(reply)
    await until(async () => (await find()).status === 'unknown')
    const { pid } = world
    process.kill(pid, 'SIGKILL')
    expect(await sending).toMatchObject({ status: 'uncertain' })
    web.switches.sendStalls = false
    const nowMs = Date.now()
    const missed = web.receive({ chat: anna, text: 'Are you there?' })
    web.receive({ chat: anna, text: 'Long ago', sentAtMs: nowMs - 3_600_000 })
    const group = web.addGroup({ id: '1203@g.us', name: 'Club', members: [anna] })
    web.receive({ chat: group, author: anna, text: 'Nobody asked for this' })
    await comesBack(world, pid)
    await transport.catchUp({ sinceMs: nowMs - 60_000, signal })
    expect(host.received.map(({ id }) => id)).toEqual([missed])
    const arrived = web.sent.some(({ text }) => text === 'text of r1')
    expect(await find()).toMatchObject({ status: arrived ? 'sent' : 'absent' })
  })

  test('is given up where the page does not load, and started again', async () => {
    await using world = await makeWorld({ web: { noDebug: true }, transport: { startTimeoutMs: 60_000 } })
    const { web, transport, host } = world
    await transport.start(host)
    await until(() => transport.status.failures > 0)
    expect(transport.status.reason).toBe('WhatsApp Web could not be loaded')
    web.switches.noDebug = false
    await until(() => transport.status.state === 'connected')
  })

  test('shows a fresh code where nobody scans', async () => {
    await using world = await makeWorld({ web: { pair: 'by-test' }, transport: { codeIdleMs: 300 } })
    const { web, transport, host } = world
    const reasons: string[] = []
    transport.on('restarting', ({ reason, pauseMs }) => reasons.push(`${reason} ${pauseMs}`))
    await transport.start(host)
    await until(() => web.page.loads > 1)
    expect(reasons[0]).toBe('nobody scanned the QR code 0')
  })

  test('is connected anew where it answers and delivers nothing', async () => {
    await using world = await makeWorld({ transport: { silenceMs: 200, heartbeatMs: 6000 } })
    const { web, host } = world
    await world.connect()
    web.switches.silent = true
    web.receive({ chat: anna, text: 'Hello?' })
    web.switches.silent = false
    await until(() => host.received.length === 1)
    expect(host.received).toMatchObject([{ text: 'Hello?' }])
  })

  test('gets ready although the end of the synchronisation was missed', async () => {
    await using world = await makeWorld({ web: { syncedAtOnce: true } })
    await world.connect()
    await expectLive(world, 'r1')
  })

  test('is restarted when that is due', async () => {
    await using world = await makeWorld({ transport: { plannedRestartMs: 500, heartbeatMs: 6000 } })
    const { transport } = world
    const reasons: string[] = []
    transport.on('restarting', ({ reason, pauseMs }) => reasons.push(`${reason} ${pauseMs}`))
    await world.connect()
    const { pid } = world
    await comesBack(world, pid)
    expect(reasons).toEqual(['a planned restart 0'])
  })
})
