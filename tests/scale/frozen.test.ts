import { postgresForTests } from '@wa-agent/testing/servers'
import { expect, test } from 'vitest'
import { until } from '../cloud-worker/until.ts'
import { needed } from '../setup/needed.ts'
import { startMember } from './fleet.ts'
import { startProvider } from './provider.ts'

const chats = 60
const leaseMs = 2000

test('a worker that stands still for longer than its lease is replaced, and doubles nothing when it goes on', {
  timeout: 120_000,
}, async (context) => {
  await using database = needed(await postgresForTests(), context)
  await using provider = await startProvider()
  const of = { provider: provider.url, databaseUrl: database.url, leaseMs, concurrency: 20 }
  await using ingest = await startMember({ ...of, role: 'ingest' })
  const still = await startMember({ ...of, role: 'worker' })
  try {
    const messages = Array.from({ length: chats }, (_, at) => ({ id: `m${at}`, chat: `c${at}`, text: `text ${at}` }))
    const body = JSON.stringify(messages)
    expect((await fetch(`${ingest.url}/webhooks/provider/main`, { method: 'POST', body })).status).toBe(200)
    await until('it sends', () => provider.sent.length > 0)
    process.kill(still.pid, 'SIGSTOP')
    await using other = await startMember({ ...of, role: 'worker' })
    await until('all are answered', () => new Set(provider.sent.map(({ chat }) => chat)).size === chats, 60_000)
    process.kill(still.pid, 'SIGCONT')
    await Promise.all([still.stop(), other.stop()])
  } finally {
    await still.kill()
  }
  expect(provider.sent).toHaveLength(chats)
})
