// The server as users run it: durable in SQLite before the 200, with an agent that takes ten seconds.
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createBot, createPipeline, defineAgent } from '@wa-agent/core'
import { createServer } from '@wa-agent/server'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { cloudApiTransport } from '@wa-agent/transport-cloud-api'
import { appSecret, phoneNumberId } from './webhook.ts'

const slow = defineAgent({
  name: 'slow',
  description: 'Takes ten seconds.',
  intents: { anything: { rules: [/./] } },
  async respond({ reply, signal }) {
    await setTimeout(10_000, undefined, { signal })
    reply.text('At last!')
  },
})

/** Listens on a free port, with its database in `folder`. */
export async function runWholeServer(folder: string): Promise<number> {
  // Nothing is sent: the first answer is ready when the measurement is over, and would go nowhere.
  const provider = { accessToken: 'none', verifyToken: 'none', baseUrl: 'http://127.0.0.1:9' }
  const transports = [cloudApiTransport({ appSecret, phoneNumberId, ...provider })]
  const storage = sqliteStorage({ path: join(folder, 'bot.db') })
  const bot = createBot({ transports, storage, pipeline: createPipeline({ agents: [slow] }) })
  // One provider sends more here than the usual limit of a channel.
  const limits = { channel: { requests: 10_000_000, perMs: 60_000 } }
  const server = createServer({ bot, transports, adminKey: false, limits })
  await bot.start()
  return (await server.start({ port: 0 })).port
}
