import { readFileSync } from 'node:fs'
import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { aisensyTransport } from './aisensy-transport.ts'

const token = '0123456789abcdef0123456789abcdef'
const answer = 'Great! We have boxes available.'
const startMs = Date.UTC(2026, 10, 21, 12)

const boxes = defineAgent({
  name: 'boxes',
  description: 'Answers everything.',
  respond: ({ reply }) => reply.text(answer),
})

interface FakeAnswer {
  readonly status?: number
  readonly body?: object
}

/** A bot on AiSensy, whose REST API is `answerTo`. */
async function world(answerTo: (body: Record<string, unknown>, url: string) => FakeAnswer | Promise<FakeAnswer>) {
  const clock = virtualClock({ startMs })
  const sent: Record<string, unknown>[] = []
  const fake: typeof fetch = async (url, init) => {
    const body = JSON.parse(Buffer.from(init?.body as Uint8Array).toString())
    sent.push(body)
    const { status = 200, body: given = { messages: [{ id: `wamid.api${sent.length}` }] } } = await answerTo(
      body,
      String(url),
    )
    return Response.json(given, { status })
  }
  const transport = aisensyTransport({
    api: { type: 'project', projectId: '655b1f0c9d3e4a0012ab34cd', password: 'correct horse' },
    webhookToken: token,
    windowTemplate: { name: 'we_have_an_answer', language: 'en' },
    campaign: { apiKey: 'jwt', name: { we_have_an_answer: 'answer_campaign' } },
    fetch: fake,
    clock,
  })
  const storage = memoryStorage({ clock })
  const bot = createBot({
    transports: [transport],
    storage,
    pipeline: createPipeline({ agents: [boxes], fallback: boxes, clock }),
    clock,
  })
  const events: string[] = []
  bot.on('handoff-started', () => events.push('handoff-started'))
  bot.on('reply-held', () => events.push('reply-held'))
  bot.on('reply-accepted', () => events.push('reply-accepted'))
  bot.on('reply-delivered', () => events.push('reply-delivered'))
  bot.on('reply-failed', ({ reason }) => events.push(`reply-failed ${reason}`))
  await bot.start()
  /** Delivers a fixture with these fields in its message. */
  async function webhook(name: string, fields: object = {}): Promise<number | undefined> {
    const body = JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'))
    Object.assign(body.data.message ?? {}, { sent_at: clock.now() }, fields)
    return (
      await transport.webhook?.({
        method: 'POST',
        headers: new Headers({ 'content-type': 'application/json' }),
        query: new URLSearchParams({ token }),
        body: new TextEncoder().encode(JSON.stringify(body)),
      })
    )?.status
  }
  return {
    clock,
    bot,
    sent,
    events,
    webhook,
    async [Symbol.asyncDispose]() {
      await clock.finish(bot.stop())
    },
  }
}

describe('a bot on AiSensy', () => {
  test('answers once what comes under both topics, and knows its own echo', async () => {
    await using on = await world(() => ({}))
    expect(await on.webhook('text')).toBe(200)
    expect(await on.webhook('text-message-created')).toBe(200)
    await on.clock.advance(10_000)
    expect(on.sent).toMatchObject([{ to: '919999900001', text: { body: answer } }])
    await on.webhook('api-text', { message_content: { text: answer } })
    await on.webhook('status-delivered', { delivered_at: null })
    await on.clock.advance(10_000)
    expect(on.events).not.toContain('handoff-started')
    expect(on.events).toContain('reply-delivered')
    expect(on.sent).toHaveLength(1)
  })

  test('knows its own echo also where that comes before the answer to the send', async () => {
    await using on = await world(async () => {
      await on.webhook('api-text', { message_content: { text: answer } })
      return {}
    })
    await on.webhook('text')
    await on.clock.advance(10_000)
    expect(on.sent).toHaveLength(1)
    expect(on.events).not.toContain('handoff-started')
  })

  test('learns from the echo that a reply went out whose answer was lost', async () => {
    await using on = await world(() => ({ status: 504, body: {} }))
    await on.webhook('text')
    await on.clock.advance(10_000)
    expect(on.events).toEqual(['reply-held'])
    await on.webhook('api-text', { message_content: { text: answer } })
    await on.webhook('status-delivered', { delivered_at: null })
    expect(on.events).toContain('reply-delivered')
    expect(on.events).not.toContain('handoff-started')
    expect(await on.bot.deadLetters.list()).toEqual([])
  })

  test('is silent once a person answers in AiSensy’s inbox', async () => {
    await using on = await world(() => ({}))
    await on.webhook('agent-text')
    expect(on.events).toEqual(['handoff-started'])
    await on.webhook('text')
    await on.clock.advance(10_000)
    expect(on.sent).toEqual([])
  })

  test('is silent from the moment in which a person takes the conversation until they close it', async () => {
    await using on = await world(() => ({}))
    expect(await on.webhook('contact-intervened')).toBe(200)
    expect(on.events).toEqual(['handoff-started'])
    await on.webhook('text')
    await on.clock.advance(10_000)
    expect(on.sent).toEqual([])
    expect(await on.webhook('contact-closed')).toBe(200)
    await on.webhook('text', { messageId: 'wamid.next' })
    await on.clock.advance(10_000)
    expect(on.sent).toMatchObject([{ to: '919999900001', text: { body: answer } }])
  })

  test('is not silenced by campaigns, chatbots, templates and what other programs send through the API', async () => {
    await using on = await world(() => ({}))
    const names = ['agent-campaign', 'api-template-by-campaign', 'assistant', 'api-interactive', 'system', 'api-text']
    for (const name of names) expect(await on.webhook(name)).toBe(200)
    expect(on.events).toEqual([])
    await on.webhook('text')
    await on.clock.advance(10_000)
    expect(on.sent).toHaveLength(1)
  })

  test('says a template by a campaign to who wrote long ago, and learns what became of it', async () => {
    await using on = await world((_, url) =>
      url.includes('/campaign/')
        ? { body: { success: 'true', submitted_message_id: '0f8fad5b-d9cb-469f-a165-70867728950e' } }
        : {},
    )
    await on.webhook('text', { sent_at: on.clock.now() - 30 * 3_600_000 })
    await on.clock.advance(10_000)
    expect(on.sent).toMatchObject([{ campaignName: 'answer_campaign', destination: '+919999900001' }])
    await on.webhook('status-of-campaign', { delivered_at: null })
    expect(on.events).toContain('reply-delivered')
  })

  test('learns that a reply was not delivered after all', async () => {
    await using on = await world(() => ({}))
    await on.webhook('text')
    await on.clock.advance(10_000)
    await on.webhook('status-failed')
    expect(on.events).toContain('reply-failed 131026 undeliverable')
    expect(await on.bot.deadLetters.list()).toHaveLength(1)
  })
})
