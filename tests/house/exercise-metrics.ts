import { defineAgent, memoryQueue, memoryStorage, Telemetry, WaAgentError } from '@wa-agent/core'
import { createServer } from '@wa-agent/server'
import { prometheusMetrics } from '@wa-agent/server/metrics'
import { inbound, scriptedModel } from '@wa-agent/testing'
import { type MetricFamily, parseMetrics } from '../../packages/server/src/metrics/test-text-format.ts'
import { startWorld, type World } from '../engine/world.ts'

const channel = { tenant: 'default', channel: 'default' }

/** Asks its model, fails on texts that hold "poison", hands over on "person". */
const agent = defineAgent({
  name: 'shop',
  description: 'Sells.',
  intents: { order: { rules: ['order'], examples: ['I want to buy a box', 'can I buy two boxes'] } },
  async respond({ text, reply, llm, handoff }) {
    if (text.includes('poison')) throw new Error('it broke')
    if (text.includes('person')) handoff('asked')
    reply.text((await llm?.text({ instructions: 'Be kind.' })) ?? 'ok')
  },
})

const answer = { text: 'ok', usage: { inputTokens: 7, outputTokens: 3, costUsd: 0.25 } }
const noIntent = { output: { intent: 'none', confidence: 0.1, entities: {} }, usage: answer.usage }

/** Lets a bot with a server do everything that is measured, and reads its `GET /metrics` as Prometheus would. */
export async function exercisedMetrics(): Promise<Map<string, MetricFamily>> {
  const metrics = prometheusMetrics({ public: true })
  const telemetry = { meterProvider: metrics.meterProvider }
  const storage = memoryStorage()
  const model = scriptedModel(
    Array.from(
      { length: 50 },
      () =>
        ({ purpose }) =>
          purpose === 'classify' ? noIntent : answer,
    ),
  )
  const bot = { telemetry, retry: { maxAttempts: 2 }, sendRetry: { maxAttempts: 2 }, ownerHandoffMs: 1 } as const
  await using world = await startWorld({ agents: [agent], model, storage, bot, whatsapp: { find: false } })
  const queue = memoryQueue()
  const ofQueue = new Telemetry(telemetry, () => world.clock.now())
  ofQueue.observeQueue(queue)
  await ofQueue.start()
  const server = createServer({ bot: world.bot, transports: [], adminKey: false, metrics, clock: world.clock })
  try {
    await converse(world)
    await disturb(world, storage)
    await fail(world)
    await server.start()
    await server.fetch(new Request('http://bot.example/health'))
    await server.fetch(new Request('http://bot.example/ready'))
    const scraped = await server.fetch(new Request('http://bot.example/metrics'))
    return parseMetrics(await scraped.text())
  } finally {
    await server.stop()
    ofQueue.stop()
    await queue.close()
  }
}

/** All goes well. */
async function converse({ whatsapp, clock, bot, tell }: World): Promise<void> {
  const anna = whatsapp.customer('anna')
  for (const text of ['order', 'I want to buy a box', 'zzz', 'STOP', 'START']) {
    anna.says(text)
    await clock.advance(2000)
  }
  whatsapp.customer('edda').says('STOP')
  await clock.advance(2000)
  await bot.send({ ...channel, chat: 'edda' }, { type: 'text', text: 'hi' })
  // A burst: the bell of the second message rings when both are answered.
  await bot.receive([inbound.text('order'), inbound.text('order')])
  await clock.advance(2000)
  const [first, second] = whatsapp.sent
  if (!first || !second) throw new Error('nothing was sent')
  const atMs = clock.now()
  for (const status of ['delivered', 'read'] as const) await tell({ providerId: first.id, status, atMs })
  await tell({ providerId: second.id, status: 'failed', atMs, reason: 'blocked' })
  whatsapp.owner.writes(anna, 'I am here')
  await clock.advance(2000)
  await bot.release({ ...channel, chat: 'anna' })
}

/** Something of ours is in the way. */
async function disturb({ whatsapp, clock, named }: World, storage: ReturnType<typeof memoryStorage>): Promise<void> {
  const { commit, claim } = storage
  storage.commit = () => Promise.reject(new WaAgentError('lease_lost', 'Somebody else has it.'))
  whatsapp.customer('bert').says('order')
  await clock.settle()
  storage.commit = commit
  storage.claim = () => Promise.reject(new WaAgentError('storage_unavailable', 'Away.', { retryable: true }))
  await clock.advance(2000)
  storage.claim = claim
  await clock.advance(5000)
  if (named('lease-lost').length === 0 || named('error').length === 0) throw new Error('nothing was in the way')
}

/** The agent and the provider fail. */
async function fail({ whatsapp, clock, bot, named }: World): Promise<void> {
  whatsapp.customer('carl').says('poison')
  await clock.advance(10_000)
  whatsapp.faults.next('timeout-after-acceptance')
  whatsapp.customer('dora').says('order')
  await clock.advance(60_000)
  whatsapp.faults.always('unavailable')
  for (let n = 0; n < 6; n += 1) await bot.send({ ...channel, chat: `c${n}` }, { type: 'text', text: 'hi' })
  await clock.advance(300_000)
  const happened = ['turn-dead', 'reply-held', 'reply-dead', 'circuit-changed'].filter(
    (name) => named(name).length === 0,
  )
  if (happened.length > 0) throw new Error(`this did not happen: ${happened.join(', ')}`)
}
