import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createBot, memoryStorage } from '@wa-agent/core'
import { simulatedWhatsApp } from '@wa-agent/testing'
import { expect, test } from 'vitest'

// Stands for the cloud.
const cloud = createServer(async (request, response) => {
  if (request.method === 'GET')
    return void response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const body = (await json(request)) as { readonly messages?: readonly { readonly text: string }[] }
  const reply = { type: 'text', text: `You asked: ${body.messages?.[0]?.text}` }
  const registered = { session: 's1', media: false, maxMediaBytes: 0, paused: false, heartbeatEveryMs: 30_000 }
  const answer = { replies: [{ id: 'r1', message: reply }], handoff: null }
  response.end(JSON.stringify(request.url?.endsWith('process-message') ? answer : registered))
})
await new Promise<void>((resolve) => cloud.listen(0, '127.0.0.1', resolve))
const environment = {
  CLOUD_SERVER_URL: `http://127.0.0.1:${(cloud.address() as AddressInfo).port}`,
  TENANT_ID: 'shop',
  API_KEY: 'wak_key',
}
const whatsApp = simulatedWhatsApp()
const transport = whatsApp.transport
const storage = memoryStorage()

// #region desktop
import { cloudLink, cloudPipeline } from '@wa-agent/cloud-client'

const pipeline = cloudPipeline({
  url: environment.CLOUD_SERVER_URL,
  tenantId: environment.TENANT_ID,
  apiKey: environment.API_KEY,
  onEvent(event) {
    if (event.type === 'superseded') void stop() // another PC has the number now
  },
})
const bot = createBot({ transports: [transport], storage, pipeline }) // e.g. webjsTransport() and sqliteStorage()
const link = cloudLink({ pipeline, bot, transport, device: 'Office PC' })

async function start() {
  await bot.start()
  link.start()
}

async function stop() {
  await link.stop()
  await bot.stop()
}
// #endregion

test('the desktop asks its cloud', async () => {
  await start()
  const anna = whatsApp.customer('anna')
  anna.says('Are you open?')
  expect((await anna.next()).text).toBe('You asked: Are you open?')
  await stop()
  cloud.closeAllConnections()
  cloud.close()
})
