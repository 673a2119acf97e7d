import { expect, test } from 'vitest'
import { chatTransport } from './chat-transport.ts'

test('a misspelt option is refused, with the nearest that exists', () => {
  const misspelt: object = { tennant: 'acme' }
  expect(() => chatTransport(misspelt)).toThrow(
    expect.objectContaining({
      code: 'invalid_options',
      message: '[chatTransport] Expected options that exist, got `tennant`. The nearest one is `tenant`.',
    }),
  )
})
