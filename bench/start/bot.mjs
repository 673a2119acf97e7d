// Starts a bot from the built packages, answers one message durably, prints how it went, and stays until it is told to stop.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBot, createPipeline, defineAgent } from '@wa-agent/core'
import { openaiModel } from '@wa-agent/core/openai'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { z } from 'zod'

const folder = mkdtempSync(join(tmpdir(), 'wa-agent-start-'))
const orders = defineAgent({
  name: 'orders',
  description: 'Takes orders and tells where an order is.',
  intents: {
    order: {
      examples: ['I want to order 10 boxes', 'can I buy two of these', 'please send me a box', 'I need some tape'],
    },
    order_status: { examples: ['where is my order', 'has it shipped', 'when does it arrive', 'track my parcel'] },
    hours: { examples: ['when are you open', 'opening hours', 'are you open on sunday', 'what time do you close'] },
  },
  session: z.object({ turns: z.number().default(0) }),
  respond({ session, intent, reply }) {
    session.turns += 1
    reply.text(`Understood: ${intent?.name ?? 'nothing'}`)
  },
})

let host
const answered = Promise.withResolvers()
const transport = {
  name: 'bench',
  tenant: 'shop',
  channel: 'main',
  capabilities: {
    types: ['text'],
    maxTextLength: 4096,
    maxCaptionLength: 1024,
    maxButtons: 0,
    maxListRows: 0,
    quotes: false,
  },
  start: async (given) => {
    host = given
  },
  send: async () => {
    answered.resolve()
    return { status: 'sent' }
  },
  stop: async () => undefined,
}
const bot = createBot({
  transports: [transport],
  storage: sqliteStorage({ path: join(folder, 'bot.db') }),
  // A model that is configured but not asked: its client must not be loaded.
  pipeline: createPipeline({ agents: [orders], model: openaiModel({ apiKey: 'not-used' }) }),
})
await bot.start()
await host.receive([
  { type: 'text', id: 'm1', chat: 'anna', from: { id: 'anna' }, sentAtMs: Date.now(), text: 'where is my order' },
])
await answered.promise
const firstAnswerMs = performance.now()
await bot.idle()
await new Promise((resolve) => setTimeout(resolve, 500))

process.stdout.write(
  `${JSON.stringify({ firstAnswerMs, rssMb: process.memoryUsage.rss() / 1024 / 1024, startedAtMs: performance.timeOrigin })}\n`,
)
await bot.stop()
rmSync(folder, { recursive: true })
