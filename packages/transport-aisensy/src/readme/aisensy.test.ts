import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'

// Plays AiSensy: takes a message and says so.
const sent: unknown[] = []
const provider = createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request) text += chunk
  sent.push(JSON.parse(text))
  response.setHeader('content-type', 'application/json').end('{"messages":[{"id":"wamid.1"}]}')
  provider.emit('sent')
}).listen(0, '127.0.0.1')
await once(provider, 'listening')

const env = {
  AISENSY_PROJECT_ID: '655b1f0c9d3e4a0012ab34cd',
  AISENSY_PROJECT_PASSWORD: 'correct horse',
  AISENSY_WEBHOOK_SECRET: 'a-shared-secret',
  AISENSY_BASE_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}`,
} as const

// #region bot
import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { aisensyTransport } from '@wa-agent/transport-aisensy'

const hours = defineAgent({
  name: 'hours',
  description: 'Tells when the shop is open.',
  intents: { hours: { rules: [/open/i] } },
  respond: ({ reply }) => reply.text('We are open from 9 to 6.'),
})
const transport = aisensyTransport({
  api: {
    type: 'project',
    projectId: env.AISENSY_PROJECT_ID,
    password: env.AISENSY_PROJECT_PASSWORD,
    baseUrl: env.AISENSY_BASE_URL, // only for white-label hosts
  },
  webhookSecret: env.AISENSY_WEBHOOK_SECRET,
  windowTemplate: { name: 'we_have_an_answer', language: 'en' },
})
const pipeline = createPipeline({ agents: [hours] })
const bot = createBot({ transports: [transport], storage: memoryStorage(), pipeline })
await bot.start()

/** Mount it where AiSensy's webhook leads: it answers once everything is durable, and does not wait for agents. */
async function webhook(request: Request): Promise<Response> {
  const body = new Uint8Array(await request.arrayBuffer())
  const { method, headers, url } = request
  const answer = await transport.webhook?.({ method, headers, query: new URL(url).searchParams, body })
  return new Response(answer?.body, { status: answer?.status ?? 404 })
}
// #endregion

// #region direct
const partner = aisensyTransport({
  channel: 'partner',
  api: {
    type: 'direct',
    credentials: { email: 'ops@example.com', password: 'correct horse', projectId: '655b1f0c9d3e4a0012ab34cd' },
  },
  webhookToken: 'k3J9x7Qm2VtR8bZp', // https://you.example/webhooks/aisensy/partner?token=k3J9x7Qm2VtR8bZp
  campaign: { apiKey: 'key-of-the-campaign-api', name: { we_have_an_answer: 'answer_campaign' } },
})
// #endregion

afterAll(async () => {
  await bot.stop()
  provider.closeAllConnections()
  provider.close()
})

test('the bot of the README answers a signed message', async () => {
  const text = JSON.parse(readFileSync(new URL('../fixtures/text.json', import.meta.url), 'utf8'))
  Object.assign(text.data.message, { message_content: { text: 'When are you open?' }, sent_at: Date.now() })
  const body = JSON.stringify(text)
  const signature = createHmac('sha256', env.AISENSY_WEBHOOK_SECRET).update(body).digest('hex')
  const headers = { 'content-type': 'application/json', 'x-aisensy-signature': signature }
  const replied = once(provider, 'sent')

  const { status } = await webhook(
    new Request('https://you.example/webhooks/aisensy/main', { method: 'POST', headers, body }),
  )
  await replied

  expect(status).toBe(200)
  expect(sent).toMatchObject([{ to: '919999900001', text: { body: 'We are open from 9 to 6.' } }])
  expect((await webhook(new Request('https://you.example/', { method: 'POST', body }))).status).toBe(401)
  expect(partner.channel).toBe('partner')
})
