import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumForTests, startWhatsAppWeb } from '@wa-agent/testing/whatsapp-web'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../cloud-worker/until.ts'
import { fakeNotifications, processesOf, runAgent, startAgent } from './agent.ts'
import { startCloud, tenant } from './cloud.ts'

const chromium = chromiumForTests('the desktop agent')
const ann = '15550002222@c.us'
const bob = '15550003333@c.us'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wa-agent-desktop-'))
})
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 }))

/** A WhatsApp, a cloud, and the settings with which the agent finds both. */
async function world() {
  const web = await startWhatsAppWeb({ phone: '919876543210' })
  for (const phone of [ann, bob]) web.addContact({ phone })
  const cloud = await startCloud(folder)
  const settings = {
    CLOUD_SERVER_URL: cloud.url,
    TENANT_ID: tenant,
    API_KEY: cloud.apiKey,
    PUPPETEER_EXECUTABLE_PATH: web.writeBrowser(join(folder, 'browser'), chromium ?? ''),
  }
  return {
    web,
    cloud,
    settings,
    async [Symbol.asyncDispose]() {
      await cloud[Symbol.asyncDispose]()
      await web.close()
    },
  }
}

const isConnected = ({ body }: { body: { whatsapp: { state: string } } }) => body.whatsapp.state === 'connected'

test.skipIf(!chromium)('from the QR code to the answer, through a stop and a start', { timeout: 90_000 }, async () => {
  await using all = await world()
  const { web, cloud, settings } = all
  const told = fakeNotifications(folder)
  await using agent = startAgent(folder, settings)
  const asked = await agent.healthy('a QR code', ({ body }) => body.whatsapp.state === 'qr')
  expect(asked.code).toBe(503)
  await web.scanQr()
  const well = await agent.healthy('all is well', ({ code }) => code === 200)
  expect(well.body).toMatchObject({
    status: 'ok',
    whatsapp: { state: 'connected', phone: '919876543210' },
    cloud: { state: 'reachable', reachable: true },
    queue: { depth: 0, deadLetters: 0 },
    lastMessageAt: null,
  })
  expect(well.body.memory.nodeBytes).toBeGreaterThan(20_000_000)
  expect(well.body.memory.chromiumBytes).toBeGreaterThan(20_000_000)
  await until('the cloud knows the number', async () => (await cloud.status())['phone'] === '919876543210')

  web.receive({ chat: ann, type: 'chat', text: 'I want to order 10 boxes' })
  expect(await web.nextSent(({ chat }) => chat === ann)).toMatchObject({ text: expect.stringMatching(/which size/i) })
  expect((await agent.health()).body.lastMessageAt).toMatch(/^\d{4}-/)
  web.receive({ chat: bob, type: 'chat', text: 'I want to talk to a human' })
  await until('the owner is called', () => readFileSync(told, 'utf8').includes('A customer wants to talk to you'))
  expect(readFileSync(told, 'utf8')).toMatch(/Scan the QR code\|It is at http:\/\/localhost:\d+\/qr/)

  const { code, stdout, stderr } = await agent.end('SIGTERM')
  expect([code, stderr]).toEqual([0, ''])
  expect(processesOf(folder)).toEqual([])
  expect(stdout).toMatch(/Z Scan the QR code with the phone · cloud reachable · 0 waiting\n/)
  expect(stdout).toMatch(/Z Connected as \+91 98765 43210 · cloud reachable · /)
  const log = readFileSync(join(folder, 'data/desktop-agent.log'), 'utf8')
  expect(log).toContain('turn committed')
  for (const text of [log, stdout])
    expect(text).not.toMatch(new RegExp(`order 10|which size|1555000|${cloud.apiKey}`, 'i'))
  for (const path of ['desktop-agent.db', 'desktop-agent.log', 'whatsapp-session']) {
    expect(statSync(join(folder, 'data', path)).mode & 0o077, path).toBe(0)
  }

  web.receive({ chat: ann, type: 'chat', text: 'medium' })
  await using again = startAgent(folder, settings)
  await again.healthy('connected without a QR code', isConnected)
  expect(await web.nextSent(({ chat, text }) => chat === ann && !/which size/i.test(text))).toBeTruthy()
  expect(again.output()).not.toContain('Scan')
  await again.end('SIGINT')
})

test.skipIf(!chromium)(
  'while the cloud is away messages wait, and are answered in order when it is back',
  { timeout: 90_000 },
  async () => {
    await using all = await world()
    const { web, cloud, settings } = all
    await using agent = startAgent(folder, { ...settings, NOTIFICATIONS: 'off' })
    await web.scanQr()
    await agent.healthy('all is well', ({ code }) => code === 200)
    await cloud.goAway()
    web.receive({ chat: ann, type: 'chat', text: 'I want to order 10 boxes' })
    const away = await agent.healthy(
      'the cloud is away and a message waits',
      ({ body }) => body.cloud.state === 'away' && body.queue.depth === 1,
    )
    expect([away.code, away.body.cloud.reachable]).toEqual([503, false])
    await until('the owner can read it', () => agent.output().includes('cloud away, messages are kept · 1 waiting'))
    await cloud.comeBack()
    // After five failures the cloud is left alone for half a minute.
    expect(await web.nextSent(({ chat }) => chat === ann, { timeoutMs: 60_000 })).toMatchObject({
      text: expect.stringMatching(/which size/i),
    })
    const back = await agent.healthy('nothing waits', ({ body }) => body.queue.depth === 0)
    expect([back.code, back.body.queue.deadLetters]).toEqual([200, 0])
  },
)

test.skipIf(!chromium)('a second agent is refused, and the first one works on', async () => {
  await using all = await world()
  const { web, settings } = all
  await using agent = startAgent(folder, { ...settings, NOTIFICATIONS: 'off' })
  await web.scanQr()
  await agent.healthy('connected', isConnected)
  const { code, stderr } = await runAgent(folder, settings)
  expect(code).toBe(1)
  expect(stderr).toContain('The desktop agent runs already')
  web.receive({ chat: ann, type: 'chat', text: 'I want to order 10 boxes' })
  expect(await web.nextSent(({ chat }) => chat === ann)).toBeTruthy()
})

test.skipIf(!chromium)(
  'where another computer takes over it stands aside, and does not take the work back',
  async () => {
    await using all = await world()
    const { web, cloud, settings } = all
    const told = fakeNotifications(folder)
    await using agent = startAgent(folder, settings)
    await web.scanQr()
    await agent.healthy('all is well', ({ code }) => code === 200)
    await cloud.registerAnother()
    const aside = await agent.healthy(
      'it stands aside',
      ({ body }) => body.cloud.state === 'superseded' && body.whatsapp.state === 'stopped',
    )
    expect(aside.code).toBe(503)
    await until('the owner is told', () => readFileSync(told, 'utf8').includes('Another computer has taken over'))
    expect(agent.output()).toContain('this one answers nothing any more')
    await until('its browser is gone', () => processesOf(folder).length === 0)
    expect((await agent.end('SIGTERM')).code).toBe(0)
  },
)

test.skipIf(!chromium)('where its port is taken it ends with 1, and leaves no browser', async () => {
  await using all = await world()
  const { cloud, settings } = all
  const { code, stderr } = await runAgent(folder, { ...settings, LOCAL_PORT: new URL(cloud.url).port })
  expect(code).toBe(1)
  expect(stderr).toContain('is taken, perhaps by an agent that runs already')
  expect(processesOf(folder)).toEqual([])
})

test.skipIf(!chromium)('without anybody who reads its lines it works on, and ends in order', async () => {
  await using all = await world()
  const { web, cloud, settings } = all
  await using agent = startAgent(folder, { ...settings, NOTIFICATIONS: 'off' })
  await web.scanQr()
  await agent.healthy('all is well', ({ code }) => code === 200)
  agent.closeOutput()
  await cloud.goAway()
  // That is news, and nobody takes the line.
  await agent.healthy('the cloud is away', ({ body }) => body.cloud.state === 'away')
  web.receive({ chat: ann, type: 'chat', text: 'I want to order 10 boxes' })
  await agent.healthy('a message waits', ({ body }) => body.queue.depth === 1)
  expect((await agent.end('SIGHUP')).code).toBe(0)
})

test('where the session cannot be kept it says so', async () => {
  const { code, stderr } = await runAgent(folder, {
    CLOUD_SERVER_URL: 'http://127.0.0.1:9',
    TENANT_ID: tenant,
    API_KEY: 'a-key-of-nobody',
    SESSION_DIR: '/dev/null/session',
  })
  expect(code).toBe(1)
  expect(stderr).toContain('cannot be made. Choose another path for SESSION_DIR')
})

test('without settings and without a terminal it ends with 1 and says what to set', async () => {
  const { code, stdout, stderr } = await runAgent(folder, { LOCAL_PORT: 'three' })
  expect([code, stdout]).toEqual([1, ''])
  for (const name of ['CLOUD_SERVER_URL', 'TENANT_ID', 'API_KEY', 'LOCAL_PORT']) expect(stderr).toContain(`  ${name}: `)
})

test('without a browser it says how to get one', async () => {
  const { code, stderr } = await runAgent(folder, {
    CLOUD_SERVER_URL: 'http://127.0.0.1:9',
    TENANT_ID: tenant,
    API_KEY: 'a-key-of-nobody',
    PUPPETEER_EXECUTABLE_PATH: join(folder, 'nowhere'),
  })
  expect(code).toBe(1)
  expect(stderr).toContain('There is no browser at')
})
