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
const question = (id: string, text: string) =>
  webhookOf(maytapi, maytapi.inbound([{ id, from: '4915551', text }])[0] ?? {})

// The menu is a list, which goes out as a numbered text.
test.each(['what are your opening hours?', 'menu'])(
  'the echo of a reply to %j that was sent before a restart silences nobody',
  async (text) => {
    const folder = mkdtempSync(join(tmpdir(), 'wa-agent-echo-'))
    const database = join(folder, 'worker.db')
    try {
      await using sink = await startSink()
      const environment = environmentOf(sink.url, database)
      await using first = await startWorker(environment)
      await post(first.url, question('A1', text))
      await until('it is answered', () => sink.sent.length === 1 && isIdle(database))
      await first.stop()
      await using second = await startWorker(environment)
      const echoes = sink.sent.flatMap((one) => maytapi.echo?.(one) ?? [])
      expect(echoes).toHaveLength(1)
      for (const json of echoes) expect(await post(second.url, webhookOf(maytapi, json))).toBe(200)
      await post(second.url, question('A2', text))
      await until('it is answered again', () => sink.sent.length === 2 && isIdle(database))
      expect(readRecords(database).messages).toHaveLength(2)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)
