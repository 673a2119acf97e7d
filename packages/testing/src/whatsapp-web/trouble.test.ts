import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import webjs from 'whatsapp-web.js'
import { chromiumForTests, startWhatsAppWeb, type WhatsAppWeb } from './index.ts'
import { clientOptions, EventLog, guardPipes, makeProfile, type TestProfile } from './test-browser.ts'

const { Client, LocalAuth } = webjs
const chromium = chromiumForTests('trouble with the simulated WhatsApp Web')
const anna = '15550002222@c.us'

describe.skipIf(chromium === undefined)('trouble with the simulated WhatsApp Web', () => {
  let web: WhatsAppWeb
  let profile: TestProfile
  let client: InstanceType<typeof Client>
  let log: EventLog

  beforeAll(async () => {
    web = await startWhatsAppWeb({ pair: 'at-once', syncedAtOnce: true })
    profile = await makeProfile()
    web.addContact({ phone: '15550002222', lid: '77', name: 'Anna' })
    client = new Client({
      ...clientOptions(web, chromium ?? ''),
      authStrategy: new LocalAuth({ dataPath: profile.folder }),
      takeoverOnConflict: true,
      takeoverTimeoutMs: 1,
    })
    log = new EventLog(client, ['ready', 'message', 'message_ack', 'change_state', 'disconnected'])
    await client.initialize()
    guardPipes(client.pupBrowser)
  })

  afterAll(async () => {
    await client.destroy()
    expect(web.page.failures).toEqual([])
    await web.close()
    expect(await profile.remove()).toEqual([])
  })

  beforeEach(() => web.clearSent())
  // A test that fails must not stop the others.
  afterEach(() => web.thaw())

  const evaluate = (code: string) => client.pupPage?.evaluate(code)
  const next = (id: string) => log.next<webjs.Message>('message', (message) => message.id._serialized === id)

  /** Loads the page anew, as its switches stand now. */
  async function reloaded() {
    await client.pupPage?.reload()
    await log.next('ready')
  }

  test('where the sync is over too early the client is never ready, until somebody tells it', async () => {
    expect(await client.getState()).toBe('CONNECTED')
    expect(log.rest).toEqual([])
    expect(await evaluate("require('WAWebSocketModel').Socket.hasSynced")).toBe(true)
    await evaluate('onAppStateHasSyncedEvent()')
    await log.next('ready')
    web.switches.syncedAtOnce = false
  })

  test('a sync that begins again tells once more', async () => {
    web.toggleSynced()
    await log.next('ready')
    await log.next('ready')
    await reloaded()
  })

  test('keys without `_serialized` come in without ids, and a send gives nothing although it went out', async () => {
    web.switches.minifiedKey = true
    await reloaded()
    const id = web.receive({ chat: anna, text: 'Who am I?' })
    const message = await log.next<webjs.Message>('message')
    expect(message.id._serialized).toBeUndefined()
    expect(message.id).toMatchObject({ $1: id, remote: anna })
    expect(await client.sendMessage(anna, 'Anna')).toBeUndefined()
    expect(await web.nextSent()).toMatchObject({ text: 'Anna' })
    // What repairs it: a getter on the prototype, before the library loads what it needs of the page.
    await evaluate(
      `Object.defineProperty(require('WAWebMsgKey').prototype, '_serialized', { get() { return this.$1 } })`,
    )
    const repaired = await client.sendMessage(anna, 'Sure?')
    expect(await web.nextSent()).toMatchObject({ id: repaired.id._serialized, text: 'Sure?' })
    web.switches.minifiedKey = false
    web.switches.rawSerialize = true
    await reloaded()
    const raw = web.receive({ chat: anna, text: 'And now?' })
    expect(await next(raw)).toMatchObject({ body: 'And now?' })
    web.switches.rawSerialize = false
    await reloaded()
  })

  test('silent, it stays connected and hears nothing; a reconnection brings what was kept back', async () => {
    web.switches.silent = true
    const id = web.receive({ chat: anna, text: 'Hello?' })
    expect(await client.getState()).toBe('CONNECTED')
    expect(await evaluate(`require('WAWebCollections').Msg.get('${id}') === undefined`)).toBe(true)
    web.switches.silent = false
    await client.resetState()
    expect(await next(id)).toMatchObject({ body: 'Hello?' })
  })

  test('offline, the state says so; what came in meanwhile is delivered then', async () => {
    const before = await client.sendMessage(anna, 'Going in')
    web.goOffline()
    expect(await log.next('change_state')).toBe('TIMEOUT')
    const queued = await client.sendMessage(anna, 'I am in the tunnel')
    expect(queued.ack).toBe(0)
    const id = web.receive({ chat: anna, text: 'Are you back?' })
    web.ack(before.id._serialized, 3)
    web.goOnline()
    expect(await log.next('change_state')).toBe('CONNECTED')
    expect(await next(id)).toMatchObject({ body: 'Are you back?' })
    await log.next<webjs.Message>('message_ack', ({ body, ack }) => body === 'Going in' && ack === 3)
    expect(await web.nextSent(({ text }) => text === 'I am in the tunnel')).toMatchObject({ id: queued.id._serialized })
  })

  test('a send that stalls goes out once it may; one that vanishes never does', async () => {
    web.switches.sendStalls = true
    const stalled = client.sendMessage(anna, 'Later')
    await evaluate('1')
    expect(web.sent.map(({ text }) => text)).not.toContain('Later')
    web.switches.sendStalls = false
    expect((await stalled).ack).toBe(0)
    expect(await web.nextSent()).toMatchObject({ text: 'Later' })
    await log.next('message_ack', (message: webjs.Message) => message.body === 'Later')
    web.switches.sendsVanish = true
    expect((await client.sendMessage(anna, 'Never')).ack).toBe(0)
    web.switches.sendsVanish = false
    await client.sendMessage(anna, 'Again')
    expect(await web.nextSent()).toMatchObject({ text: 'Again' })
    expect(web.sent.map(({ text }) => text)).not.toContain('Never')
  })

  test('a message that is filed under the other id of the person is not found, but its ack comes', async () => {
    web.switches.siblingSends = true
    expect(await client.sendMessage(anna, 'Where?')).toBeUndefined()
    const sent = await web.nextSent()
    expect(sent).toMatchObject({ chat: '77@lid', text: 'Where?' })
    const isIt = (message: webjs.Message) => message.id._serialized === sent.id
    expect(await log.next('message_ack', isIt)).toMatchObject({ ack: 1, to: '77@lid' })
    web.switches.siblingSends = false
  })

  test('files may be gone', async () => {
    web.switches.mediaMissing = true
    const media = { bytes: new Uint8Array(10), mimeType: 'image/png' }
    const message = await next(web.receive({ chat: anna, media }))
    expect(await message.downloadMedia()).toBeUndefined()
    web.switches.mediaMissing = false
  })

  test('a navigation within the page lets the client look once more, and messages stay single', async () => {
    await evaluate('window.AuthStore.isOld = true')
    web.pushState()
    await client.pupPage?.waitForFunction('!window.AuthStore.isOld')
    const id = web.receive({ chat: anna, text: 'Once?' })
    await next(id)
    await next(web.receive({ chat: anna, text: 'Next' }))
    expect(log.rest).not.toContain('message')
  })

  test('a page that stands still answers nobody until it may go on', async () => {
    await web.freeze()
    const answer = evaluate('2 + 2')
    const first = await Promise.race([answer, web.nextSent(undefined, { timeoutMs: 300 }).catch(() => 'nothing')])
    expect(first).toBe('nothing')
    web.thaw()
    expect(await answer).toBe(4)
  })

  test('a tab that crashes tells it, and a reload repairs it', async () => {
    const crashed = new Promise<Error>((resolve) => client.pupPage?.once('error', resolve))
    web.crashTab()
    expect((await crashed).message).toMatch('crashed')
    await reloaded()
    await next(web.receive({ chat: anna, text: 'Back again' }))
  })

  test('a page that opens forever opens once it may; what loads without `Debug` is not seen', async () => {
    web.switches.stuckOpening = true
    await client.pupPage?.reload()
    expect(await client.getState()).toBe('OPENING')
    web.switches.stuckOpening = false
    await log.next('ready')
    web.switches.noDebug = true
    const tab = await client.pupBrowser?.newPage()
    await tab?.goto('https://web.whatsapp.com/')
    expect(await tab?.evaluate('window.Debug === undefined')).toBe(true)
    await tab?.close()
    web.switches.noDebug = false
  })

  test('a module that is missing is known by name', async () => {
    await expect(evaluate("require('WAWebNoSuchThing')")).rejects.toThrow('unknown module')
    await expect.poll(() => web.page.missingModules).toEqual(['WAWebNoSuchThing'])
  })

  test('used elsewhere, it takes over; blocked, it ends', async () => {
    web.conflict()
    for (const state of ['CONFLICT', 'CONNECTED']) await log.next<string>('change_state', (one) => one === state)
    expect(await client.getState()).toBe('CONNECTED')
    web.setState('PROXYBLOCK')
    expect(await log.next('disconnected')).toBe('PROXYBLOCK')
  })
})
