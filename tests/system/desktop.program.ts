// A desktop as examples/desktop-agent is one, without the pace of a person: a thousand answers are wanted in a minute.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cloudLink, cloudPipeline } from '@wa-agent/cloud-client'
import { createBot } from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { webjsTransport } from '@wa-agent/transport-webjs'

const { CLOUD_SERVER_URL: url = '', TENANT_ID: tenantId = '', API_KEY: apiKey = '', LOCAL_PORT = '0' } = process.env

const pipeline = cloudPipeline({ url, tenantId, apiKey, timeoutMs: 5000 })
const whatsApp = webjsTransport({
  tenant: tenantId,
  sessionDir: 'session',
  typing: false,
  limits: { messagesPerSecond: 1000, perChat: { everyMs: 0, burst: 1000 } },
  onQr: () => undefined,
})
const bot = createBot({ transports: [whatsApp], storage: sqliteStorage({ path: 'desktop.db' }), pipeline })
const link = cloudLink({ pipeline, bot, transport: whatsApp })

const health = createServer(async (_request, response) => {
  const { pendingMessages, pendingReplies, deadLetters } = await bot.stats()
  const chromiumBytes = await whatsApp.browserMemoryBytes()
  const body = {
    status: 'ok',
    whatsapp: { state: whatsApp.status.state },
    cloud: { state: pipeline.state, reachable: pipeline.state === 'reachable' },
    queue: { depth: pendingMessages + pendingReplies, deadLetters },
    memory: { nodeBytes: process.memoryUsage.rss(), chromiumBytes: chromiumBytes ?? null },
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})

await bot.start()
link.start()
health.listen(Number(LOCAL_PORT), '127.0.0.1', () => {
  process.stdout.write(`http://localhost:${(health.address() as AddressInfo).port}/health\n`)
})
process.once('SIGTERM', async () => {
  await link.stop()
  await bot.stop()
  process.exit(0)
})
