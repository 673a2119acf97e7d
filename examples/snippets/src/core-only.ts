// #region bot
import { createBot, createPipeline, defineAgent, memoryStorage, type Transport } from '@wa-agent/core'

const hello = defineAgent({
  name: 'hello',
  description: 'Says hello.',
  intents: { greeting: { examples: ['hello', 'hi there', 'good morning'] } },
  respond: ({ reply, contact }) => reply.text(`Hello ${contact.name ?? 'there'}! How can I help?`),
})

/** A transport knows WhatsApp, a storage keeps the truth; agents and pipeline know neither. */
export const makeBot = (transport: Transport) =>
  createBot({ transports: [transport], storage: memoryStorage(), pipeline: createPipeline({ agents: [hello] }) })
// #endregion
