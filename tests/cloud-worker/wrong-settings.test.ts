import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { environmentOf } from './settings.ts'
import { runWorker, startWorker } from './worker.ts'

const folder = mkdtempSync(join(tmpdir(), 'wa-agent-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a worker without settings ends with 1 and says what to set', async () => {
  const { code, stdout, stderr } = await runWorker({})
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('TRANSPORTS: Name at least one of cloud-api, maytapi, aisensy, spoki')
})

test('everything that is missing, wrong or contradictory is named at once, and no secret is shown', async () => {
  const complete = environmentOf('http://127.0.0.1:9', join(folder, 'unused', 'worker.db'))
  const wrong = {
    ...complete,
    TRANSPORTS: 'cloud-api,maytapi,aisensy,spoki,telegram',
    PORT: 'eighty',
    LOG_LEVEL: 'loud',
    ADMIN_API_KEY: 'k9-admin',
    META_APP_SECRET: '',
    META_VERIFY_TOKEN: 'changeme',
    META_PHONE_NUMBER_ID: '+49 155',
    META_BASE_URL: 'ftp://example.com',
    MAYTAPI_API_KEY: '',
    MAYTAPI_WEBHOOK_SECRET: 'xxxxxxxxxxxxxxxx',
    AISENSY_ACCESS_TOKEN: 'a-token-and-a-password',
    SPOKI_WEBHOOK_SECRET: '',
    SPOKI_WINDOW_TEMPLATE: 'late',
  }
  const { code, stdout, stderr } = await runWorker(wrong)
  expect([code, stdout]).toEqual([1, ''])
  const named = stderr.split('\n').flatMap((line) => /^ {2}([A-Z_]+)(?=:| and )/.exec(line)?.[1] ?? [])
  expect(named.toSorted()).toEqual([
    'ADMIN_API_KEY',
    'AISENSY_PROJECT_PASSWORD',
    'LOG_LEVEL',
    'MAYTAPI_API_KEY',
    'MAYTAPI_WEBHOOK_SECRET',
    'META_APP_SECRET',
    'META_BASE_URL',
    'META_PHONE_NUMBER_ID',
    'META_VERIFY_TOKEN',
    'PORT',
    'SPOKI_WEBHOOK_SECRET',
    'SPOKI_WINDOW_TEMPLATE',
    'TRANSPORTS',
  ])
  for (const secret of ['k9-admin', 'changeme', 'xxxxxxxx', 'a-token-and', complete['AISENSY_PROJECT_PASSWORD']]) {
    expect(stderr).not.toContain(secret)
  }
})

test('a port that is taken ends the worker with 1', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  const port = typeof address === 'object' && address ? address.port : 0
  try {
    const { code, stderr } = await runWorker({
      ...environmentOf('http://127.0.0.1:9', join(folder, 'worker.db')),
      PORT: `${port}`,
    })
    expect([code, stderr]).toEqual([1, `PORT: ${port} is taken. Stop what uses it, or choose another.\n`])
  } finally {
    taken.close()
  }
})

test('a database where nothing can be made ends the worker with 1', async () => {
  const file = join(folder, 'a-file')
  writeFileSync(file, '')
  const { code, stdout, stderr } = await runWorker(environmentOf('http://127.0.0.1:9', join(file, 'worker.db')))
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('Choose another path for DATABASE.')
})

test('a second worker on the same database ends with 1', async () => {
  const environment = environmentOf('http://127.0.0.1:9', join(folder, 'shared.db'))
  await using first = await startWorker(environment)
  const { code, stderr } = await runWorker(environment)
  expect([code, stderr]).toEqual([1, expect.stringContaining('is in use')])
  expect((await fetch(`${first.url}/health`)).status).toBe(200)
})
