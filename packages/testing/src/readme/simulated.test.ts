// #region simulated
import { createBot, createPipeline, defineAgent, memoryStorage } from '@wa-agent/core'
import { simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'

const hours = defineAgent({
  name: 'hours',
  description: 'Tells when the shop is open.',
  intents: { hours: { rules: [/open/i] } },
  respond: ({ reply }) => reply.text('We are open from 9 to 6.'),
})

test('answers once, although the message comes twice and the answer of the first send is lost', async () => {
  const clock = virtualClock()
  const whatsApp = simulatedWhatsApp({ clock })
  const pipeline = createPipeline({ agents: [hours], clock })
  const bot = createBot({ transports: [whatsApp.transport], storage: memoryStorage(), pipeline, clock })
  await bot.start()

  whatsApp.faults.next('timeout-after-acceptance')
  const anna = whatsApp.customer('anna')
  whatsApp.arrivals.redeliver(anna.says('When are you open?'))
  await clock.advance(60_000)

  expect(anna.texts).toEqual(['We are open from 9 to 6.'])
  await clock.finish(bot.stop())
})
// #endregion

test('customers press buttons, send files and lose the connection', async () => {
  const clock = virtualClock()
  const whatsApp = simulatedWhatsApp({ clock, find: false, echo: 'before' })
  // #region customers
  const anna = whatsApp.customer('15550001234@c.us', { name: 'Anna', aliases: [{ kind: 'lid', value: '77@lid' }] })
  anna.burst(['Hi', 'I need boxes', 'two of them']) // in one instant
  anna.sendsFile({ type: 'image', bytes: new Uint8Array(1000), mimeType: 'image/png', caption: 'like this' })
  anna.writesAs('77@lid') // the same person under another id
  whatsApp.disconnect()
  anna.says('Hello?') // waits at the provider until whatsApp.reconnect()
  whatsApp.owner.writes(anna, 'I am on it!') // by hand, on the phone
  whatsApp.faults.next({ type: 'rate-limited', retryAfterMs: 30_000 }, { times: 2 })
  whatsApp.faults.randomly({ 'timeout-before-acceptance': 0.1 }) // the same ones for the same seed
  // #endregion
  expect(whatsApp.arrivals.all).toHaveLength(6)
  expect(anna.texts).toEqual(['I am on it!'])
})
