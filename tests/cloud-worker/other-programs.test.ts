import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { post, webhookOf } from './post.ts'
import { providers, type TransportName } from './providers.ts'
import { isIdle } from './records.ts'
import { environmentOf } from './settings.ts'
import { type Sent, startSink } from './sink.ts'
import { until } from './until.ts'
import { startWorker } from './worker.ts'

const folder = mkdtempSync(join(tmpdir(), 'wa-agent-others-'))
afterAll(() => rmSync(folder, { recursive: true }))

const words = 'Your invoice is ready.'
const chats = { maytapi: '4915551@c.us', aisensy: '4915551' } as const

/** What another program sent over the number, as the provider tells it. */
function sentByAnother(name: 'maytapi' | 'aisensy'): Sent {
  const body = name === 'maytapi' ? { message: words } : { text: { body: words } }
  return { provider: name, to: chats[name], body, providerId: `p-${name}`, echoId: `e-${name}`, replyId: undefined }
}

/** To whom the worker answers after another program has written to both customers. */
async function answered(name: string, settings: Readonly<Record<string, string>>): Promise<readonly TransportName[]> {
  const database = join(folder, `${name}.db`)
  await using sink = await startSink()
  await using worker = await startWorker({ ...environmentOf(sink.url, database), ...settings })
  for (const name of ['maytapi', 'aisensy'] as const) {
    const provider = providers[name]
    const asked = provider.inbound([{ id: `A-${name}`, from: '4915551', text: 'what are your opening hours?' }])
    for (const json of [...(provider.echo?.(sentByAnother(name)) ?? []), ...asked]) {
      expect(await post(worker.url, webhookOf(provider, json))).toBe(200)
    }
  }
  await until('everything is done', () => isIdle(database))
  await worker.stop()
  return sink.sent.map(({ provider }) => provider).toSorted()
}

test('what AiSensy says that a program sent silences nobody; Maytapi does not say so', async () => {
  expect(await answered('default', {})).toEqual(['aisensy'])
})

test('with MAYTAPI_HANDOFF=false nothing that is written over Maytapi silences the bot', async () => {
  expect(await answered('off', { MAYTAPI_HANDOFF: 'false' })).toEqual(['aisensy', 'maytapi'])
})
