import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { scriptedModel, simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { expect, it } from 'vitest'

const dayMs = 86_400_000

it('goes on without the model when a tenant’s budget of the day is spent, and with it the next day', async () => {
  const clock = virtualClock()
  const usage = { inputTokens: 60, outputTokens: 40, costUsd: 0.01 }
  const model = scriptedModel([
    { text: 'written by the model', usage },
    { text: 'another tenant’s', usage },
    { text: 'the next day', usage },
  ])
  const writing = defineAgent({
    name: 'writing',
    description: 'Lets the model write.',
    async respond({ llm, reply }) {
      reply.text(llm ? await llm.text({ instructions: 'Answer.' }) : 'written without')
    },
  })
  const [red, blue] = ['red', 'blue'].map((tenant) => simulatedWhatsApp({ clock, tenant, channel: 'main' }))
  if (!red || !blue) throw new Error('Two tenants are needed.')
  const bot = createBot({
    transports: [red.transport, blue.transport],
    storage: memoryStorage(),
    pipeline: createPipeline({ agents: [writing], fallback: writing, model, clock, budget: { tokensPerDay: 100 } }),
    clock,
  })
  await bot.start()
  const anna = red.customer('anna')
  const bert = blue.customer('bert')
  anna.says('one')
  await clock.settle()
  anna.says('two')
  bert.says('three')
  await clock.settle()
  await clock.advance(dayMs)
  anna.says('four')
  await clock.settle()
  expect(anna.texts).toEqual(['written by the model', 'written without', 'the next day'])
  expect(bert.texts).toEqual(['another tenant’s'])
  model.assertDone()
  await clock.finish(bot.stop())
})

it('takes up at once what is waiting when there is more of it than slots', async () => {
  const clock = virtualClock()
  const storage = memoryStorage()
  await storage.open()
  const from = (chat: string) => ({
    type: 'text' as const,
    id: `m-${chat}`,
    chat,
    from: { id: chat, aliases: [] },
    fromMe: false,
    isGroup: false,
    sentAtMs: 1,
    text: 'hi',
  })
  const nowMs = clock.now()
  await storage.append(
    Array.from({ length: 50 }, (_, index) => ({
      tenant: 'default',
      channel: 'default',
      message: from(`chat-${index}`),
      receivedAtMs: nowMs,
      settleAtMs: nowMs,
      dueByMs: nowMs,
    })),
  )
  const whatsapp = simulatedWhatsApp({ clock })
  const quick = defineAgent({ name: 'quick', description: 'Answers.', respond: ({ reply }) => reply.text('hello') })
  const bot = createBot({
    transports: [whatsapp.transport],
    storage,
    pipeline: createPipeline({ agents: [quick], fallback: quick }),
    clock,
    concurrency: 4,
  })
  await bot.start()
  await clock.advance(0)
  expect(whatsapp.sent).toHaveLength(50)
  await clock.finish(bot.stop())
})
