import { createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createGateway, runGateway } from './cloud-gateway.ts'

const phoneNumberId = '106540352242922'
const secrets = { accessToken: 'token-of-the-app', appSecret: 'b7f1d0c2a98e4456', verifyToken: 'word-of-our-choice' }
const adminKey = 'k3Jx-9fQm-Zr7T-pLw2'
const address = 'https://gateway.example/webhooks/cloud-api/main'

/** A webhook of Meta with what a customer wrote, signed with `appSecret`. */
function wrote(text: string, appSecret: string): Request {
  const message = { from: '16505551234', id: 'wamid.1', timestamp: '1749416383', type: 'text', text: { body: text } }
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: phoneNumberId },
    contacts: [{ profile: { name: 'Asha' }, wa_id: '16505551234' }],
    messages: [message],
  }
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ field: 'messages', value }] }],
  })
  const signature = createHmac('sha256', appSecret).update(body).digest('hex')
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` }
  return new Request(address, { method: 'POST', headers, body })
}

/** Stands for Meta's REST API, on a free port of this machine. */
async function startMeta() {
  const sent: unknown[] = []
  const http = createServer(async (request, response) => {
    sent.push(await json(request))
    response.end(JSON.stringify({ messaging_product: 'whatsapp', messages: [{ id: `wamid.out${sent.length}` }] }))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    sent,
    baseUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

test('the gateway answers what Meta signed, once, and refuses the rest', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-gateway-'))
  await using provider = await startMeta()
  const meta = { phoneNumberId, ...secrets, baseUrl: provider.baseUrl }
  const { bot, server } = createGateway({ meta, adminKey, folder })
  await bot.start()
  try {
    const challenge = `${address}?hub.mode=subscribe&hub.verify_token=${secrets.verifyToken}&hub.challenge=42`
    expect(await (await server.fetch(new Request(challenge))).text()).toBe('42')
    expect((await server.fetch(wrote('do you have boxes?', 'another-secret'))).status).toBe(401)
    await bot.idle()
    expect(provider.sent).toEqual([])

    for (const _ of ['first', 'again']) {
      expect((await server.fetch(wrote('do you have boxes?', secrets.appSecret))).status).toBe(200)
      await bot.idle()
    }
    expect(provider.sent).toEqual([expect.objectContaining({ messaging_product: 'whatsapp', to: '16505551234' })])
  } finally {
    await server.stop()
    await bot.stop()
    await rm(folder, { recursive: true })
  }
})

test('a port that is taken ends the gateway with an error, and closes its databases', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-gateway-'))
  await using provider = await startMeta()
  const meta = { phoneNumberId, ...secrets, baseUrl: provider.baseUrl }
  const taken = createServer().listen(0, '0.0.0.0')
  await new Promise((resolve) => taken.once('listening', resolve))
  try {
    const { port } = taken.address() as AddressInfo
    await expect(runGateway({ meta, adminKey, folder }, port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const { bot } = createGateway({ meta, adminKey, folder })
    await bot.start()
    await bot.stop()
  } finally {
    await new Promise((resolve) => taken.close(resolve))
    await rm(folder, { recursive: true })
  }
})
