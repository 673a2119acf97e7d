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

test('options that exist are taken, also where they are undefined', () => {
  const optional = { concurrency: 5, coalesce: { settleMs: 7 }, retry: { baseMs: 9 }, sendRetry: undefined }
  expect(read(optional)()).toMatchObject({ concurrency: 5, settleMs: 7, retry: { baseMs: 9 } })
})
