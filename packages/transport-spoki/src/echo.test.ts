import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { hmacSha256Hex } from '@wa-agent/transport-kit'
import { describe, expect, test } from 'vitest'
import { spokiTransport } from './spoki-transport.ts'

const secret = 'a-long-random-secret'
const answer = 'Check-in is from 15:00.'

/** The engine on Spoki; `sent` are the bodies that came to Spoki, in order. */
async function running() {
  const clock = virtualClock()
  const sent: { readonly uuid: string; readonly metadata: unknown }[] = []
  // Promises only: the virtual clock does not see sockets.
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { metadata } = (await new Request(input, init).json()) as { metadata: unknown }
    const uuid = `8992ce12-1474-4cbf-bc0b-${String(sent.length).padStart(12, '0')}`
    sent.push({ uuid, metadata })
    return Response.json({ id: sent.length, uuid, status: 'Pending' }, { status: 201 })
  }
  const transport = spokiTransport({ apiKey: 'key', webhookSecret: secret, fetch })
  const desk = defineAgent({
    name: 'desk',
    description: 'Answers questions on the stay.',
    intents: { checkIn: { rules: [/check.?in/i] } },
    respond: ({ reply }) => reply.text(answer),
  })
  const bot = createBot({
    transports: [transport],
    storage: memoryStorage(),
    pipeline: createPipeline({ agents: [desk], clock }),
    clock,
  })
  const handoffs: string[] = []
  bot.on('handoff-started', ({ handoff }) => handoffs.push(handoff.by))
  await bot.start()
  const post = async (event: string, data: object) => {
    const body = Buffer.from(JSON.stringify({ version: 2, event, timestamp: clock.now() / 1000, data }))
    const seconds = Math.round(clock.now() / 1000)
    const signature = `t=${seconds},v2=${hmacSha256Hex(secret, `${seconds}.`, body)}`
    const headers = new Headers({ 'content-type': 'application/json', 'x-spoki-signature': signature })
    const answered = await transport.webhook?.({ method: 'POST', headers, query: new URLSearchParams(), body })
    expect(answered).toEqual({ status: 200 })
  }
  return {
    sent,
    handoffs,
    async asks(uuid: string) {
      await post('message.inbound', { uuid, from_phone: '+15550001001', text: 'When is check-in?' })
      await clock.advance(60_000)
    },
    out: (data: object) =>
      post('message.outbound', { type: 'Message', content_type: 'Text', to_phone: '+15550001001', ...data }),
    async [Symbol.asyncDispose]() {
      await clock.finish(bot.stop())
    },
  }
}

describe('a message that went out', () => {
  test('is ours where our id comes back with it, however often it comes', async () => {
    await using world = await running()
    await world.asks('m1')
    const [{ uuid, metadata } = { uuid: '', metadata: null }] = world.sent
    for (const send_status of ['Pending', 'Sent', 'Delivered', 'Read']) {
      await world.out({ uuid, metadata, text: answer, send_status })
    }
    await world.asks('m2')
    expect([world.handoffs, world.sent.length]).toEqual([[], 2])
  })

  test('is ours where only its own id tells', async () => {
    await using world = await running()
    await world.asks('m1')
    const uuid = world.sent[0]?.uuid.replaceAll('-', '')
    await world.out({ uuid, metadata: null, text: answer, send_status: 'Sent' })
    await world.asks('m2')
    expect([world.handoffs, world.sent.length]).toEqual([[], 2])
  })

  test('is of another program where there is something in its metadata, and the bot goes on', async () => {
    await using world = await running()
    await world.out({ uuid: 'o1', metadata: { order: 42 }, text: 'Your stay is booked', send_status: 'Sent' })
    await world.asks('m1')
    expect([world.handoffs, world.sent.length]).toEqual([[], 1])
  })

  test('is the hand of a person where neither tells, and the bot is silent', async () => {
    await using world = await running()
    await world.asks('m1')
    for (const send_status of ['Sent', 'Delivered', 'Read']) {
      await world.out({ uuid: 'p1', metadata: null, text: 'I am on it', send_status })
    }
    await world.asks('m2')
    expect([world.handoffs, world.sent.length]).toEqual([['owner'], 1])
  })
})
