import { createHmac } from 'node:crypto'
import { type Logger, WaAgentError, type WebhookRequest } from '@wa-agent/core'
import { recordingHost } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { cloudApiTransport } from './cloud-api-transport.ts'
import { credentials, messagesWebhook, webhookRequest } from './fake-meta.ts'

const text = { from: '16505551234', id: 'm1', timestamp: '1764000000', type: 'text', text: { body: 'grüße' } }
const status = { id: 'wamid.1', status: 'read', timestamp: '1764000000' }

async function started(options: { readonly maxWebhookBytes?: number; readonly signatureHeader?: string } = {}) {
  const lines: unknown[] = []
  const write = (fields: unknown, line: string) => void lines.push([fields, line])
  const logger: Logger = { debug: write, info: write, warn: write, error: write }
  const transport = cloudApiTransport({ ...credentials, logger, ...options })
  const host = recordingHost()
  await transport.start(host)
  return { transport, host, lines, post: async (request: WebhookRequest) => (await transport.webhook(request)).status }
}

function challenge(query: Readonly<Record<string, string>>): WebhookRequest {
  const all = {
    'hub.mode': 'subscribe',
    'hub.verify_token': credentials.verifyToken,
    'hub.challenge': '1158',
    ...query,
  }
  return { method: 'GET', headers: new Headers(), query: new URLSearchParams(all), body: new Uint8Array() }
}

test('the address is verified by its token, also before the bot has started', async () => {
  const transport = cloudApiTransport(credentials)
  expect(await transport.webhook(challenge({}))).toEqual({ status: 200, body: '1158' })
  for (const token of ['', 'wrong', `${credentials.verifyToken} `]) {
    expect(await transport.webhook(challenge({ 'hub.verify_token': token }))).toEqual({ status: 403 })
  }
  expect(await transport.webhook(challenge({ 'hub.mode': 'unsubscribe' }))).toEqual({ status: 400 })
  const bare = { ...challenge({}), query: new URLSearchParams() }
  expect(await transport.webhook(bare)).toEqual({ status: 400 })
})

test('a signed webhook is taken in', async () => {
  const { post, host } = await started()
  expect(await post(webhookRequest(messagesWebhook([text])))).toBe(200)
  expect(host.received).toMatchObject([{ id: 'm1', text: 'grüße' }])
})

test('what is not signed by Meta is refused, and nothing of it is kept or logged', async () => {
  const { post, host, lines } = await started()
  const body = messagesWebhook([text])
  const { body: bytes } = webhookRequest(body)
  const sign = (algorithm: string, secret: string) => createHmac(algorithm, secret).update(bytes).digest('hex')
  const good = sign('sha256', credentials.appSecret)
  const signatures = [
    '',
    'sha256=',
    good,
    `sha1=${sign('sha1', credentials.appSecret)}`,
    `sha256=${sign('sha256', 'another-secret')}`,
    `sha256=${good.slice(0, -1)}`,
    `sha256=${good}0`,
    `sha256=${good} `.repeat(2),
  ]
  for (const signature of signatures) {
    expect(await post(webhookRequest(body, { 'x-hub-signature-256': signature }))).toBe(401)
  }
  const changed = Buffer.from(webhookRequest(body).body)
  changed[changed.length - 3] = 0x20
  expect(await post({ ...webhookRequest(body), body: changed })).toBe(401)
  expect(host.calls).toBe(0)
  expect(lines).toHaveLength(9)
  expect(JSON.stringify(lines)).not.toMatch(/16505551234|gr|secret/)
})

test('the signature may be in another header', async () => {
  const { post } = await started({ signatureHeader: 'X-Partner-Signature' })
  const request = webhookRequest(messagesWebhook([text]))
  const signature = request.headers.get('x-hub-signature-256') ?? ''
  expect(await post(request)).toBe(401)
  expect(await post(webhookRequest(messagesWebhook([text]), { 'x-partner-signature': signature }))).toBe(200)
})

test('what cannot be read is refused with the status that says why', async () => {
  const { post, host } = await started({ maxWebhookBytes: 1000 })
  const good = webhookRequest(messagesWebhook([text]))
  const signed = (bytes: Buffer) => {
    const signature = createHmac('sha256', credentials.appSecret).update(bytes).digest('hex')
    const headers = new Headers({ 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` })
    return { ...good, headers, body: bytes }
  }
  expect(await post(webhookRequest(messagesWebhook([text]), { 'content-type': 'text/plain' }))).toBe(415)
  expect(await post(signed(Buffer.from('{"object":')))).toBe(400)
  expect(await post(signed(Buffer.from([0x22, 0xff, 0x22])))).toBe(400)
  expect(await post(signed(Buffer.alloc(1001, ' ')))).toBe(413)
  expect(await post({ ...good, method: 'PUT' })).toBe(405)
  expect(await post({ ...good, method: 'HEAD' })).toBe(405)
  expect(host.calls).toBe(0)
})

test('a batch goes in as one, messages before statuses', async () => {
  const { post, host } = await started()
  const messages = Array.from({ length: 1000 }, (_, index) => ({ ...text, id: `m${index}` }))
  const body = messagesWebhook(messages) as { entry: [{ changes: [{ value: Record<string, unknown> }] }] }
  body.entry[0].changes[0].value['statuses'] = [status]
  expect(await post(webhookRequest(body))).toBe(200)
  expect(host.calls).toBe(1)
  expect(host.received.map(({ id }) => id)).toEqual(messages.map(({ id }) => id))
  expect(host.tracked).toHaveLength(1)
})

test('what could not be stored is asked for again, whatever the error is', async () => {
  const { post, host } = await started()
  const request = webhookRequest(messagesWebhook([text]))
  const errors = [
    new WaAgentError('storage_unavailable', 'Try again.', { retryable: true }),
    new WaAgentError('storage_full', 'Make room.'),
    new Error('unknown'),
  ]
  for (const error of errors) {
    host.refuse(error)
    expect(await post(request)).toBe(503)
  }
  expect(await post(request)).toBe(200)
  expect(host.received).toHaveLength(1)
})

test('while the transport does not run, Meta is asked to come again', async () => {
  const { transport, post, host } = await started()
  const request = webhookRequest(messagesWebhook([text]))
  await transport.stop()
  expect(await post(request)).toBe(503)
  expect(await cloudApiTransport(credentials).webhook(request)).toEqual({ status: 503 })
  expect(host.calls).toBe(0)
})

test('what is left out is told at debug level, with the payload', async () => {
  const { post, lines } = await started()
  expect(await post(webhookRequest(messagesWebhook([{ ...text, type: 'revoke' }])))).toBe(200)
  const payload = expect.stringContaining('"type":"revoke"')
  expect(lines).toEqual([[{ kinds: ['revoke'], payload }, 'parts of a webhook were left out']])
})
