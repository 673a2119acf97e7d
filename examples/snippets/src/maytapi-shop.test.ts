import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { staticKeys } from '@wa-agent/server'
import { expect, test } from 'vitest'
import { twoBusinesses } from './maytapi-businesses.ts'
import { createShops } from './maytapi-shop.ts'

const productId = '0f0e0d0c-1111-4222-8333-444455556666'
const adminKey = 'k3Jx-9fQm-Zr7T-pLw2'
const boxHouseKey = 'p4Wn-7Gk2-Yt9B-sHd6'
const keys = staticKeys([{ id: 'box-house', key: boxHouseKey, scope: { type: 'tenant', tenant: 'box-house' } }])
const secrets = { parcelCorner: 'q7Rt-2Lm9-Xs4K', boxHouse: 'h8Vb-5Nc1-Zd6W' }

/** A webhook of Maytapi, with what a customer wrote to one of the phones. */
function wrote(text: string, { phoneId, path }: { readonly phoneId: number; readonly path: string }): Request {
  const event = {
    type: 'message',
    product_id: productId,
    phone_id: phoneId,
    conversation: '15550001001@c.us',
    user: { id: '15550001001@c.us', name: 'Ana', phone: '15550001001' },
    message: { type: 'text', text, id: `false_15550001001@c.us_${phoneId}`, fromMe: false },
    timestamp: 1_760_000_000,
  }
  const headers = { 'content-type': 'application/json' }
  return new Request(`https://shops.example${path}`, { method: 'POST', headers, body: JSON.stringify(event) })
}

/** Stands for Maytapi's REST API, on a free port of this machine. */
async function startMaytapi() {
  const sent: { readonly path: string | undefined; readonly body: unknown }[] = []
  const http = createServer(async (request, response) => {
    sent.push({ path: request.url, body: await json(request) })
    response.end(JSON.stringify({ success: true, data: { msgId: `m-${sent.length}` } }))
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

test('each business answers from its own number, and takes no webhook of the other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-shops-'))
  await using maytapi = await startMaytapi()
  const { sent, baseUrl } = maytapi
  const tenants = twoBusinesses({ productId, apiKey: 'key-of-the-product', baseUrl }, secrets)
  const { bot, server } = await createShops({ tenants, keys, adminKey, folder })
  await bot.start()
  try {
    const address = '/webhooks/maytapi/box-house/main'
    const question = { phoneId: 1151, path: `${address}?token=${secrets.boxHouse}` }
    expect((await server.fetch(wrote('do you have boxes?', question))).status).toBe(200)
    await bot.idle()
    expect(sent.length).toBeGreaterThan(0)
    expect(new Set(sent.map(({ path }) => path))).toEqual(new Set([`/api/${productId}/1151/sendMessage`]))
    expect(sent[0]?.body).toMatchObject({ to_number: '15550001001@c.us', type: 'text' })

    const foreign = { phoneId: 1150, path: `${address}?token=${secrets.parcelCorner}` }
    expect((await server.fetch(wrote('hello', foreign))).status).toBe(401)
    const misplaced = { phoneId: 1150, path: `${address}?token=${secrets.boxHouse}` }
    expect((await server.fetch(wrote('hello', misplaced))).status).toBe(403)
    expect((await server.fetch(new Request('https://shops.example/ready'))).status).toBe(200)

    const headers = { 'x-api-key': boxHouseKey }
    const seen = await server.fetch(new Request('https://shops.example/api/tenants', { headers }))
    expect(await seen.json()).toMatchObject({ tenants: [{ id: 'box-house', timeZone: 'Europe/Rome' }] })
  } finally {
    await server.stop()
    await bot.stop()
    await rm(folder, { recursive: true })
  }
})

test('a business whose credentials are wrong is named at the start', async () => {
  const tenants = twoBusinesses({ productId, apiKey: '' }, secrets)
  const made = createShops({ tenants, keys, adminKey, folder: tmpdir() })
  await expect(made).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining('parcel-corner/main: its "apiKey" is empty or looks like a placeholder'),
  })
})
