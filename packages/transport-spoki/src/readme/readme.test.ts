import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { hmacSha256Hex } from '@wa-agent/transport-kit'
import { expect, test } from 'vitest'

const desk = defineAgent({
  name: 'desk',
  description: 'Answers questions on the stay.',
  intents: { checkIn: { rules: [/check.?in/i] } },
  respond: ({ reply }) => reply.text('Check-in is from 15:00.'),
})
const storage = memoryStorage()
const pipeline = createPipeline({ agents: [desk] })

// Stands for Spoki.
const arrived = Promise.withResolvers<unknown>()
const started = Promise.withResolvers<unknown>()
const provider = createServer(async (request, response) => {
  const isAutomation = request.url?.startsWith('/wh/ap/') ?? false
  ;(isAutomation ? started : arrived).resolve(await json(request))
  response.end(JSON.stringify({ id: 1, uuid: '5f1c2a9e-3b7d-4c11-9e0a-2b6d1f7c8a01', status: 'Pending' }))
})
await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))

const environment = {
  SPOKI_API_KEY: 'key',
  SPOKI_WEBHOOK_SECRET: 'a-long-random-secret',
  SPOKI_BASE_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}`,
  SPOKI_DELAY_AUTOMATION: '5f1c2a9e-3b7d-4c11-9e0a-2b6d1f7c8a01',
  SPOKI_DELAY_SECRET: 'trigger-secret',
}

// #region transport
import { spokiTransport } from '@wa-agent/transport-spoki'

const spoki = spokiTransport({
  apiKey: environment.SPOKI_API_KEY,
  webhookSecret: environment.SPOKI_WEBHOOK_SECRET,
  baseUrl: environment.SPOKI_BASE_URL, // may be left out: https://api.spoki.com
  templates: { welcome_back: { id: 7001, fields: ['HOTEL'] } },
  windowTemplate: { name: 'welcome_back', language: 'en', parameters: ['Hotel Example'] },
})
const bot = createBot({ transports: [spoki], storage, pipeline })
await bot.start()

// Whatever serves HTTP hands the requests over, with the body as it came: the signature is over its bytes.
async function handle(request: Request): Promise<Response> {
  const { method, headers, url } = request
  const body = new Uint8Array(await request.arrayBuffer())
  const answer = await spoki.webhook?.({ method, headers, query: new URL(url).searchParams, body })
  return new Response(answer?.body ?? null, { status: answer?.status ?? 404 })
}
// #endregion

test('answers a message that comes by webhook, and starts an automation', async () => {
  const data = { uuid: 'm1', direction: 'Inbound', from_phone: '+15550001001', text: 'When is check-in?' }
  const body = JSON.stringify({ version: 2, event: 'message.inbound', data })
  const webhook = (secret: string) => {
    const seconds = Math.round(Date.now() / 1000)
    const signature = `t=${seconds},v2=${hmacSha256Hex(secret, `${seconds}.${body}`)}`
    const headers = { 'content-type': 'application/json', 'x-spoki-signature': signature }
    return handle(new Request('https://hotel.example/webhooks/spoki/main', { method: 'POST', headers, body }))
  }
  expect((await webhook('guessed')).status).toBe(401)
  expect((await webhook(environment.SPOKI_WEBHOOK_SECRET)).status).toBe(200)
  expect(await arrived.promise).toMatchObject({ phone: '+15550001001', text: 'Check-in is from 15:00.' })

  const { signal } = new AbortController()
  const { startSpokiAutomation } = await import('@wa-agent/transport-spoki')
  // #region automation
  const result = await startSpokiAutomation(
    { phone: '+15550001001', customFields: { FLIGHT: 'AZ 610', ARRIVAL: '18:40' } },
    {
      automation: environment.SPOKI_DELAY_AUTOMATION,
      secret: environment.SPOKI_DELAY_SECRET,
      baseUrl: environment.SPOKI_BASE_URL,
    },
    { signal },
  )
  // #endregion
  expect(result).toEqual({ status: 'sent' })
  expect(await started.promise).toMatchObject({ custom_fields: { FLIGHT: 'AZ 610', ARRIVAL: '18:40' } })
  await bot.stop()
  await new Promise((resolve) => provider.close(resolve))
})
