import { expect, test } from 'vitest'
import { readCompletion } from './chat-api.ts'

const completion = (message: object, rest: object = {}) => ({ choices: [{ message }], ...rest })

test('reads an answer with what it is billed for', () => {
  const usage = { prompt_tokens: 12, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 8 } }
  expect(readCompletion(completion({ role: 'assistant', content: 'Hello' }, { usage }))).toEqual({
    content: 'Hello',
    refused: false,
    finishReason: 'stop',
    toolCalls: [],
    message: { role: 'assistant', content: 'Hello' },
    tokens: { input: 12, cachedInput: 8, output: 3 },
  })
})

test.each([
  [undefined],
  [null],
  [{}],
  [{ prompt_tokens: 'many', completion_tokens: -1 }],
  [{ prompt_tokens: null, prompt_tokens_details: 'none' }],
])('counts a usage of %j as 0 tokens', (usage) => {
  const answer = readCompletion(completion({ content: 'Hello' }, { usage }))
  expect(answer?.tokens).toEqual({ input: 0, cachedInput: 0, output: 0 })
})

test('reads an answer in parts, without those that are thoughts', () => {
  const content = [
    { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
    { type: 'text', text: 'Hel' },
    { type: 'text', text: 'lo' },
  ]
  expect(readCompletion(completion({ content }))?.content).toBe('Hello')
})

test('keeps what must come back with the results of tools', () => {
  const call = {
    id: 'c1',
    type: 'function',
    extra_content: { google: { thought_signature: 'abc' } },
    function: { name: 'find', arguments: '{}' },
  }
  const answer = readCompletion(completion({ content: '', reasoning_content: 'hm', tool_calls: [call] }))
  expect(answer?.message).toEqual({ role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: [call] })
  expect(answer?.content).toBe('')
})

test('reads calls of tools from servers that leave things out', () => {
  const tool_calls = [
    { function: { name: 'a', arguments: { x: 1 } } },
    { id: '', function: { name: 'b', arguments: '' } },
    { id: null, function: { name: 'c' } },
  ]
  const answer = readCompletion(completion({ tool_calls }))
  expect(answer?.toolCalls).toEqual([
    { id: 'call_0', name: 'a', argumentsJson: '{"x":1}' },
    { id: 'call_1', name: 'b', argumentsJson: '{}' },
    { id: 'call_2', name: 'c', argumentsJson: '{}' },
  ])
})

test.each([['<html>'], [{}], [{ choices: [] }], [{ error: { message: 'no' } }], [{ choices: [{ text: 'old API' }] }]])(
  'says that %j is no chat completion',
  (body) => {
    expect(readCompletion(body)).toBeUndefined()
  },
)
