import { describe, expect, test } from 'vitest'
import { defineAgent } from '../agent.ts'
import { memoryStorage } from '../memory/memory-storage.ts'
import { createPipeline } from '../pipeline.ts'
import { readSettings } from './settings.ts'

const quiet = defineAgent({ name: 'quiet', description: 'Says nothing.', respond: () => undefined })
const parts = { transports: [], storage: memoryStorage(), pipeline: createPipeline({ agents: [quiet] }) }
const read = (options: object) => () => readSettings({ ...parts, ...options })

describe('an option that does not exist is refused, with the nearest that does', () => {
  test.each([
    [{ concurency: 5 }, 'concurency', 'concurrency'],
    [{ coalesce: { settleMS: 5 } }, 'coalesce.settleMS', 'coalesce.settleMs'],
    [{ settleMs: 5 }, 'settleMs', 'coalesce.settleMs'],
    [{ sendRetry: { maxAttempt: 5 } }, 'sendRetry.maxAttempt', 'sendRetry.maxAttempts'],
    [{ optOut: { stopwords: [] } }, 'optOut.stopwords', 'optOut.stopWords'],
    [{ transport: [] }, 'transport', 'transports'],
    [{ constructor: 1 }, 'constructor', 'concurrency'],
  ])('%j', (options, wrong, nearest) => {
    expect(read(options)).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: `[createBot] Expected options that exist, got \`${wrong}\`. The nearest one is \`${nearest}\`.`,
      }),
    )
  })
})

test.each([
  [{ coalesce: null }, '[createBot] Expected `coalesce` to be an object, got null.'],
  [{ retry: 3 }, '[createBot] Expected `retry` to be an object, got 3.'],
  [{ retry: { baseMs: 'soon' } }, '[createBot] Expected `retry.baseMs` to be milliseconds of at least 0, got "soon".'],
  [{ sendRetry: { jitter: -1 } }, '[createBot] Expected `sendRetry.jitter` to be a number of at least 0, got -1.'],
  [{ limits: { perChat: null } }, '[createBot] Expected `limits.perChat` to be an object, got null.'],
  [{ limits: { cold: { perday: 5 } } }, 'The nearest one is `limits.cold.perDay`.'],
  [{ optOut: { stopWords: 'stop' } }, '[createBot] Expected `optOut.stopWords` to be a list without gaps, got a text.'],
  [{ transports: [null] }, '[createBot] Expected `transports` to be a list without gaps, got a list.'],
  [{ clock: {} }, '[createBot] Expected `clock` to be a clock with now() and after(), got object.'],
  [{ createId: 'x' }, '[createBot] Expected `createId` to be a function, got a text.'],
  [{ ownerHandoffMs: true }, '[createBot] Expected `ownerHandoffMs` to be milliseconds of at least 0, got true.'],
  [{ fallbackText: 5 }, '[createBot] Expected `fallbackText` to be a text or false, got 5.'],
])('what an option cannot be is refused: %j', (options, message) => {
  expect(read(options)).toThrow(expect.objectContaining({ code: 'invalid_options' }))
  expect(read(options)).toThrow(message)
})

test('options that exist are taken, also where they are undefined', () => {
  const optional = { concurrency: 5, coalesce: { settleMs: 7 }, retry: { baseMs: 9 }, sendRetry: undefined }
  expect(read(optional)()).toMatchObject({ concurrency: 5, settleMs: 7, retry: { baseMs: 9 } })
})
