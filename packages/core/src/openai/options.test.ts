import { type AzureOpenAI, OpenAI } from 'openai'
import { expect, expectTypeOf, test } from 'vitest'
import type { Model } from '../model.ts'
import { type OpenaiClient, openaiModel, openaiModelFromEnv } from './index.ts'
import type { OpenaiModelOptions } from './options.ts'

test('asks for a key, an address or a client when it gets none', () => {
  expect(() => openaiModel()).toThrow(
    expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining('openaiModelFromEnv()') }),
  )
})

test('needs no key for another server or for a client', () => {
  const client: OpenaiClient = { chat: { completions: { create: () => Promise.reject(new Error('not asked')) } } }
  expect(openaiModel({ baseURL: 'http://localhost:11434/v1', model: 'llama' }).name).toBe('llama')
  expect(openaiModel({ client }).name).toBe('gpt-6-luna')
})

test('takes the clients of the openai package as they are', () => {
  expectTypeOf<OpenAI>().toExtend<OpenaiClient>()
  expectTypeOf<AzureOpenAI>().toExtend<OpenaiClient>()
  expect(openaiModel({ client: new OpenAI({ apiKey: 'key' }) }).name).toBe('gpt-6-luna')
})

test.each<[string, OpenaiModelOptions]>([
  ['timeoutMs', { timeoutMs: 0 }],
  ['timeoutMs', { timeoutMs: Number.NaN }],
  ['maxRetries', { maxRetries: -1 }],
  ['maxRetries', { maxRetries: 1.5 }],
  ['maxRetryDelayMs', { maxRetryDelayMs: -1 }],
  ['maxOutputTokens', { maxOutputTokens: 0 }],
  ['temperature', { temperature: 2.1 }],
  ['breaker.maxFailures', { breaker: { maxFailures: 0 } }],
  ['breaker.coolDownMs', { breaker: { coolDownMs: -1 } }],
  ['prices', { prices: { inputPerMillionUsd: -1, outputPerMillionUsd: 1 } }],
  ['model', { model: ' ' }],
  ['baseURL', { baseURL: 'localhost:11434' }],
  ['baseURL', { baseURL: 'file:///tmp' }],
])('names the option %s that is out of its range: %j', (name, options) => {
  expect(() => openaiModel({ apiKey: 'key', ...options })).toThrow(
    expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining(`\`${name}\``) }),
  )
})

test('does not repeat a key that it refuses', () => {
  expect(() => openaiModel({ apiKey: 'sk-secret with a space' })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret') }),
  )
})

test('reads key, address and model from the environment only when asked to', () => {
  expect(openaiModelFromEnv({})).toBeUndefined()
  expect(openaiModelFromEnv({ OPENAI_API_KEY: ' ', OPENAI_BASE_URL: '', OPENAI_MODEL: 'x' })).toBeUndefined()
  expect(openaiModelFromEnv({ OPENAI_API_KEY: 'key' })?.name).toBe('gpt-6-luna')
  expect(openaiModelFromEnv({ OPENAI_BASE_URL: 'http://localhost/v1', OPENAI_MODEL: 'llama' })?.name).toBe('llama')
  expect(openaiModelFromEnv({ OPENAI_API_KEY: 'key', OPENAI_MODEL: 'a' }, { model: 'b' })?.name).toBe('b')
  expectTypeOf(openaiModelFromEnv()).toEqualTypeOf<Model | undefined>()
})
