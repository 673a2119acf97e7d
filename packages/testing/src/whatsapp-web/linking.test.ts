import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import webjs from 'whatsapp-web.js'
import { chromiumForTests, startWhatsAppWeb, type WhatsAppWeb } from './index.ts'
import { clientOptions, EventLog, guardPipes, isInjected, makeProfile, type TestProfile } from './test-browser.ts'

const { Client, LocalAuth } = webjs
const chromium = chromiumForTests('linking with the simulated WhatsApp Web')
const anna = '15550002222@c.us'

interface Linked {
  readonly client: InstanceType<typeof Client>
  readonly log: EventLog
}

/** Each test is one life of a browser, on the profile and the account that the one before has left. */
describe.skipIf(chromium === undefined)('linking whatsapp-web.js', () => {
  let web: WhatsAppWeb
  let profile: TestProfile
  const clients: InstanceType<typeof Client>[] = []

  beforeAll(async () => {
    web = await startWhatsAppWeb()
    profile = await makeProfile()
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.destroy()
  })

  afterAll(async () => {
    expect(web.page.failures).toEqual([])
    await web.close()
    expect(await profile.remove()).toEqual([])
  })

  async function start(options: Partial<webjs.ClientOptions> = {}): Promise<Linked> {
    const client = new Client({
      ...clientOptions(web, chromium ?? ''),
      ...options,
      authStrategy: new LocalAuth({ dataPath: profile.folder }),
    })
    clients.push(client)
    const log = new EventLog(client, ['qr', 'code', 'authenticated', 'ready', 'message', 'disconnected'])
    await client.initialize()
    guardPipes(client.pupBrowser)
    return { client, log }
  }

  test('a new browser shows a QR, and is ready once it is scanned; the session outlives a killed browser', async () => {
    const { client, log } = await start()
    const ref = await web.qrShown()
    expect(await log.next('qr')).toMatch(new RegExp(`^${ref},.+,.+,.+,1$`))
    expect(await client.getState()).toBe('UNPAIRED')
    web.refreshQr()
    expect(await log.next('qr')).not.toContain(ref)
    await client.pupPage?.evaluate("require('WAWebCmd').Cmd.refreshQR()")
    expect(await log.next('qr')).not.toContain(ref)
    await web.scanQr()
    await log.next('ready')
    expect(client.info).toMatchObject({ pushname: 'Shop', wid: { _serialized: '15550001111@c.us' } })
    const browser = client.pupBrowser?.process()
    browser?.kill('SIGKILL')
    await once(browser as NonNullable<typeof browser>, 'exit')
  })

  test('with the session it is ready without a QR, and what came in meanwhile waits in the chat', async () => {
    web.receive({ chat: anna, text: 'Anybody there?' })
    const { client, log } = await start()
    await log.next('ready')
    expect(log.rest).toEqual(['authenticated'])
    const [chat] = await client.getChats()
    expect(chat).toMatchObject({ unreadCount: 1, lastMessage: { body: 'Anybody there?' } })
  })

  test('what came in meanwhile is new where the switch says so', async () => {
    web.switches.backlogIsNew = true
    const ids = ['One', 'Two'].map((text) => web.receive({ chat: anna, text }))
    const { log } = await start()
    for (const id of ids) expect(await log.next('message')).toMatchObject({ id: { _serialized: id } })
    web.switches.backlogIsNew = false
  })

  test('logged out on the phone, it asks for a QR again, and so does the next browser', async () => {
    const { client, log } = await start()
    await log.next('ready')
    web.logOutFromPhone()
    expect(await log.next('disconnected')).toBe('LOGOUT')
    await log.next('qr')
    // Destroyed in the middle of it, it would reject where nobody can catch it.
    await client.pupPage?.waitForFunction(isInjected)
  })

  test('it is linked by a code as well, and unlinks itself', async () => {
    const pairWithPhoneNumber = { phoneNumber: '15550001111', showNotification: true, intervalMs: 180_000 }
    const { client, log } = await start({ pairWithPhoneNumber })
    const code = await log.next<string>('code')
    expect(code).toMatch(/^[1-9A-Z]{8}$/)
    expect(await web.pairingCodeShown()).toBe(code)
    await expect(web.enterPairingCode('00000000')).rejects.toThrow('not the code')
    await web.enterPairingCode(code)
    await log.next('ready')
    await client.logout()
    expect(web.page.connected).toBe(0)
  })

  test('after it has unlinked itself a QR is needed; told by the state that it is logged out, the client ends', async () => {
    const { log } = await start()
    await log.next('qr')
    await web.scanQr()
    await log.next('ready')
    web.logOutFromPhone({ first: 'state' })
    expect(await log.next('disconnected')).toBe('UNPAIRED')
  })
})
