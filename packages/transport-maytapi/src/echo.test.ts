import { createBot, createPipeline, defineAgent, memoryStorage, type WebhookRequest } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { maytapiTransport } from './maytapi-transport.ts'
import type { MaytapiTransportOptions } from './options.ts'

const chat = '15550001001@c.us'
const answer = 'We are open from 9 to 6.'
/** The engine on Maytapi; `sent` are the ids that Maytapi gave, in order. */
async function running(options: Partial<MaytapiTransportOptions> = {}) {
  const clock = virtualClock()
  const sent: string[] = []
  let echoBeforeAnswer: (() => Promise<void>) | undefined
  // Promises only: the virtual clock does not see sockets.
  const fetch = async () => {
    await echoBeforeAnswer?.()
    sent.push(`uuid-${sent.length}`)
    return Response.json({ success: true, data: { chatId: chat, msgId: sent.at(-1) } })
  }
  const credentials = { productId: 'p', phoneId: 1, apiKey: 'key', webhookSecret: 'secret' }
  const transport = maytapiTransport({ ...credentials, fetch, ...options })
  const hours = defineAgent({
    name: 'hours',
    description: 'Tells when the shop is open.',
    intents: { hours: { rules: [/open/i] } },
    respond: ({ reply }) => reply.text(answer),
  })
  const bot = createBot({
    transports: [transport],
    storage: memoryStorage(),
    pipeline: createPipeline({ agents: [hours], clock }),
    clock,
  })
  const handoffs: string[] = []
  bot.on('handoff-started', ({ handoff }) => handoffs.push(handoff.by))
  await bot.start()
  const post = async (event: object) => {
    const request: WebhookRequest = {
      method: 'POST',
      headers: new Headers({ 'content-type': 'application/json' }),
      query: new URLSearchParams({ token: 'secret' }),
      body: Buffer.from(JSON.stringify({ product_id: 'p', phone_id: 1, receiver: '15550009000', ...event })),
    }
    expect(await transport.webhook?.(request)).toEqual({ status: 200 })
  }
  const say = (id: string, text: string, fields: { fromMe?: boolean; conversation?: string } = {}) => {
    const { fromMe = false, conversation = chat } = fields
    const message = { type: 'text', text, id, _serialized: id, fromMe }
    return post({ type: 'message', conversation, user: { id: conversation }, timestamp: 1_760_000_000, message })
  }
  async function asks(id: string) {
    const count = sent.length
    await say(id, 'When are you open?')
    await clock.runUntil(() => sent.length > count)
    await clock.settle()
  }
  return {
    clock,
    say,
    asks,
    post,
    handoffs,
    sent,
    echoBefore: (work: () => Promise<void>) => {
      echoBeforeAnswer = work
    },
    async [Symbol.asyncDispose]() {
      await clock.finish(bot.stop())
    },
  }
}

describe('a message from our own number', () => {
  test('is the echo of our reply where it says the same, and the bot goes on', async () => {
    await using world = await running()
    await world.asks('m1')
    await world.say('true_15550001001@c.us_A', answer, { fromMe: true })
    await world.say('true_15550001001@c.us_A', answer, { fromMe: true })
    await world.asks('m2')
    expect(world.handoffs).toEqual([])
    expect(world.sent).toHaveLength(2)
  })

  test('is the echo of our reply where an acknowledgement says so, whatever its words are', async () => {
    await using world = await running()
    await world.asks('m1')
    const rxid = 'true_15550001001@c.us_B'
    const data = [{ ackCode: 1, ackType: 'delivered', chatId: chat, msgId: world.sent[0], rxid, time: 1_760_000_001 }]
    await world.post({ type: 'ack', data })
    await world.say(rxid, 'changed on the way', { fromMe: true })
    expect(world.handoffs).toEqual([])
  })

  test('is the echo of our reply also in a chat that is known by its LID', async () => {
    await using world = await running()
    await world.asks('m1')
    await world.say('true_9001@lid_C', answer, { fromMe: true, conversation: '9001@lid' })
    expect(world.handoffs).toEqual([])
  })

  test('is the echo of our reply also where it comes before the answer to the send', async () => {
    await using world = await running()
    const echo = () => world.say('true_15550001001@c.us_D', answer, { fromMe: true })
    world.echoBefore(echo)
    await world.asks('m1')
    await echo()
    expect(world.handoffs).toEqual([])
  })

  test('is the owner where it says something else, or the same once more', async () => {
    await using world = await running()
    await world.asks('m1')
    await world.say('true_15550001001@c.us_E', answer, { fromMe: true })
    await world.say('true_15550001001@c.us_F', answer, { fromMe: true })
    expect(world.handoffs).toEqual(['owner'])
    await world.say('m2', 'And when are you open on Sunday?')
    await world.clock.advance(60_000)
    expect(world.sent).toHaveLength(1)
  })

  test('silences nobody where handoff is turned off, whoever wrote it', async () => {
    await using world = await running({ handoff: false })
    await world.say('true_15550001001@c.us_G', 'Your order has shipped.', { fromMe: true })
    await world.asks('m1')
    await world.say('true_15550001001@c.us_H', answer, { fromMe: true })
    await world.asks('m2')
    expect([world.handoffs, world.sent.length]).toEqual([[], 2])
  })
})

describe('the live chat', () => {
  const live = (event: string) => ({ type: 'live_event', conversation: chat, data: { event } })

  test.each([true, false])(
    'silences the bot once an agent has taken a conversation, with handoff: %j',
    async (handoff) => {
      await using world = await running({ handoff })
      await world.post(live('taken_by_agent'))
      expect(world.handoffs).toEqual(['owner'])
      await world.say('m1', 'When are you open?')
      await world.say('m2', 'And when are you open on Sunday?', { conversation: '15550001002@c.us' })
      await world.clock.advance(60_000)
      expect(world.sent).toHaveLength(1)
    },
  )

  test.each(['released_by_agent', 'closed'])('gives the conversation back to the bot with %s', async (event) => {
    await using world = await running()
    await world.post(live('taken_by_agent'))
    await world.post(live(event))
    await world.say('m1', 'When are you open?')
    await world.clock.advance(60_000)
    expect(world.sent).toHaveLength(1)
  })

  test('does not begin a handoff by ending one', async () => {
    await using world = await running()
    for (const event of ['released_by_agent', 'closed']) await world.post(live(event))
    await world.asks('m1')
    expect([world.handoffs, world.sent.length]).toEqual([[], 1])
  })
})
