// A bot that kills its own process with SIGKILL at the n-th time it comes to a step. Without a step it runs to the end.
import { parseArgs } from 'node:util'
import { createBot, createPipeline, defineAgent, type Storage, type Transport } from '@wa-agent/core'
import { sqliteStorage } from '@wa-agent/storage-sqlite'
import { fileTransport } from '@wa-agent/testing'
import { z } from 'zod'

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: '' },
    out: { type: 'string', default: '' },
    db: { type: 'string', default: '' },
    step: { type: 'string' },
    count: { type: 'string', default: '1' },
  },
})

let remaining = Number(values.count)

/** Dies here if this is the step and its time has come. */
function passes(step: string): void {
  if (step !== values.step) return
  remaining -= 1
  if (remaining === 0) process.kill(process.pid, 'SIGKILL')
}

function steppingStorage(storage: Storage): Storage {
  return {
    ...storage,
    deadLetters: storage.deadLetters,
    async append(messages) {
      const results = await storage.append(messages)
      passes('after-append')
      return results
    },
    async commit(lease, change) {
      if (change.done) passes('before-commit')
      const flags = await storage.commit(lease, change)
      if (change.done) passes('after-commit')
      return flags
    },
    async settle(reply, outcome) {
      await storage.settle(reply, outcome)
      passes('after-record')
    },
  }
}

const files = fileTransport({ in: values.in, out: values.out })
const transport: Transport = {
  ...files,
  async send(delivery, options) {
    passes('before-send')
    const result = await files.send(delivery, options)
    passes('between-send-and-record')
    return result
  },
}

const counting = defineAgent({
  name: 'counting',
  description: 'Counts the turns of a chat.',
  session: z.object({ turns: z.number().default(0) }),
  async respond({ message, session, reply }) {
    session.turns += 1
    passes('in-agent')
    reply.text(`${session.turns}: ${message.id}`)
  },
})

const bot = createBot({
  transports: [transport],
  storage: steppingStorage(sqliteStorage({ path: values.db })),
  pipeline: createPipeline({ agents: [counting], fallback: counting }),
  coalesce: { maxMessages: 1 },
})
await bot.start()
await files.finished
await bot.idle()
await bot.stop()
