import { expect, test } from 'vitest'
import { checkNames } from './check-names.ts'

const known = {
  url: true,
  retry: { maxAttempts: true, baseMs: true },
  template: { name: true, parameters: true },
  cold: { pauseMs: true },
  words: 'list',
  clock: 'object',
  random: 'function',
} as const

test('takes options that exist, and those that are left out', () => {
  for (const options of [
    {},
    { url: undefined, retry: undefined },
    { url: 'x', retry: { baseMs: 1 } },
    { words: [], clock: {}, random: () => 1 },
  ]) {
    expect(() => checkNames('someTransport', options, known)).not.toThrow()
  }
})

test.each([
  [{ uri: 'x' }, 'Expected options that exist, got `uri`. The nearest one is `url`.'],
  [{ retry: { baseMS: 1 } }, 'Expected options that exist, got `retry.baseMS`. The nearest one is `retry.baseMs`.'],
  [
    { template: { params: [] } },
    'Expected options that exist, got `template.params`. The nearest one is `template.parameters`.',
  ],
  [
    { template: { pauseMS: 1 } },
    'Expected options that exist, got `template.pauseMS`. The nearest one is `cold.pauseMs`.',
  ],
  [{ maxAtempts: 1 }, 'Expected options that exist, got `maxAtempts`. The nearest one is `retry.maxAttempts`.'],
  [{ toString: 1 }, 'Expected options that exist, got `toString`. The nearest one is `retry`.'],
  [{ url: null }, 'Expected `url` to be given or left out, got null.'],
  [{ retry: null }, 'Expected `retry` to be an object, got null.'],
  [{ retry: 3 }, 'Expected `retry` to be an object, got 3.'],
  [{ retry: () => 3 }, 'Expected `retry` to be an object, got a function.'],
  [{ retry: [] }, 'Expected `retry` to be an object, got a list.'],
  [{ retry: 'a secret' }, 'Expected `retry` to be an object, got a text.'],
  [{ words: 'stop' }, 'Expected `words` to be a list without gaps, got a text.'],
  [{ words: ['stop', null] }, 'Expected `words` to be a list without gaps, got a list.'],
  [{ clock: [] }, 'Expected `clock` to be an object, got a list.'],
  [{ random: {} }, 'Expected `random` to be a function, got an object.'],
])('refuses %j', (options, message) => {
  const error = { name: 'WaAgentError', code: 'invalid_options', message: `[someTransport] ${message}` }
  expect(() => checkNames('someTransport', options, known)).toThrow(expect.objectContaining(error))
})

test('refuses no options at all, from a program without types', () => {
  expect(() => checkNames('someTransport', JSON.parse('null'), known)).toThrow(
    '[someTransport] Expected options, got null.',
  )
})
