import { readFileSync } from 'node:fs'
import { type Logger, WaAgentError, type WebhookRequest } from '@wa-agent/core'
import { recordingHost, virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { maytapiTransport } from './maytapi-transport.ts'
import type { MaytapiTransportOptions } from './options.ts'

const secret = 'a-long-random-secret'
const text = readFileSync(new URL('fixtures/text.json', import.meta.url))

function request(fields: Partial<Record<'method' | 'type' | 'query', string>> = {}, body: Uint8Array | string = text) {
  const { method = 'POST', type = 'application/json', query = `token=${secret}` } = fields
  return {
    method,
    headers: new Headers(type === '' ? {} : { 'content-type': type }),
    query: new URLSearchParams(query),
    body: typeof body === 'string' ? Buffer.from(body) : body,
  } satisfies WebhookRequest
}

async function started(options: Partial<MaytapiTransportOptions> = {}) {
  const lines: string[] = []
  const note = (fields: Record<string, unknown>, line: string) => void lines.push(`${line} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: note, info: note, warn: note, error: note }
  const host = Object.assign(recordingHost({ clock: virtualClock() }), { logger })
  const transport = maytapiTransport({
    productId: '0f0e0d0c-1111-4222-8333-444455556666',
    phoneId: 1150,
    apiKey: 'key',
    webhookSecret: secret,
    ...options,
  })
  await transport.start(host)
  const post = async (one: WebhookRequest) => (await transport.webhook?.(one))?.status
  return { transport, host, post, lines }
}

describe('a webhook', () => {
  test.each([`token=${secret}`, `key=${secret}`])('is taken with ?%s', async (query) => {
    const { host, post } = await started()
    expect(await post(request({ query }))).toBe(200)
    expect(host.received).toHaveLength(1)
  })

  test.each<readonly [string, number, WebhookRequest]>([
    ['without secret', 401, request({ query: '' })],
    ['with an empty secret', 401, request({ query: 'token=' })],
    ['with another secret', 401, request({ query: `token=${secret}x` })],
    ['with a secret too many', 401, request({ query: `token=x&key=${secret}` })],
    ['by GET', 405, request({ method: 'GET' })],
    ['without content type', 415, request({ type: '' })],
    ['as text', 415, request({ type: 'text/plain' })],
    ['as UTF-16', 415, request({ type: 'application/json; charset=utf-16' })],
    ['too large', 413, request({}, `"${'x'.repeat(5000)}"`)],
    ['not UTF-8', 400, request({}, Uint8Array.of(0x22, 0xff, 0x22))],
    ['not JSON', 400, request({}, '{')],
    ['of another product', 403, request({}, text.toString().replaceAll('0f0e0d0c', '1f0e0d0c'))],
    ['of another phone', 403, request({}, text.toString().replaceAll('1150', '1151'))],
  ])('%s is refused with %i, and nothing of it is stored or logged', async (_, status, one) => {
    const { host, post, lines } = await started({ maxWebhookBytes: 4000 })
    expect(await post(one)).toBe(status)
    expect(host.calls).toBe(0)
    expect(lines).toHaveLength(1)
    expect(lines.join()).not.toMatch(/boxes|1555|a-long/)
  })

  test('that is not for us is taken, and told with the payload', async () => {
    const { host, post, lines } = await started()
    const event = { type: 'live_event', conversation: '15550001001@c.us', data: { event: 'closed' } }
    for (const body of [event, null, 7, 'text', []]) expect(await post(request({}, JSON.stringify(body)))).toBe(200)
    expect(host.calls).toBe(0)
    expect(JSON.stringify(lines)).toContain('payload')
  })

  test('is to be repeated while the storage is away', async () => {
    const { host, post } = await started()
    host.refuse(new WaAgentError('storage_unavailable', 'Try again.', { retryable: true }))
    expect(await post(request())).toBe(503)
    expect(await post(request())).toBe(200)
    expect(host.received).toHaveLength(1)
  })

  test('is to be repeated before the start and after the stop', async () => {
    const { transport, host, post } = await started()
    await transport.stop()
    expect(await post(request())).toBe(503)
    expect(host.calls).toBe(0)
  })
})

describe('statuses', () => {
  test('an acknowledgement is tracked, a failure too, and the phone changes the connection', async () => {
    const { host, post } = await started()
    const read = (name: string) => readFileSync(new URL(`fixtures/${name}.json`, import.meta.url))
    expect(host.connections).toEqual(['connected'])
    for (const name of ['ack-delivered-means-sent', 'error', 'status-qr-code', 'status-active']) {
      expect(await post(request({}, read(name)))).toBe(200)
    }
    expect(host.tracked.map(({ status }) => status)).toEqual(['sent', 'sent', 'failed'])
    expect(host.connections).toEqual(['connected', 'needs-login', 'connected'])
  })

  test('a phone is connected again once something comes in that was written since it was away', async () => {
    const { host, post } = await started()
    const tells = (event: object) => post(request({}, JSON.stringify(event)))
    const written = (seconds: number) => {
      const { message, ...rest } = JSON.parse(text.toString())
      return { ...rest, message: { ...message, _serialized: `false_1_${seconds}` }, timestamp: seconds }
    }
    const nowSeconds = Math.floor(host.clock.now() / 1000)
    await tells({ type: 'status', status: 'disconnected' })
    await tells({ type: 'status', status: 'phone-error' })
    await tells(written(nowSeconds - 60))
    expect(host.connections).toEqual(['connected', 'disconnected', 'disconnected'])
    await tells(written(nowSeconds + 60))
    await tells(written(nowSeconds + 61))
    expect(host.connections).toEqual(['connected', 'disconnected', 'disconnected', 'connected'])
  })
})
