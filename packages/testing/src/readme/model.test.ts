// #region model
import { createPipeline, defineAgent } from '@wa-agent/core'
import { inboundBuilder, scriptedModel } from '@wa-agent/testing'
import { expect, test } from 'vitest'

const helper = defineAgent({
  name: 'helper',
  description: 'Answers everything else.',
  async respond({ reply, llm }) {
    reply.text((await llm?.text({ instructions: 'Be brief.' })) ?? 'A person will answer you.')
  },
})

test('asks the model once', async () => {
  // `using` fails the test where the model was asked more or less often than scripted.
  using model = scriptedModel([{ text: 'Yes, in three sizes.' }])
  const pipeline = createPipeline({ agents: [helper], fallback: helper, model })
  const build = inboundBuilder()
  const { replies } = await pipeline.run({ messages: [build.text('Do you have boxes?')] })

  expect(replies).toMatchObject([{ type: 'text', text: 'Yes, in three sizes.' }])
  expect(model.requests[0]?.instructions).toContain('Be brief.')
})
// #endregion
