// #region hello
import { createBot, createPipeline, defineAgent } from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { simulatedWhatsApp } from '@wa-agent/testing'

const hello = defineAgent({
  name: 'hello',
  description: 'Says hello.',
  intents: { greeting: { examples: ['hello', 'hi there', 'good morning'] } },
  respond: ({ reply }) => reply.text('Hello! How can I help?'),
})
const whatsApp = simulatedWhatsApp()
const storage = sqliteStorage({ path: 'bot.db' })
const bot = createBot({ transports: [whatsApp.transport], storage, pipeline: createPipeline({ agents: [hello] }) })
await bot.start()

const anna = whatsApp.customer('anna') // You play the customer.
anna.says('hello', { id: crypto.randomUUID() })
// biome-ignore lint/suspicious/noConsole: the example shows what was said
console.log((await anna.next()).text) // Hello! How can I help?
await bot.stop()
// #endregion
