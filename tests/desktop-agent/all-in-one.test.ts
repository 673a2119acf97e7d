import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromiumForTests, startWhatsAppWeb } from '@wa-agent/testing/whatsapp-web'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processesOf, startAgent } from './agent.ts'

const entry = fileURLToPath(new URL('../../examples/all-in-one/src/index.ts', import.meta.url))
const chromium = chromiumForTests('the shop with WhatsApp Web')
const ann = '15550002222@c.us'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wa-agent-all-in-one-web-'))
})
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 }))

test.skipIf(!chromium)('TRANSPORT=webjs: WhatsApp Web, the agents and the database in one process', async () => {
  await using web = await startWhatsAppWeb()
  web.addContact({ phone: ann })
  const settings = {
    TRANSPORT: 'webjs',
    PORT: '0',
    PUPPETEER_EXECUTABLE_PATH: web.writeBrowser(join(folder, 'browser'), chromium ?? ''),
  }
  await using shop = startAgent(folder, settings, entry)
  const asked = await shop.healthy('a QR code', ({ body }) => body.whatsapp.state === 'qr')
  expect([asked.code, asked.body.status]).toEqual([503, 'degraded'])
  expect(shop.output()).toContain('Linked devices')
  await web.scanQr()
  const well = await shop.healthy('all is well', ({ code }) => code === 200)
  expect(well.body).toMatchObject({ status: 'ok', whatsapp: { state: 'connected', phone: '15550001111@c.us' } })
  expect(well.body.memory.chromiumBytes).toBeGreaterThan(20_000_000)
  expect(shop.output()).toContain('WhatsApp: connected, +15550001111\n')
  web.receive({ chat: ann, type: 'chat', text: 'I want to order 10 boxes' })
  expect(await web.nextSent(({ chat }) => chat === ann)).toMatchObject({ text: expect.stringMatching(/which size/i) })
  expect((await shop.end('SIGTERM')).code).toBe(0)
  expect(processesOf(folder)).toEqual([])
})

test('a transport that is not there is a wrong setting', async () => {
  const { code, stderr } = await startAgent(folder, { TRANSPORT: 'telegram' }, entry).ended
  expect(code).toBe(1)
  expect(stderr).toContain('TRANSPORT: Expected webjs')
})
