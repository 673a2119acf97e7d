import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { post, webhookOf } from './post.ts'
import { providers } from './providers.ts'
import { isIdle, readRecords } from './records.ts'
import { environmentOf } from './settings.ts'
import { startSink } from './sink.ts'
import { until } from './until.ts'
import { startWorker } from './worker.ts'

const { maytapi } = providers
const question = (id: string) =>
  webhookOf(maytapi, maytapi.inbound([{ id, from: '4915551', text: 'what are your opening hours?' }])[0] ?? {})

test('the echo of a reply that was sent before a restart silences nobody', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wa-agent-echo-'))
  const database = join(folder, 'worker.db')
  try {
    await using sink = await startSink()
    const environment = environmentOf(sink.url, database)
    await using first = await startWorker(environment)
    await post(first.url, question('A1'))
    await until('it is answered', () => sink.sent.length === 1 && isIdle(database))
    await first.stop()
    await using second = await startWorker(environment)
    const echoes = sink.sent.flatMap((one) => maytapi.echo?.(one) ?? [])
    expect(echoes).toHaveLength(1)
    for (const json of echoes) expect(await post(second.url, webhookOf(maytapi, json))).toBe(200)
    await post(second.url, question('A2'))
    await until('it is answered again', () => sink.sent.length === 2 && isIdle(database))
    expect(readRecords(database).messages).toHaveLength(2)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
