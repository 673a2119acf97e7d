// #region example
import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { cloudApiTransport } from '@wa-agent/transport-cloud-api'

const hours = defineAgent({
  name: 'hours',
  description: 'Tells when the shop is open.',
  intents: { hours: { rules: [/open/i] } },
  respond: ({ reply }) => reply.text('We are open from 9 to 6.'),
})

export function shopBot(secrets: { accessToken: string; appSecret: string; verifyToken: string }) {
  const whatsApp = cloudApiTransport({ phoneNumberId: '106540352242922', ...secrets })
  const bot = createBot({
    transports: [whatsApp],
    storage: memoryStorage(), // sqliteStorage({ path: 'bot.db' }) where messages must survive
    pipeline: createPipeline({ agents: [hours] }),
  })
  return { bot, whatsApp }
}

// #endregion

import { expect, test } from 'vitest'
import { credentials, fakeMeta, messagesWebhook, webhookRequest } from '../fake-meta.ts'

test('a customer asks, and is answered through Meta', async () => {
  await using meta = await fakeMeta()
  const { bot } = shopBot(credentials)
  await bot.start()
  await bot.stop()

  const whatsApp = cloudApiTransport({ ...credentials, baseUrl: meta.url })
  const pipeline = createPipeline({ agents: [hours] })
  const talking = createBot({ transports: [whatsApp], storage: memoryStorage(), pipeline })
  await talking.start()
  // Later than a day after it nothing but a template may be said.
  const timestamp = String(Math.floor(Date.now() / 1000))
  const text = { from: '16505551234', id: 'm1', timestamp, type: 'text', text: { body: 'Are you open?' } }
  expect(await whatsApp.webhook(webhookRequest(messagesWebhook([text])))).toEqual({ status: 200 })
  while (meta.sent.length === 0) await new Promise(setImmediate)
  await talking.stop()
  expect(meta.sent).toMatchObject([{ to: '16505551234', text: { body: 'We are open from 9 to 6.' } }])
})
