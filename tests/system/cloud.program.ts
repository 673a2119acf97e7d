// A cloud as examples/cloud-worker is one, with an agent whose answers can be counted: one for each message, with its words.
import { createBot, createPipeline, defineAgent } from '@wa-agent/core'
import { createServer, desktopTransport, loadTransports, sqliteDirectory } from '@wa-agent/server'
import { sqliteStorage } from '@wa-agent/storage-sqlite'

const { ADMIN_API_KEY: adminKey = '', PORT = '0' } = process.env

const echo = defineAgent({
  name: 'echo',
  description: 'Says each message again.',
  intents: { anything: { rules: [/./] } },
  respond({ messages, reply }) {
    for (const message of messages) if (message.type === 'text') reply.text(`answer to ${message.text}`)
  },
})

const { tenants, keys } = sqliteDirectory({ path: 'tenants.db' })
const transports = await loadTransports(tenants, {
  factories: { desktop: ({ tenant, channel }) => desktopTransport({ tenant, channel }) },
})
const bot = createBot({
  transports,
  storage: sqliteStorage({ path: 'bot.db' }),
  pipeline: createPipeline({ agents: [echo] }),
})
// All that is sent comes from one desktop, faster than people write.
const limits = { key: false, address: false } as const
const server = createServer({ bot, transports, tenants, keys, adminKey, limits })
await bot.start()
const { port } = await server.start({ port: Number(PORT), host: '127.0.0.1' })
process.stdout.write(`${JSON.stringify({ port })} "the worker is ready"\n`)
