import { type Pipeline, WaAgentError } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { startWorld } from './world.ts'

/** A pipeline elsewhere that cannot be asked the first times, and then says how many messages it was given. */
function awayFor(times: number): Pipeline & { readonly asked: string[][] } {
  const asked: string[][] = []
  return {
    historyLimit: 0,
    asked,
    async run({ messages }) {
      asked.push(messages.map(({ id }) => id))
      if (asked.length <= times)
        throw new WaAgentError('pipeline_unavailable', 'away', { retryable: true, retryAfterMs: 30_000 })
      const text = messages.map((message) => (message.type === 'text' ? message.text : '')).join(' + ')
      return {
        replies: [{ type: 'text', text }],
        state: { sessions: {} },
        trace: {
          classification: { confidence: 0, decidedBy: 'none', entities: {}, reason: '' },
          route: { by: 'intent', reason: '' },
          durationMs: { classify: 0, route: 0, respond: 0, total: 0 },
          modelCalls: [],
          warnings: [],
        },
      }
    },
  }
}

test('a pipeline that cannot be asked keeps the turn pending, however often, and the turn grows meanwhile', async () => {
  const pipeline = awayFor(20)
  await using world = await startWorld({ bot: { pipeline, retry: { maxAttempts: 2 } } })
  const anna = world.whatsapp.customer('anna')
  anna.says('one', { id: 'm1' })
  await world.clock.advance(100_000)
  anna.says('two', { id: 'm2' })
  await world.clock.advance(600_000)
  expect(pipeline.asked.slice(0, 2)).toEqual([['m1'], ['m1']])
  expect(pipeline.asked.at(-1)).toEqual(['m1', 'm2'])
  expect(pipeline.asked).toHaveLength(21)
  expect(world.whatsapp.sent.map(({ message }) => message)).toEqual([{ type: 'text', text: 'one + two' }])
  expect(await world.bot.deadLetters.list()).toEqual([])
})

test('a pipeline that cannot be asked is left alone for as long as it says', async () => {
  const pipeline = awayFor(1)
  await using world = await startWorld({ bot: { pipeline } })
  world.whatsapp.customer('anna').says('one', { id: 'm1' })
  await world.clock.advance(29_999)
  expect(pipeline.asked).toHaveLength(1)
  await world.clock.advance(1)
  expect(pipeline.asked).toHaveLength(2)
})
