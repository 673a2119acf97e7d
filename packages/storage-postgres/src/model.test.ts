import type { Clock, Storage } from '@wa-agent/core'
import { postgresForTests } from '@wa-agent/testing/servers'
import { afterAll, describe, test } from 'vitest'
import { behavesAsMemory, type TogetherStep } from '../../../tests/storage/model.ts'
import { postgresStorage } from './postgres-storage.ts'

const postgres = await postgresForTests()
const url = postgres?.url ?? ''
afterAll(() => postgres?.[Symbol.asyncDispose]())

let schemas = 0

describe.skipIf(!postgres)('postgresStorage', () => {
  test('does what memoryStorage does, also when many calls share a statement', async () => {
    const subject = () => {
      schemas += 1
      const schema = `s${schemas}`
      return {
        make: (clock: Clock) => postgresStorage({ url, schema, clock, poolSize: 1, notify: false }),
        isNumberedAlike: false,
        // Kinds of calls are in statements of their own, so only those that do not touch each other have one outcome.
        together: (storage: Storage, { place, batches, record }: TogetherStep) => [
          ...batches.map((batch) => storage.append(batch)),
          storage.records.set(place, record.name, record.value),
        ],
      }
    }
    await behavesAsMemory(subject, { runs: Number(process.env['MODEL_RUNS'] ?? 25), steps: 50 })
  }, 600_000)
})
