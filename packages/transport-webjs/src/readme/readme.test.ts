// #region transport
import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { webjsTransport } from '@wa-agent/transport-webjs'

const hours = defineAgent({
  name: 'hours',
  description: 'Tells when the shop is open.',
  intents: { hours: { examples: ['when are you open', 'opening hours'], rules: [/open/i] } },
  respond: ({ reply }) => reply.text('We are open from 9 to 6.'),
})

/** Shows a QR code in the terminal the first time; afterwards the session is in `folder`. */
export async function startShop(folder: string) {
  const whatsapp = webjsTransport({ sessionDir: folder })
  whatsapp.on('state-changed', ({ to, reason }) => {
    if (to === 'banned') notifyOwner(`WhatsApp: ${reason}`)
  })
  const bot = createBot({
    transports: [whatsapp],
    storage: memoryStorage(), // sqliteStorage({ path: 'bot.db' }) keeps what happens across restarts
    pipeline: createPipeline({ agents: [hours] }),
  })
  await bot.start()
  return { bot, whatsapp }
}

// #endregion

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumForTests, startWhatsAppWeb } from '@wa-agent/testing/whatsapp-web'
import { expect, test, vi } from 'vitest'

const told: string[] = []
const notifyOwner = (text: string) => void told.push(text)
const chromium = chromiumForTests('the example of the README')

test.skipIf(chromium === undefined || process.platform === 'win32')(
  'answers a message, once the phone is linked',
  { timeout: 60_000 },
  async () => {
    await using web = await startWhatsAppWeb({ pair: 'at-once', autoAck: 2 })
    const folder = await mkdtemp(join(tmpdir(), 'wa-agent-readme-'))
    vi.stubEnv('PUPPETEER_EXECUTABLE_PATH', web.writeBrowser(folder, chromium ?? ''))
    const { bot, whatsapp } = await startShop(folder)
    await web.connected()
    web.receive({ chat: '15550002222@c.us', text: 'When are you open?' })
    const reply = await web.nextSent()
    expect(reply).toMatchObject({ chat: '15550002222@c.us', text: 'We are open from 9 to 6.' })
    expect(web.activity.map(({ type }) => type)).toEqual(expect.arrayContaining(['seen', 'typing']))
    expect(whatsapp.status).toMatchObject({ state: 'connected', phone: '15550001111@c.us' })
    web.setState('TOS_BLOCK')
    await vi.waitFor(() => expect(told).toEqual([expect.stringMatching(/^WhatsApp: WhatsApp has blocked this number/)]))
    await bot.stop()
    expect(whatsapp.status.state).toBe('stopped')
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  },
)
