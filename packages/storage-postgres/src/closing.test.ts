import { type OwnPostgres, startPostgres } from '@wa-agent/testing/servers'
import { afterAll, expect, test } from 'vitest'
import { postgresStorage } from './postgres-storage.ts'

const found = await startPostgres()
// Where there is none every test is skipped.
const postgres = found as OwnPostgres
afterAll(() => found?.[Symbol.asyncDispose]())

test.skipIf(!found)('whoever closes waits for no server that is away', async () => {
  const storage = postgresStorage({ url: postgres.url, retryForMs: 60_000 })
  await storage.open()
  await postgres.stop()
  const asked = expect(storage.stats()).rejects.toMatchObject({ code: 'storage_unavailable', retryable: true })
  const fromMs = performance.now()
  await storage.close()
  await asked
  expect(performance.now() - fromMs).toBeLessThan(10_000)
})
