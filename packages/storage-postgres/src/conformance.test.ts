import { durableStorageConformance, storageConformance } from '@wa-agent/testing'
import { postgresForTests } from '@wa-agent/testing/servers'
import { afterAll, describe, test } from 'vitest'
import { postgresStorage } from './postgres-storage.ts'

const postgres = await postgresForTests()
afterAll(() => postgres?.[Symbol.asyncDispose]())

let schemas = 0
const freshSchema = () => {
  schemas += 1
  return `s${schemas}`
}
const url = postgres?.url ?? ''

describe.skipIf(!postgres)('postgresStorage keeps every promise of the port', () => {
  for (const { name, run } of storageConformance) {
    test(name, () => run(async () => postgresStorage({ url, schema: freshSchema() })))
  }
})

describe.skipIf(!postgres)('postgresStorage keeps what it was given when it is opened again', () => {
  for (const { name, run } of durableStorageConformance) {
    test(name, async () => {
      const schema = freshSchema()
      await run(async () => async () => postgresStorage({ url, schema }))
    })
  }
})
