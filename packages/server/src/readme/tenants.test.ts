import { expect, test } from 'vitest'
import { adminKey, bodyWith, echoPipeline, pushTransport, signed } from '../test-world.ts'

const shopPipeline = echoPipeline('Shop')
const hotelPipeline = echoPipeline('Hotel')
const myTransport = (options: { readonly tenant: string; readonly channel: string; readonly token: string }) =>
  pushTransport(options.tenant, options.channel)

// #region tenants
import { createBot, memoryStorage } from '@wa-agent/core'
import { createServer, loadTransports, pipelineByTenant, sqliteDirectory } from '@wa-agent/server'

const { tenants, keys, close } = sqliteDirectory({ path: ':memory:' }) // a file of its own, e.g. 'tenants.db'

async function serveTenants(adminKey: string) {
  const transports = await loadTransports(tenants, {
    factories: {
      push: ({ tenant, channel, credentials }) => myTransport({ tenant, channel, token: String(credentials['token']) }),
    },
  })
  const pipeline = pipelineByTenant({ tenants: { hotel: hotelPipeline }, otherwise: shopPipeline })
  const bot = createBot({ transports, storage: memoryStorage(), pipeline })
  const server = createServer({ bot, transports, tenants, keys, adminKey })
  await bot.start()
  return { bot, server, transports }
}
// #endregion

test('each tenant has its channels, its agents and its keys', async () => {
  for (const id of ['shop', 'hotel']) {
    await tenants.editor?.putTenant({ id, name: id, timeZone: 'UTC', settings: {} })
    await tenants.editor?.putChannel({
      tenant: id,
      channel: 'main',
      transport: 'push',
      credentials: { token: 't-9fQm' },
    })
  }
  const { bot, server, transports } = await serveTenants(adminKey)
  for (const tenant of ['shop', 'hotel']) {
    const body = bodyWith('hi')
    const init = { method: 'POST', body, headers: { 'x-signature': signed(body) } }
    const url = `http://server.example/webhooks/push/${tenant}/main`
    expect((await server.fetch(new Request(url, init))).status).toBe(200)
  }
  await bot.idle()
  const sent = transports.map((transport) => (transport as ReturnType<typeof pushTransport>).sent)
  expect(sent.toSorted()).toEqual([['Hotel: hi'], ['Shop: hi']])
  await server.stop()
  await bot.stop()
  close()
})
