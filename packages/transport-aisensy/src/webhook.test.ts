import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Logger, silentLogger, type TransportHost, WaAgentError, type WebhookRequest } from '@wa-agent/core'
import { recordingHost } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { aisensyTransport } from './aisensy-transport.ts'
import type { AisensyTransportOptions } from './options.ts'

const secret = 'a-shared-secret'
const token = '0123456789abcdef0123456789abcdef'
const projectId = '655b1f0c9d3e4a0012ab34cd'
const api = { type: 'project', projectId, password: 'correct horse' } as const
const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')
const sign = (body: string, key = secret) => createHmac('sha256', key).update(body).digest('hex')

interface RequestParts {
  readonly method?: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
}

function request({ method = 'POST', body = '', headers = {}, query = {} }: RequestParts): WebhookRequest {
  return {
    method,
    headers: new Headers({ 'content-type': 'application/json', ...headers }),
    query: new URLSearchParams(query),
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  }
}

const signed = (body: string, parts: RequestParts = {}) =>
  request({ ...parts, body, headers: { 'x-aisensy-signature': sign(body), ...parts.headers } })

async function running(options: Partial<AisensyTransportOptions> = { webhookSecret: secret }, logger?: Logger) {
  const host = recordingHost()
  const transport = aisensyTransport({ api, ...options })
  const started: TransportHost = { ...host, logger: logger ?? silentLogger }
  await transport.start(started)
  const post = async (one: WebhookRequest) => (await transport.webhook?.(one))?.status
  return { host, transport, post }
}

describe('with a shared secret', () => {
  test('a signed message is handed over and answered with 200 once it is durable', async () => {
    const { host, post } = await running()
    const open = host.pause()
    let status: number | undefined
    const answered = post(signed(fixture('text'))).then((value) => {
      status = value
    })
    await Promise.resolve()
    expect([host.calls, status]).toEqual([1, undefined])
    open()
    await answered
    expect(status).toBe(200)
    expect(host.received).toMatchObject([{ chat: '919999900001', text: 'नमस्ते, 2 boxes please 👋' }])
  })

  test('a signature over the compact form of the body counts too', async () => {
    const { host, post } = await running()
    const body = fixture('text')
    expect(
      await post(request({ body, headers: { 'x-aisensy-signature': sign(JSON.stringify(JSON.parse(body))) } })),
    ).toBe(200)
    expect(host.received).toHaveLength(1)
  })

  test.each<[string, RequestParts]>([
    ['no signature', {}],
    ['a wrong signature', { headers: { 'x-aisensy-signature': sign(fixture('text'), 'another-secret') } }],
    ['a signature of another body', { headers: { 'x-aisensy-signature': sign(fixture('text-reply')) } }],
    ['a token, which is not in use', { query: { token } }],
    ['an empty token', { query: { token: '' } }],
  ])('%s is refused with 401 and nothing is handed over', async (_, parts) => {
    const { host, post } = await running()
    expect(await post(request({ body: fixture('text'), ...parts }))).toBe(401)
    expect(host.calls).toBe(0)
  })

  test('the header may have another name', async () => {
    const { post } = await running({ webhookSecret: secret, signatureHeader: 'X-Partner-Signature' })
    const body = fixture('text')
    expect(await post(request({ body, headers: { 'x-partner-signature': sign(body) } }))).toBe(200)
    expect(await post(signed(body))).toBe(401)
  })
})

describe('with a token in the address', () => {
  const options = { webhookToken: token }

  test('a message with it is handed over', async () => {
    const { host, post } = await running(options)
    expect(await post(request({ body: fixture('text'), query: { token } }))).toBe(200)
    expect(host.received).toHaveLength(1)
  })

  test.each<[string, RequestParts]>([
    ['another token', { query: { token: `${token}0` } }],
    ['none', {}],
    ['a signature, which nobody can check', { headers: { 'x-aisensy-signature': sign(fixture('text')) } }],
  ])('%s is refused with 401', async (_, parts) => {
    const { host, post } = await running(options)
    expect(await post(request({ body: fixture('text'), ...parts }))).toBe(401)
    expect(host.calls).toBe(0)
  })

  test('a delivery in Meta’s format, which nobody signs, is taken', async () => {
    const { host, post } = await running({ ...options, api: { type: 'direct', token: 'jwt' } })
    expect(await post(request({ body: fixture('meta-text'), query: { token } }))).toBe(200)
    expect(host.received).toMatchObject([{ text: 'Do you have boxes?' }])
  })
})

describe('with both', () => {
  const options = { webhookSecret: secret, webhookToken: token }
  const body = fixture('text')

  test('either is enough', async () => {
    const { post } = await running(options)
    expect(await post(signed(body))).toBe(200)
    expect(await post(request({ body, query: { token } }))).toBe(200)
    expect(await post(signed(body, { query: { token: 'wrong' } }))).toBe(200)
    expect(await post(request({ body, query: { token }, headers: { 'x-aisensy-signature': 'wrong' } }))).toBe(200)
  })

  test('neither is not', async () => {
    const { post } = await running(options)
    const headers = { 'x-aisensy-signature': sign(body, 'wrong') }
    expect(await post(request({ body, query: { token: 'wrong' }, headers }))).toBe(401)
  })
})

describe('a delivery of another project', () => {
  const other = fixture('text').replaceAll(projectId, '655b1f0c9d3e4a0012ab34ce')

  test.each([
    ['by its envelope', signed(other)],
    ['by its message', signed(fixture('text').replace(projectId, '655b1f0c9d3e4a0012ab34ce'))],
    ['by its header', signed(fixture('text'), { headers: { 'x-aisensy-project-id': '655b1f0c9d3e4a0012ab34ce' } })],
    ['by its token and its envelope', request({ body: other, query: { token } })],
  ])('%s is refused with 403', async (_, one) => {
    const { host, post } = await running({ webhookSecret: secret, webhookToken: token })
    expect(await post(one)).toBe(403)
    expect(host.calls).toBe(0)
  })

  test('is one also for the Direct API where its project is known', async () => {
    const credentials = { email: 'ops@example.com', password: 'x', projectId }
    const { post } = await running({ webhookSecret: secret, api: { type: 'direct', credentials } })
    expect(await post(signed(other))).toBe(403)
    expect(await post(signed(fixture('text')))).toBe(200)
  })
})

describe('setting a webhook up', () => {
  test('a GET is answered with 200, and a wrong token in it shows', async () => {
    const { post } = await running({ webhookToken: token })
    expect(await post(request({ method: 'GET' }))).toBe(200)
    expect(await post(request({ method: 'GET', query: { token } }))).toBe(200)
    expect(await post(request({ method: 'GET', query: { token: 'wrong' } }))).toBe(403)
  })

  test('a GET in Meta’s format gets its challenge back', async () => {
    const { transport } = await running({ webhookToken: token })
    const ask = (query: Record<string, string>) => transport.webhook?.(request({ method: 'GET', query }))
    const meta = { 'hub.mode': 'subscribe', 'hub.challenge': '1158201444' }
    expect(await ask({ ...meta, 'hub.verify_token': token })).toEqual({ status: 200, body: '1158201444' })
    expect(await ask({ ...meta, token })).toEqual({ status: 200, body: '1158201444' })
    expect(await ask({ ...meta, 'hub.verify_token': 'wrong' })).toEqual({ status: 403 })
    expect(await ask({ ...meta, 'hub.challenge': '<script>', token })).toEqual({ status: 200 })
    expect(await ask(meta)).toEqual({ status: 200 })
  })

  test('the test ping is answered with 200 although it is sent before there is a secret', async () => {
    const { host, post } = await running()
    expect(await post(request({ body: fixture('test-webhook') }))).toBe(200)
    expect(await post(signed(fixture('test-webhook')))).toBe(200)
    expect(host.calls).toBe(0)
  })

  test('a message that calls itself a test ping needs its proof', async () => {
    const { post } = await running()
    const body = JSON.stringify({ ...JSON.parse(fixture('text')), event: 'test.webhook' })
    expect(await post(request({ body }))).toBe(401)
    const large = JSON.stringify({ event: 'test.webhook', data: { message: 'x'.repeat(5000) } })
    expect(await post(request({ body: large }))).toBe(401)
  })
})

describe('what cannot be read', () => {
  test.each<[number, string, WebhookRequest]>([
    [400, 'no JSON', signed('{"topic":')],
    [400, 'nothing', signed('')],
    [415, 'another content type', signed(fixture('text'), { headers: { 'content-type': 'text/plain' } })],
    [405, 'another method', request({ method: 'DELETE' })],
    [413, 'too much', request({ body: new Uint8Array(4 * 2 ** 20 + 1) })],
  ])('is refused with %i: %s', async (status, _, one) => {
    const { host, post } = await running()
    expect(await post(one)).toBe(status)
    expect(host.calls).toBe(0)
  })

  test('is refused with 400 where it is not UTF-8', async () => {
    const { post } = await running({ webhookToken: token })
    expect(await post(request({ body: Uint8Array.of(0x22, 0xff, 0x22), query: { token } }))).toBe(400)
  })

  test('has a size that can be set', async () => {
    const { post } = await running({ webhookSecret: secret, maxWebhookBytes: 100 })
    expect(await post(signed(fixture('text')))).toBe(413)
  })

  test('but is signed is acknowledged where only its kind is unknown', async () => {
    const { host, post } = await running()
    for (const name of ['unknown-format', 'contact-requesting', 'assistant', 'order-placed', 'nobody']) {
      expect(await post(signed(fixture(name)))).toBe(200)
    }
    expect(host.calls).toBe(0)
    for (const body of ['null', '7', '[]', '"text"']) expect(await post(signed(body))).toBe(200)
  })
})

describe('what became of a send', () => {
  test('is handed over as an update', async () => {
    const { host, post } = await running()
    expect(await post(signed(fixture('status-failed')))).toBe(200)
    expect(host.tracked).toMatchObject([{ providerId: 'wamid.api1', status: 'failed', reason: '131026 undeliverable' }])
  })

  test('comes after its echo', async () => {
    const { host, post } = await running()
    host.refuse(new WaAgentError('storage_unavailable', 'Try again.', { retryable: true }))
    expect(await post(signed(fixture('api-text')))).toBe(503)
    expect(host.tracked).toEqual([])
    expect(await post(signed(fixture('api-text')))).toBe(200)
    expect([host.received.length, host.tracked.length]).toEqual([1, 1])
  })
})

describe('the answer', () => {
  test('is 503 where nothing could be stored, so that AiSensy tries again', async () => {
    const { host, post } = await running()
    host.refuse(new WaAgentError('storage_unavailable', 'Try again.', { retryable: true }))
    expect(await post(signed(fixture('text')))).toBe(503)
  })

  test('is 503 before the transport has started and after it has stopped', async () => {
    const stranger = aisensyTransport({ api, webhookSecret: secret })
    expect((await stranger.webhook?.(signed(fixture('text'))))?.status).toBe(503)
    const { host, transport, post } = await running()
    await transport.stop()
    expect(await post(signed(fixture('text')))).toBe(503)
    expect(host.calls).toBe(0)
  })

  test('comes with no line in the log that has anything of the request in it, but for what is left out at debug level', async () => {
    const lines: string[] = []
    const log = (fields: Record<string, unknown>, line: string) => void lines.push(JSON.stringify([fields, line]))
    const { post } = await running(
      { webhookSecret: secret },
      { debug: () => undefined, info: log, warn: log, error: log },
    )
    await post(request({ body: fixture('text'), query: { token: 'guessed-token' } }))
    await post(signed(fixture('assistant')))
    await post(signed('{"secret words'))
    expect(lines).toHaveLength(2)
    expect(lines.join()).not.toMatch(/boxes|99999|Press 1|secret words|guessed|a-shared/)
  })
})
