import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBot, createPipeline, type Transport, type TransportHost } from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { shopFallback, shopPlugin } from '@wa-agent-examples/agents'
import { textOnly } from '../text-only.ts'
import { Chats, type Figures } from './workload.ts'

/** The whole of it: checked messages, durable storage at FULL, the shop's pipeline without a model, the outbox. */
export async function runWholeEngine(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-engine-'))
  let host: TransportHost | undefined
  const play = new Chats(({ id, chat, text }) => {
    void host?.receive([{ type: 'text', id, chat, from: { id: chat }, sentAtMs: Date.now(), text }])
  })
  const transport: Transport = {
    name: 'bench',
    tenant: 'shop',
    channel: 'bench',
    capabilities: textOnly,
    async start(given) {
      host = given
    },
    async send({ chat }) {
      play.answered(chat)
      return { status: 'sent' }
    },
    async stop() {
      host = undefined
    },
  }
  const bot = createBot({
    transports: [transport],
    storage: sqliteStorage({ path: join(folder, 'bot.db') }),
    pipeline: createPipeline({ plugins: [shopPlugin({ orders: join(folder, 'orders.db') })], fallback: shopFallback }),
    concurrency: 200,
  })
  bot.on('error', ({ error }) => {
    throw error
  })
  await bot.start()
  const figures = await play.run()
  await bot.stop()
  rmSync(folder, { recursive: true })
  return figures
}
