import { createPipeline } from '@wa-agent/core'
import { inboundBuilder } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { booking } from './booking.ts'
import { openingHours } from './opening-hours.ts'

// #region dialogue-test
test('asks until it knows all it needs', async () => {
  const pipeline = createPipeline({ agents: [booking, openingHours] })
  const anna = inboundBuilder({ from: 'anna' })
  const says = async (text: string, state = {}) => pipeline.run({ messages: [anna.text(text)], ...state })

  const first = await says('I want to book a table')
  const second = await says('4', { state: first.state })
  const third = await says('tomorrow', { state: second.state })

  const texts = [first, second, third].flatMap(({ replies }) => replies.map((reply) => 'text' in reply && reply.text))
  expect(texts).toEqual(['For how many people?', 'A table for 4. For which day?', 'Booked: 4 people, tomorrow.'])
  expect(second.trace.route.by).toBe('floor')
})
// #endregion

test('takes the number out of the sentence and gives the floor up at the end', async () => {
  const pipeline = createPipeline({ agents: [booking, openingHours] })
  const anna = inboundBuilder({ from: 'anna' })
  const first = await pipeline.run({ messages: [anna.text('Table for 2, please')] })
  expect(first.replies).toEqual([{ type: 'text', text: 'A table for 2. For which day?' }])
  expect(first.trace.classification).toMatchObject({ decidedBy: 'rules', entities: { people: 2 } })
  const last = await pipeline.run({ messages: [anna.text('friday')], state: first.state })
  expect(last.state).toEqual({ sessions: { booking: {} } })
})
