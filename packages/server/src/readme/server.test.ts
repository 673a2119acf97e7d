import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { adminKey, bodyWith, pushTransport, signed } from '../test-world.ts'

const folder = mkdtempSync(join(tmpdir(), 'wa-agent-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
process.env['ADMIN_KEY'] = adminKey
const myTransport = pushTransport

// #region server
import { createBot, createPipeline, defineAgent } from '@wa-agent/core'
import { chatTransport, createServer } from '@wa-agent/server'
import { sqliteStorage } from '@wa-agent/storage-sqlite'

const hours = defineAgent({
  name: 'hours',
  description: 'Tells when the shop is open.',
  intents: { hours: { rules: [/open/i] } },
  respond: ({ reply }) => void reply.text('We are open from 9 to 6.'),
})

async function serve(path: string) {
  const transports = [myTransport(), chatTransport()] // e.g. cloudApiTransport({ ... })
  const bot = createBot({
    transports,
    storage: sqliteStorage({ path }),
    pipeline: createPipeline({ agents: [hours] }),
  })
  const server = createServer({ bot, transports, adminKey: process.env['ADMIN_KEY'] ?? '' })
  await bot.start()
  const { port } = await server.start({ port: 0, host: '127.0.0.1' })
  return { bot, server, port }
}
// #endregion

// #region stop
async function stop({ bot, server }: Awaited<ReturnType<typeof serve>>) {
  await server.stop() // finishes the requests that were accepted
  await bot.stop() // finishes the turns; what is not finished is taken up at the next start
}
// #endregion

async function tryWebhook(url: string): Promise<number> {
  const body = bodyWith('Are you open?')
  return (await fetch(url, { method: 'POST', body, headers: { 'x-signature': signed(body) } })).status
}

test('serves webhooks, chat and probes', async () => {
  const running = await serve(join(folder, 'first.db'))
  const base = `http://127.0.0.1:${running.port}`
  expect(await tryWebhook(`${base}/webhooks/push/main`)).toBe(200)
  const chat = await fetch(`${base}/chat`, {
    method: 'POST',
    headers: { 'x-api-key': adminKey, 'content-type': 'application/json' },
    body: JSON.stringify({ message: 'When do you open?', userId: 'anna' }),
  })
  expect(await chat.json()).toMatchObject({ reply: 'We are open from 9 to 6.', agent: 'hours' })
  expect((await fetch(`${base}/ready`)).status).toBe(200)
  await stop(running)
})

// #region express
import express from 'express'

function inExpress({ server }: Awaited<ReturnType<typeof serve>>) {
  const app = express()
  app.use('/whatsapp', server.listener) // before express.json(): signatures are over the bytes as they came
  app.use(express.json())
  app.get('/', (_request, response) => void response.send('My shop'))
  return app
}
// #endregion

test('is mounted in Express', async () => {
  const running = await serve(join(folder, 'express.db'))
  const http = inExpress(running).listen(0, '127.0.0.1')
  await new Promise((resolve) => http.once('listening', resolve))
  const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  expect(await tryWebhook(`${base}/whatsapp/webhooks/push/main`)).toBe(200)
  expect((await fetch(`${base}/whatsapp/health`)).status).toBe(200)
  expect((await fetch(`${base}/whatsapp/api/keys`)).status).toBe(401)
  expect(await (await fetch(base)).text()).toBe('My shop')
  await stop(running)
  http.closeAllConnections()
  http.close()
})

test('says so where a body parser was before it', async () => {
  const running = await serve(join(folder, 'parsed.db'))
  const app = express()
  app.use(express.text({ type: '*/*' }))
  app.use(running.server.listener)
  const http = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => http.once('listening', resolve))
  expect(await tryWebhook(`http://127.0.0.1:${(http.address() as AddressInfo).port}/webhooks/push/main`)).toBe(500)
  await stop(running)
  http.closeAllConnections()
  http.close()
})

// #region node
function inNode({ server }: Awaited<ReturnType<typeof serve>>) {
  return createHttpServer((request, response) => {
    if (request.url === '/') response.end('My shop')
    else server.listener(request, response)
  })
}
// #endregion

test('is mounted in a bare node:http server', async () => {
  const running = await serve(join(folder, 'node.db'))
  const http = inNode(running)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  expect(await tryWebhook(`${base}/webhooks/push/main`)).toBe(200)
  expect((await fetch(`${base}/health`)).status).toBe(200)
  expect(await (await fetch(base)).text()).toBe('My shop')
  await stop(running)
  http.closeAllConnections()
  http.close()
})
