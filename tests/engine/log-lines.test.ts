import {
  createBot,
  createIngest,
  createPipeline,
  defineAgent,
  type Logger,
  logFieldsOf,
  memoryQueue,
  memoryStorage,
  type Transport,
  tagOf,
} from '@wa-agent/core'
import { simulatedWhatsApp } from '@wa-agent/testing'
import { cloudApiTransport } from '@wa-agent/transport-cloud-api'
import { expect, test } from 'vitest'
import { echo, startWorld } from './world.ts'

type Line = Record<string, unknown>

function recording(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const note = (fields: Line, line: string) => void lines.push({ ...fields, line })
  return { lines, logger: { debug: note, info: note, warn: note, error: note } }
}

const numberOf = (channel: string) =>
  cloudApiTransport({
    tenant: 'acme',
    channel,
    phoneNumberId: '106540352242922',
    accessToken: 'a-token-of-meta',
    appSecret: '8c1f0f6a4c2b4d0a9e1f7d3c5b6a7988',
    verifyToken: 'a-verify-token',
  })

const forged = {
  method: 'POST',
  headers: new Headers({ 'content-type': 'application/json', 'x-hub-signature-256': 'sha256=00' }),
  query: new URLSearchParams(),
  body: new TextEncoder().encode('{}'),
}

const refusalsOf = (channels: readonly string[]) =>
  channels.map((channel) => ({
    tenant: 'acme',
    channel,
    status: 401,
    reason: 'wrong signature',
    line: 'webhook refused',
  }))

test('a bot tells whose webhook was refused', async () => {
  const { logger, lines } = recording()
  const transports = [numberOf('sales'), numberOf('support')]
  const bot = createBot({ transports, storage: memoryStorage(), pipeline: createPipeline({ agents: [echo] }), logger })
  await bot.start()
  for (const { webhook } of transports) expect((await webhook?.(forged))?.status).toBe(401)
  await bot.stop()
  expect(lines).toEqual(refusalsOf(['sales', 'support']))
})

test('an ingest tells whose webhook was refused', async () => {
  const { logger, lines } = recording()
  const transports = [numberOf('sales'), numberOf('support')]
  const queue = memoryQueue()
  const ingest = createIngest({ transports, queue, logger })
  await ingest.start()
  for (const { webhook } of transports) expect((await webhook?.(forged))?.status).toBe(401)
  await ingest.stop()
  await queue.close()
  expect(lines).toEqual(refusalsOf(['sales', 'support']))
})

test('what a transport says itself of its line counts more', async () => {
  const { logger, lines } = recording()
  const own = simulatedWhatsApp().transport
  const transport: Transport = {
    ...own,
    async start(host) {
      await own.start(host)
      host.logger.info({ channel: 'the old one' }, 'moved')
    },
  }
  const pipeline = createPipeline({ agents: [echo] })
  const bot = createBot({ transports: [transport], storage: memoryStorage(), pipeline, logger })
  await bot.start()
  await bot.stop()
  expect(lines).toContainEqual({ tenant: 'default', channel: 'the old one', line: 'moved' })
})

test('what an agent logs names its conversation and the message, by tags', async () => {
  const { logger, lines } = recording()
  const agent = defineAgent({
    name: 'clerk',
    description: 'Notes.',
    respond: ({ logger: own }) => own.info({ shelf: 3 }, 'looked'),
  })
  const pipeline = createPipeline({ agents: [agent], fallback: agent, logger })
  await using world = await startWorld({ bot: { pipeline } })
  world.whatsapp.customer('393330001122').says('hello')
  await world.settle()
  const [{ conversation, messageIds } = {}] = world.named('turn-committed')
  const [id] = messageIds as string[]
  expect(lines).toEqual([{ ...logFieldsOf(conversation as never, id), shelf: 3, line: 'looked' }])
  expect(lines[0]).toMatchObject({ tenant: 'default', channel: 'default', message: tagOf(id ?? '') })
})
