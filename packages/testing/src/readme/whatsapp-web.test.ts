import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// The command that starts the browser, and what Chromium asks of who runs it as root.
const folder = mkdtempSync(join(tmpdir(), 'wa-agent-readme-'))
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
process.once('exit', () => rmSync(folder, { recursive: true }))

// #region whatsapp-web
import { once } from 'node:events'
import { chromiumForTests, startWhatsAppWeb } from '@wa-agent/testing/whatsapp-web'
import { expect, test } from 'vitest'
import webjs from 'whatsapp-web.js'

const chromium = chromiumForTests('the example of the README')

test.skipIf(!chromium)('answers in the real browser', async () => {
  await using web = await startWhatsAppWeb()
  const client = new webjs.Client({
    puppeteer: { executablePath: web.writeBrowser(folder, chromium ?? ''), pipe: true, args },
    webVersionCache: { type: 'none' },
  })
  await client.initialize()
  try {
    await web.qrShown()
    const ready = once(client, 'ready')
    await web.scanQr()
    await ready

    const arrived = once(client, 'message')
    const id = web.receive({ chat: '15550002222@c.us', name: 'Anna', text: 'Hello' })
    const [message] = await arrived
    await message.reply(`You said: ${message.body}`)
    expect(await web.nextSent()).toMatchObject({ text: 'You said: Hello', quotedId: id })
  } finally {
    await client.destroy()
  }
})
// #endregion
