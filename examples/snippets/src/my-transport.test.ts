import { createBot, createPipeline, memoryStorage } from '@wa-agent/core'
// #region conformance
import { skipReason, type TransportSkips, transportConformance } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { fakeProvider, harness } from './my-provider.ts'
import { myTransport, notConnected } from './my-transport.ts'
import { openingHours } from './opening-hours.ts'

const skips: TransportSkips = {
  'catch-up': 'the provider cannot break the connection',
  connection: 'the provider cannot break the connection',
  'incoming-media': 'the provider carries texts only',
}

describe('myTransport', () => {
  for (const one of transportConformance) {
    test.skipIf(skipReason(one, skips) !== undefined)(one.name, () => one.run(harness))
  }
})
// #endregion

test('the transport of the page brings messages in and replies out, each once', async () => {
  const { clock, client, sent, answers, deliver, redeliver } = fakeProvider()
  const bot = createBot({
    transports: [myTransport({ client })],
    storage: memoryStorage({ clock }),
    pipeline: createPipeline({ agents: [openingHours], clock }),
    clock,
  })
  // What came before the start is found by catching up.
  await deliver({ id: 'm0', sender: 'anna', body: 'when are you open?' })
  await bot.start()
  await clock.advance(1000)
  expect(sent).toHaveLength(1)
  answers.push({ status: 429, accepted: false }, { status: 504, accepted: true })
  await deliver({ id: 'm1', sender: 'anna', body: 'when are you open?' })
  await redeliver('m1')
  await clock.advance(120_000)
  expect(sent).toHaveLength(2)
  expect((await bot.stats()).deadLetters).toBe(0)
  await clock.finish(bot.stop())
})

test('an error that says so counts as failed', () => {
  expect(notConnected()).toMatchObject({ code: 'send_failed', retryable: true })
})
