import { createBot, createPipeline, memoryStorage } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { myTransport, notConnected, type ProviderClient, type ProviderMessage } from './my-transport.ts'
import { openingHours } from './opening-hours.ts'

function provider() {
  const sent: { to: string; text: string; key: string }[] = []
  const answers: number[] = []
  const missed: ProviderMessage[] = []
  let deliver: ((message: ProviderMessage) => Promise<void>) | undefined
  const client: ProviderClient = {
    onMessage(listener) {
      deliver = listener
      return () => {
        deliver = undefined
      }
    },
    async send(to, text, key) {
      const status = answers.shift() ?? 200
      if (status === 200 || status === 504) sent.push({ to, text, key })
      return status === 200 ? { status, id: `p-${key}` } : { status }
    },
    async findByKey(key) {
      return sent.some((one) => one.key === key) ? { id: `p-${key}` } : undefined
    },
    messagesSince: async () => missed,
  }
  return { client, sent, answers, missed, deliver: (message: ProviderMessage) => deliver?.(message) }
}

const question = (id: string): ProviderMessage => ({ id, sender: 'anna', body: 'when are you open?', timeMs: 1 })

test('the transport of the page brings messages in and replies out, each once', async () => {
  const clock = virtualClock()
  const { client, sent, answers, missed, deliver } = provider()
  const bot = createBot({
    transports: [myTransport({ client })],
    storage: memoryStorage({ clock }),
    pipeline: createPipeline({ agents: [openingHours], clock }),
    clock,
  })
  missed.push(question('m0'))
  await bot.start()
  await clock.advance(1000)
  expect(sent).toHaveLength(1)
  answers.push(429, 504)
  await deliver(question('m1'))
  await deliver(question('m1'))
  await clock.advance(120_000)
  expect(sent).toHaveLength(2)
  expect((await bot.stats()).deadLetters).toBe(0)
  await clock.finish(bot.stop())
})

test('an error that says so counts as failed', () => {
  expect(notConnected()).toMatchObject({ code: 'send_failed', retryable: true })
})
