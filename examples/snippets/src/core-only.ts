// #region bot

import type { Transport } from '@wa-agent/core'
import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'

const hello = defineAgent({
  name: 'hello',
  description: 'Says hello and remembers how often.',
  intents: { greeting: { examples: ['hello', 'hi there', 'good morning'] } },
  respond: ({ reply, contact }) => reply.text(`Hello ${contact.name ?? 'there'}! How can I help?`),
})

export const pipeline = createPipeline({ agents: [hello] })

/** The transport is the only part that knows WhatsApp; the storage is the only part that keeps anything. */
export const makeBot = (transport: Transport) =>
  createBot({ transports: [transport], storage: memoryStorage(), pipeline })
// #endregion
