import { inbound } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { localModel, pipelineFromEnv, pipelineWithModel } from './openai.ts'

test('the pipelines of the page are made, and the one without a model answers', async () => {
  expect(localModel().name).toBe('llama3.2')
  expect(pipelineWithModel('sk-test').historyLimit).toBe(20)
  const hidden = ['OPENAI_API_KEY', 'OPENAI_BASE_URL'].map((name) => [name, process.env[name]] as const)
  for (const [name] of hidden) delete process.env[name]
  try {
    const { replies } = await pipelineFromEnv().run({ messages: [inbound.text('do you have boxes')] })
    expect(replies).toEqual([{ type: 'text', text: 'A person will tell you in a moment what is in stock.' }])
  } finally {
    for (const [name, value] of hidden) if (value !== undefined) process.env[name] = value
  }
})
