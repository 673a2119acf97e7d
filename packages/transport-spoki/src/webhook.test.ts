import { readFileSync } from 'node:fs'
import { type Logger, WaAgentError, type WebhookRequest } from '@wa-agent/core'
import { recordingHost, virtualClock } from '@wa-agent/testing'
import { hmacSha256Hex } from '@wa-agent/transport-kit'
import { describe, expect, test } from 'vitest'
import type { SpokiTransportOptions } from './options.ts'
import { spokiTransport } from './spoki-transport.ts'

const secret = 'a-long-random-secret'
const read = (name: string) => readFileSync(new URL(`fixtures/${name}.json`, import.meta.url))
const text = read('inbound-text')
const seconds = virtualClock().now() / 1000

interface Fields {
  readonly method?: string
  readonly type?: string
  readonly signature?: string | null
  readonly account?: string
  readonly time?: number
}

function request(body: Uint8Array | string = text, fields: Fields = {}): WebhookRequest {
  const { method = 'POST', type = 'application/json', time = seconds, account } = fields
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const { signature = `t=${time},v2=${hmacSha256Hex(secret, `${time}.`, bytes)}` } = fields
  const headers = new Headers(account === undefined ? {} : { 'X-SPOKI-ACCOUNT': account })
  if (type !== '') headers.set('content-type', type)
  if (signature !== null) headers.set('X-Spoki-Signature', signature)
  return { method, headers, query: new URLSearchParams(), body: bytes }
}

async function started(options: Partial<SpokiTransportOptions> = {}) {
  const lines: string[] = []
  const note = (fields: Record<string, unknown>, line: string) => void lines.push(`${line} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: note, info: note, warn: note, error: note }
  const clock = virtualClock()
  const host = Object.assign(recordingHost({ clock }), { logger })
  const transport = spokiTransport({ apiKey: 'key', webhookSecret: secret, ...options })
  await transport.start(host)
  const post = async (one: WebhookRequest) => (await transport.webhook?.(one))?.status
  return { transport, host, post, lines, clock }
}

describe('a webhook', () => {
  test('is taken where it is signed', async () => {
    const { host, post } = await started()
    expect(await post(request())).toBe(200)
    expect(host.received).toMatchObject([{ type: 'text', chat: '+15550001001', text: 'Arrived' }])
  })

  test.each<readonly [string, number, WebhookRequest]>([
    ['without signature', 401, request(text, { signature: null })],
    ['with the signature of another secret', 401, request(text, { signature: `t=${seconds},v2=${'0'.repeat(64)}` })],
    ['with an old signature', 401, request(text, { time: seconds - 301 })],
    ['by GET', 405, request(text, { method: 'GET' })],
    ['without content type', 415, request(text, { type: '' })],
    ['as text', 415, request(text, { type: 'text/plain' })],
    ['too large', 413, request(`"${'x'.repeat(5000)}"`)],
    ['not UTF-8', 400, request(Uint8Array.of(0x22, 0xff, 0x22))],
    ['not JSON', 400, request('{')],
  ])('%s is refused with %i, and nothing of it is stored or logged', async (_, status, one) => {
    const { host, post, lines } = await started({ maxWebhookBytes: 4000 })
    expect(await post(one)).toBe(status)
    expect(host.calls).toBe(0)
    expect(lines).toHaveLength(1)
    expect(lines.join()).not.toMatch(/Arrived|1555|a-long/)
  })

  test('that was recorded proves nothing five minutes later', async () => {
    const { post, clock } = await started()
    const recorded = request()
    await clock.advance(300_000)
    expect(await post(recorded)).toBe(200)
    await clock.advance(1000)
    expect(await post(recorded)).toBe(401)
  })

  test('of another account is refused where the account is given', async () => {
    const { host, post } = await started({ accountId: 42 })
    expect(await post(request())).toBe(403)
    expect(await post(request(text, { account: '43' }))).toBe(403)
    expect(await post(request(text, { account: '42' }))).toBe(200)
    expect(host.received).toHaveLength(1)
  })

  test('that is not for us is taken, and told with the payload', async () => {
    const { host, post, lines } = await started()
    for (const body of [
      read('contact-updated'),
      read('note'),
      'null',
      '7',
      '[]',
      '{"event":"+15550001001","data":{}}',
    ]) {
      expect(await post(request(body))).toBe(200)
    }
    expect(host.calls).toBe(0)
    expect(JSON.stringify(lines)).toContain('payload')
  })

  test('is to be repeated while the storage is away', async () => {
    const { host, post } = await started()
    const away = new WaAgentError('storage_unavailable', 'Try again.', { retryable: true })
    for (const name of ['inbound-text', 'outbound-read']) {
      host.refuse(away)
      expect(await post(request(read(name)))).toBe(503)
      expect(await post(request(read(name)))).toBe(200)
    }
    expect(host.received).toHaveLength(1)
    expect(host.tracked).toHaveLength(1)
  })

  test('is to be repeated after the stop', async () => {
    const { transport, host, post } = await started()
    await transport.stop()
    expect(await post(request())).toBe(503)
    expect(host.calls).toBe(0)
  })
})

test('the statuses of a reply come with our id of it, also where the answer to the send was lost', async () => {
  const { host, post } = await started()
  for (const name of ['outbound-sent', 'outbound-delivered', 'outbound-read', 'outbound-failed']) {
    expect(await post(request(read(name)))).toBe(200)
  }
  expect(host.received).toEqual([])
  expect(host.tracked.map(({ replyId, status }) => [replyId, status])).toEqual([
    ['r1', 'sent'],
    ['r1', 'delivered'],
    ['r1', 'read'],
    ['r1', 'failed'],
  ])
})
