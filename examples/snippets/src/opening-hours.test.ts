// #region test
import { inboundBuilder } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { pipeline } from './opening-hours.ts'

test('tells when the shop is open', async () => {
  const anna = inboundBuilder({ from: 'anna' })
  const { replies, trace } = await pipeline.run({ messages: [anna.text('when are you open?')] })

  expect(replies).toEqual([{ type: 'text', text: 'We are open Monday to Saturday, 9:00 to 18:00.' }])
  expect(trace.classification).toMatchObject({ agent: 'opening-hours', intent: 'hours', decidedBy: 'examples' })
})
// #endregion

test('tells about holidays', async () => {
  const { replies } = await pipeline.run({ messages: [inboundBuilder().text('do you work on public holidays')] })
  expect(replies).toEqual([{ type: 'text', text: 'We are closed on public holidays.' }])
})

test('asks to say it another way where no intent is recognised', async () => {
  const { trace } = await pipeline.run({ messages: [inboundBuilder().text('xyzzy qwertz plugh')] })
  expect(trace.route).toMatchObject({ agent: 'fallback', by: 'fallback' })
})
