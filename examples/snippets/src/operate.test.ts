import { createBot, createPipeline, defineAgent, memoryStorage, WaAgentError } from '@wa-agent/core'
import { type SimulatedWhatsAppOptions, simulatedWhatsApp, virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { answerAsPerson, person } from './handoff.ts'
import { openingHours } from './opening-hours.ts'
import { germanBot, insistentBot, patientBot, retryDeadLetters, startOrExplain, tellShipped, watch } from './operate.ts'

function parts(options: SimulatedWhatsAppOptions = {}) {
  const clock = virtualClock()
  const whatsApp = simulatedWhatsApp({ clock, ...options })
  const storage = memoryStorage({ clock })
  const pipeline = createPipeline({ agents: [person, openingHours], clock })
  return { clock, whatsApp, options: { transports: [whatsApp.transport], storage, pipeline, clock } }
}

const key = (chat: string) => ({ tenant: 'default', channel: 'default', chat })

test('a burst becomes one turn', async () => {
  const { clock, whatsApp, options } = parts()
  const bot = patientBot(options)
  await bot.start()
  const turns: number[] = []
  bot.on('turn-committed', ({ messageIds }) => turns.push(messageIds.length))
  whatsApp.customer('anna').burst(['hi', 'one question', 'when are you open?'])
  await clock.advance(1999)
  expect(turns).toEqual([])
  await clock.advance(5000)
  expect(turns).toEqual([3])
  await clock.finish(bot.stop())
})

test('a reply that perhaps went out is held by default, and sent again where that was chosen', async () => {
  for (const { makeBot, said } of [
    { makeBot: createBot, said: 1 },
    { makeBot: insistentBot, said: 2 },
  ]) {
    const { clock, whatsApp, options } = parts({ find: false })
    const bot = makeBot(options)
    await bot.start()
    whatsApp.faults.next('timeout-after-acceptance')
    whatsApp.customer('anna').says('when are you open?')
    await clock.advance(60_000)
    expect(whatsApp.customer('anna').received).toHaveLength(said)
    expect((await bot.stats()).deadLetters).toBe(2 - said)
    await clock.finish(bot.stop())
  }
})

test('an opt-out is honoured in the words of the shop', async () => {
  const { clock, whatsApp, options } = parts()
  const bot = germanBot(options)
  await bot.start()
  const anna = whatsApp.customer('anna')
  anna.says('Abmelden!')
  await clock.advance(1000)
  anna.says('when are you open?')
  await clock.advance(1000)
  anna.says('anmelden')
  await clock.advance(1000)
  expect(anna.texts).toEqual([
    'Sie bekommen keine Nachrichten mehr. Mit ANMELDEN geht es weiter.',
    'Willkommen zurück.',
  ])
  await clock.finish(bot.stop())
})

test('dead letters that certainly did not go out are retried', async () => {
  const { clock, whatsApp, options } = parts()
  const bot = createBot(options)
  const told: string[] = []
  watch(bot, (line) => told.push(line))
  await bot.start()
  const anna = whatsApp.customer('anna')
  whatsApp.faults.next({ type: 'refused', reason: 'not allowed' })
  anna.says('when are you open?')
  await clock.advance(1000)
  expect(told).toEqual([expect.stringContaining('did not go out: not allowed')])
  expect(await retryDeadLetters(bot)).toBe(1)
  await clock.advance(1000)
  expect(anna.texts).toEqual(['We are open Monday to Saturday, 9:00 to 18:00.'])
  await clock.finish(bot.stop())
})

test('what nobody asked for is said once for each id', async () => {
  const { clock, whatsApp, options } = parts()
  const bot = createBot(options)
  await bot.start()
  await tellShipped(bot, 'anna', '17')
  await tellShipped(bot, 'anna', '17')
  await clock.advance(1000)
  expect(whatsApp.customer('anna').texts).toEqual(['Your order 17 is on its way.'])
  await clock.finish(bot.stop())
})

test('a person takes over, answers, and gives the conversation back', async () => {
  const { clock, whatsApp, options } = parts()
  const bot = createBot(options)
  await bot.start()
  const anna = whatsApp.customer('anna')
  anna.says('I want to talk to a person')
  await clock.advance(1000)
  anna.says('when are you open?')
  await clock.advance(1000)
  expect(anna.texts).toEqual(['A person will answer you here.'])
  await answerAsPerson(bot, key('anna'), 'Hello Anna, this is Ben.')
  await clock.advance(1000)
  anna.says('when are you open?')
  await clock.advance(1000)
  expect(anna.texts.slice(1)).toEqual(['Hello Anna, this is Ben.', 'We are open Monday to Saturday, 9:00 to 18:00.'])
  await clock.finish(bot.stop())
})

test('a customer takes the conversation back from a person', async () => {
  const { clock, whatsApp, options } = parts()
  const bot = createBot(options)
  await bot.start()
  const anna = whatsApp.customer('anna')
  anna.says('I want to talk to a person')
  await clock.advance(1000)
  anna.says('bot')
  await clock.advance(1000)
  expect(anna.texts).toEqual(['A person will answer you here.', 'The bot is back. How can I help?'])
  await clock.finish(bot.stop())
})

test('a start that fails is explained', async () => {
  const { options } = parts()
  const storage = Object.assign(memoryStorage(), {
    open: () => Promise.reject(new WaAgentError('storage_full', 'The disk is full.', { retryable: true })),
  })
  expect(await startOrExplain(createBot({ ...options, storage }))).toBe('try again: The disk is full.')
})

test('turns that fail for good are told', async () => {
  const { clock, whatsApp, options } = parts()
  const broken = defineAgent({
    name: 'broken',
    description: 'Fails.',
    intents: { any: { rules: [/./] } },
    respond() {
      throw new Error('no')
    },
  })
  const bot = createBot({
    ...options,
    pipeline: createPipeline({ agents: [broken], clock }),
    retry: { maxAttempts: 2 },
  })
  const told: string[] = []
  watch(bot, (line) => told.push(line))
  await bot.start()
  whatsApp.customer('anna').says('hello')
  await clock.advance(60_000)
  expect(told).toEqual(['turn default/default/in-1 failed for good'])
  await clock.finish(bot.stop())
})
