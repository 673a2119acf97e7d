import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { expect, test } from 'vitest'

const hours = defineAgent({
  name: 'hours',
  description: 'Tells when the shop is open.',
  intents: { hours: { rules: [/open/i] } },
  respond: ({ reply }) => reply.text('We are open from 9 to 6.'),
})
const storage = memoryStorage()
const pipeline = createPipeline({ agents: [hours] })

// Stands for Maytapi.
const arrived = Promise.withResolvers<unknown>()
const provider = createServer(async (request, response) => {
  arrived.resolve(await json(request))
  response.end(JSON.stringify({ success: true, data: { chatId: '15550001001@c.us', msgId: 'a3ff8460' } }))
})
await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))

const environment = {
  MAYTAPI_BASE_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}`,
  MAYTAPI_PRODUCT_ID: '0f0e0d0c-1111-4222-8333-444455556666',
  MAYTAPI_PHONE_ID: '1150',
  MAYTAPI_API_KEY: 'key',
  MAYTAPI_WEBHOOK_SECRET: 'a-long-random-secret',
}

// #region transport
import { maytapiTransport } from '@wa-agent/transport-maytapi'

const maytapi = maytapiTransport({
  productId: environment.MAYTAPI_PRODUCT_ID,
  phoneId: environment.MAYTAPI_PHONE_ID,
  apiKey: environment.MAYTAPI_API_KEY,
  webhookSecret: environment.MAYTAPI_WEBHOOK_SECRET,
  baseUrl: environment.MAYTAPI_BASE_URL, // may be left out: https://api.maytapi.com
})
const bot = createBot({ transports: [maytapi], storage, pipeline })
await bot.start()

// Whatever serves HTTP hands the requests over, with the body as it came.
async function handle(request: Request): Promise<Response> {
  const { method, headers, url } = request
  const body = new Uint8Array(await request.arrayBuffer())
  const answer = await maytapi.webhook?.({ method, headers, query: new URL(url).searchParams, body })
  return new Response(answer?.body ?? null, { status: answer?.status ?? 404 })
}
// #endregion

test('answers a message that comes by webhook', async () => {
  const event = {
    type: 'message',
    product_id: environment.MAYTAPI_PRODUCT_ID,
    phone_id: 1150,
    conversation: '15550001001@c.us',
    user: { id: '15550001001@c.us', name: 'Ana', phone: '15550001001' },
    message: { type: 'text', text: 'When are you open?', id: 'false_15550001001@c.us_3EB0', fromMe: false },
    timestamp: 1_760_000_000,
  }
  const webhook = (token: string) =>
    handle(
      new Request(`https://shop.example/webhooks/maytapi/main?token=${token}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(event),
      }),
    )
  expect((await webhook('guessed')).status).toBe(401)
  expect((await webhook(environment.MAYTAPI_WEBHOOK_SECRET)).status).toBe(200)
  expect(await arrived.promise).toMatchObject({ to_number: '15550001001@c.us', message: 'We are open from 9 to 6.' })
  await bot.stop()
  await new Promise((resolve) => provider.close(resolve))
})
