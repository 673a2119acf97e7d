import type { Delivery, OutboundMessage } from '@wa-agent/core'
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { aisensyTransport } from './aisensy-transport.ts'
import type { AisensyTransportOptions } from './options.ts'

const projectId = '655b1f0c9d3e4a0012ab34cd'
const projectMessages = `https://apis.aisensy.com/project-apis/v1/project/${projectId}/messages`
const directBase = 'https://backend.aisensy.com/direct-apis/t1'
const campaignUrl = 'https://backend.aisensy.com/campaign/t1/api/v2'
const project = { type: 'project', projectId, password: 'correct horse' } as const

/** The one of the moment, which msw replaces. */
const intercepted: typeof fetch = (...request) => fetch(...request)
const server = setupServer()
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

interface Call {
  readonly headers: Headers
  readonly body: unknown
}

/** Answers every POST to `url` in the same way, and says what came. */
function answering(url: string, answer: object | string, init: ResponseInit = {}): Call[] {
  const calls: Call[] = []
  server.use(
    http.post(url, async ({ request }) => {
      calls.push({ headers: request.headers, body: await request.json() })
      return typeof answer === 'string' ? new HttpResponse(answer, init) : HttpResponse.json(answer, init)
    }),
  )
  return calls
}

const accepted = {
  messaging_product: 'whatsapp',
  contacts: [],
  messages: [{ id: 'wamid.1', message_status: 'accepted' }],
}
const text: OutboundMessage = { type: 'text', text: 'Two boxes are ready.' }
const template: OutboundMessage = {
  type: 'template',
  name: 'order_update',
  language: 'en',
  parameters: ['Asha', '#123'],
}

function send(message: OutboundMessage, options: Partial<AisensyTransportOptions> = {}, chat = '919999900001') {
  const transport = aisensyTransport({ api: project, webhookSecret: 'a-shared-secret', fetch: intercepted, ...options })
  const delivery: Delivery = { id: 'reply-7', chat, message, inReplyTo: [], attempt: 1 }
  return transport.send(delivery, { signal: new AbortController().signal })
}

describe('the Project API', () => {
  test('is given the message in Meta’s format with the password of the project', async () => {
    const calls = answering(projectMessages, accepted)
    expect(await send(text)).toEqual({ status: 'sent', providerId: 'wamid.1' })
    expect(calls).toHaveLength(1)
    expect(calls[0]?.headers.get('x-aisensy-project-api-pwd')).toBe('correct horse')
    expect(calls[0]?.body).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '919999900001',
      type: 'text',
      text: { body: 'Two boxes are ready.', preview_url: false },
    })
  })

  test('may be at another address and want another header', async () => {
    const calls = answering(`https://connect.api-wa.co/project-apis/v1/project/${projectId}/messages`, accepted)
    const api = {
      ...project,
      baseUrl: 'https://connect.api-wa.co/project-apis/v1/',
      authHeader: 'X-AiSensy-Partner-API-Key',
    }
    expect((await send(text, { api })).status).toBe('sent')
    expect(calls[0]?.headers.get('x-aisensy-partner-api-key')).toBe('correct horse')
  })

  test('is given a file by its address', async () => {
    const calls = answering(projectMessages, accepted)
    await send({ type: 'image', media: { url: 'https://shop.example/box.jpg' }, caption: 'Our box' })
    expect(calls[0]?.body).toMatchObject({ image: { link: 'https://shop.example/box.jpg', caption: 'Our box' } })
  })

  test('cannot be given the bytes of a file, which is said before anything leaves', async () => {
    const result = await send({ type: 'image', media: { base64: 'AAAA', mimeType: 'image/png' } })
    expect(result).toMatchObject({ status: 'failed', retryable: false })
  })

  test.each<[string, object | string]>([
    ['without an id', { messaging_product: 'whatsapp', messages: [{}] }],
    ['without messages', { messaging_product: 'whatsapp' }],
  ])('has sent what it answers %s, though nobody knows under which id', async (_, answer) => {
    answering(projectMessages, answer)
    expect(await send(text)).toEqual({ status: 'sent' })
  })

  test.each<[number, object | string, object]>([
    [401, { name: 'ERR401', message: 'Invalid password' }, { retryable: false, reason: 'ERR401 Invalid password' }],
    [200, { name: 'ERR401', message: 'Invalid password' }, { retryable: false, reason: 'ERR401 Invalid password' }],
    [400, { message: 'Bad number +91 99999 00001' }, { retryable: false, reason: 'HTTP 400 Bad number #' }],
    [200, { error: 'nothing was sent' }, { retryable: false, reason: 'HTTP 200 nothing was sent' }],
    [200, { success: false, message: 'no' }, { retryable: false, reason: 'HTTP 200 no' }],
    [404, '<html></html>', { retryable: false, reason: 'HTTP 404' }],
    [302, '', { retryable: false, reason: 'HTTP 302' }],
    [503, 'busy', { retryable: true, reason: 'HTTP 503' }],
    [429, { message: 'slow down' }, { retryable: true, slowDown: 'channel', reason: 'HTTP 429' }],
    [
      402,
      { name: 'ERR402', errorCode: 402, errorMessage: 'No credit', aisTraceId: 'ais_1' },
      { retryable: true, retryAfterMs: 600_000, reason: 'ERR402 No credit ais_1' },
    ],
  ])('answers HTTP %i %j: certainly not sent', async (status, answer, expected) => {
    answering(projectMessages, answer, { status })
    expect(await send(text)).toEqual({ status: 'failed', ...expected })
  })

  test.each<[number, number, object]>([
    [400, 131047, { retryable: false }],
    [429, 130429, { retryable: true, slowDown: 'channel' }],
    [429, 131056, { retryable: true, slowDown: 'chat' }],
    [200, 131026, { retryable: false }],
  ])('passes errors of Meta on, HTTP %i code %i, which say what to do', async (status, code, expected) => {
    answering(projectMessages, { error: { message: 'as Meta says', code } }, { status })
    const result = await send(text)
    expect(result).toMatchObject({ status: 'failed', ...expected })
    expect(result).toHaveProperty('reason', expect.stringContaining(String(code)))
  })

  test.each([500, 502, 504, 408])('leaves open with HTTP %i whether the message went out', async (status) => {
    answering(projectMessages, 'a gateway', { status })
    expect((await send(text)).status).toBe('uncertain')
  })

  test('says when to come back', async () => {
    answering(projectMessages, {}, { status: 429, headers: { 'retry-after': '7' } })
    expect(await send(text)).toMatchObject({ status: 'failed', slowDown: 'channel', retryAfterMs: 7000 })
  })
})

describe('the Direct API', () => {
  const api = { type: 'direct', token: 'jwt-1' } as const

  test('is given the message with the token, and our id, which its statuses bring back', async () => {
    const calls = answering(`${directBase}/messages`, accepted)
    expect(await send(text, { api })).toEqual({ status: 'sent', providerId: 'wamid.1' })
    expect(calls[0]?.headers.get('authorization')).toBe('Bearer jwt-1')
    expect(calls[0]?.body).toMatchObject({ biz_opaque_callback_data: 'reply-7' })
  })

  test('is given a file of ours first, and then the message with its id', async () => {
    let uploaded: File | undefined
    server.use(
      http.post(`${directBase}/media`, async ({ request }) => {
        uploaded = (await request.formData()).get('file') as File
        return HttpResponse.json({ id: 'media-7' })
      }),
    )
    const calls = answering(`${directBase}/messages`, accepted)
    const media = { base64: Buffer.from('a pdf').toString('base64'), mimeType: 'application/pdf', fileName: 'list.pdf' }
    expect((await send({ type: 'document', media }, { api })).status).toBe('sent')
    expect([uploaded?.name, uploaded?.type, await uploaded?.text()]).toEqual(['list.pdf', 'application/pdf', 'a pdf'])
    expect(calls[0]?.body).toMatchObject({ document: { id: 'media-7', filename: 'list.pdf' } })
  })

  test('is given a file of this machine', async () => {
    let uploaded: File | undefined
    server.use(
      http.post(`${directBase}/media`, async ({ request }) => {
        uploaded = (await request.formData()).get('file') as File
        return HttpResponse.json({ id: 'media-7' })
      }),
    )
    answering(`${directBase}/messages`, accepted)
    const path = new URL(import.meta.url).pathname
    expect((await send({ type: 'document', media: { path, mimeType: 'text/plain' } }, { api })).status).toBe('sent')
    expect(await uploaded?.text()).toContain('is given a file of this machine')
  })

  test.each<[number, object, object]>([
    [500, {}, { retryable: true }],
    [429, {}, { retryable: true }],
    [400, { message: 'too large' }, { retryable: false }],
    [200, {}, { retryable: false }],
  ])('that does not take the file, HTTP %i, has sent nothing', async (status, answer, expected) => {
    server.use(http.post(`${directBase}/media`, () => HttpResponse.json(answer, { status })))
    const media = { base64: 'AAAA', mimeType: 'image/png' }
    expect(await send({ type: 'image', media }, { api })).toMatchObject({ status: 'failed', ...expected })
  })

  test('is not called for a file that cannot be read', async () => {
    const media = { path: '/nowhere/at/all.png' }
    expect(await send({ type: 'image', media }, { api })).toMatchObject({ status: 'failed', retryable: false })
  })
})

describe('the Campaign API', () => {
  const campaign = { apiKey: 'campaign-jwt', name: { order_update: 'order_update_v2' } }

  test('is given the templates that it carries, with the key in the body', async () => {
    const calls = answering(campaignUrl, { success: 'true', submitted_message_id: 'submitted-7' })
    const media = { url: 'https://shop.example/a.jpg', filename: 'a.jpg' }
    const result = await send(template, { campaign: { ...campaign, userName: 'Customer', source: 'bot', media } })
    expect(result).toEqual({ status: 'sent', providerId: 'submitted-7' })
    expect(calls[0]?.body).toEqual({
      apiKey: 'campaign-jwt',
      campaignName: 'order_update_v2',
      destination: '+919999900001',
      userName: 'Customer',
      templateParams: ['Asha', '#123'],
      source: 'bot',
      media,
    })
  })

  test('is given every template where one campaign is named for all', async () => {
    const calls = answering(campaignUrl, { success: 'true' })
    expect(await send(template, { campaign: { apiKey: 'jwt', name: 'come_back' } })).toEqual({ status: 'sent' })
    expect(calls[0]?.body).toMatchObject({ campaignName: 'come_back', userName: '+919999900001' })
  })

  test('is not given other templates, nor anything but templates', async () => {
    const calls = answering(projectMessages, accepted)
    await send({ ...template, name: 'toString' }, { campaign })
    await send(text, { campaign })
    expect(calls.map(({ body }) => (body as { type: string }).type)).toEqual(['template', 'text'])
  })

  test('is given phone numbers only', async () => {
    const result = await send(template, { campaign }, 'IN.13491208655302741918')
    expect(result).toMatchObject({ status: 'failed', retryable: false })
  })

  test.each<[number, object | string, object]>([
    [400, { message: 'Template params does not match the campaign' }, { status: 'failed', retryable: false }],
    [400, { message: 'Campaign does not exist.' }, { status: 'failed', retryable: false }],
    [400, { name: 'ERR400', message: 'No Plan active on assistant!' }, { status: 'failed', retryable: false }],
    [401, { message: 'Invalid API key' }, { status: 'failed', retryable: false }],
    [
      402,
      { name: 'ERR402', errorCode: 402, errorMessage: 'No credit' },
      { status: 'failed', retryable: true, retryAfterMs: 600_000 },
    ],
    [429, {}, { status: 'failed', retryable: true, slowDown: 'channel' }],
    [503, '', { status: 'failed', retryable: true }],
    [200, { success: 'false' }, { status: 'failed', retryable: false }],
    [200, { success: 'true', error: 'no such thing' }, { status: 'failed', retryable: false }],
    [200, { success: true }, { status: 'sent' }],
    [200, {}, { status: 'uncertain' }],
    [200, 'OK', { status: 'uncertain' }],
    [500, {}, { status: 'uncertain' }],
    [504, '', { status: 'uncertain' }],
  ])('answers HTTP %i %j', async (status, answer, expected) => {
    answering(campaignUrl, answer, { status })
    expect(await send(template, { campaign })).toMatchObject(expected)
  })
})
