import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { adminKey, echoPipeline } from '../test-world.ts'

const pipeline = echoPipeline('Shop')

// #region cloud
import { createBot } from '@wa-agent/core'
import { createServer, desktopTransport, loadTransports, sqliteDirectory } from '@wa-agent/server'
import { sqliteStorage } from '@wa-agent/storage-sqlite'

async function serveDesktops(folder: string, adminKey: string) {
  const { tenants, keys } = sqliteDirectory({ path: `${folder}/tenants.db` })
  const transports = await loadTransports(tenants, {
    factories: { desktop: ({ tenant, channel }) => desktopTransport({ tenant, channel }) },
  })
  const bot = createBot({ transports, storage: sqliteStorage({ path: `${folder}/bot.db` }), pipeline })
  const server = createServer({ bot, transports, tenants, keys, adminKey })
  await bot.start()
  const { port } = await server.start()
  return { bot, server, port }
}
// #endregion

test('a tenant is made, its desktop asks, and all is there after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'desktops-'))
  const headers = { 'content-type': 'application/json' }
  const first = await serveDesktops(folder, adminKey)
  const made = await fetch(`http://127.0.0.1:${first.port}/api/admin/tenants`, {
    method: 'POST',
    headers: { ...headers, 'x-api-key': adminKey },
    body: JSON.stringify({ id: 'shop', name: 'My shop' }),
  })
  const { apiKey } = (await made.json()) as { apiKey: string }
  const ask = async (port: number) => {
    const message = {
      tenantId: 'shop',
      from: '919876543210@c.us',
      message: 'boxes?',
      timestamp: Math.floor(Date.now() / 1e6) * 1e3,
    }
    const response = await fetch(`http://127.0.0.1:${port}/api/desktop-agent/process-message`, {
      method: 'POST',
      headers: { ...headers, 'x-api-key': apiKey },
      body: JSON.stringify(message),
    })
    return ((await response.json()) as { reply: string }).reply
  }
  expect(await ask(first.port)).toBe('Shop: boxes?')
  await first.server.stop()
  await first.bot.stop()
  const second = await serveDesktops(folder, adminKey)
  expect(await ask(second.port)).toBe('Shop: boxes?')
  await second.server.stop()
  await second.bot.stop()
  rmSync(folder, { recursive: true })
})
