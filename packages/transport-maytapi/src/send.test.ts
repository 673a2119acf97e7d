import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OutboundMedia, OutboundMessage } from '@wa-agent/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { maytapiTransport } from './maytapi-transport.ts'
import type { MaytapiTransportOptions } from './options.ts'

interface Call {
  readonly url: string
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wa-agent-maytapi-'))
})
afterAll(() => rm(folder, { recursive: true }))

function sender(options: Partial<MaytapiTransportOptions> = {}) {
  const calls: Call[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    calls.push({ url: request.url, headers: request.headers, body: (await request.json()) as Call['body'] })
    return Response.json({ success: true, data: { msgId: 'm1' } })
  }
  const transport = maytapiTransport({ productId: 'p', phoneId: 1, apiKey: 'k', webhookSecret: 's', fetch, ...options })
  const send = (message: OutboundMessage, inReplyTo: readonly string[] = []) =>
    transport.send(
      { id: 'r1', chat: '15550001001@c.us', message, inReplyTo, attempt: 1 },
      { signal: new AbortController().signal },
    )
  const document = (media: OutboundMedia) => send({ type: 'document', media })
  return { calls, send, document }
}

const text: OutboundMessage = { type: 'text', text: 'Hello' }

describe('a send', () => {
  test('goes to the phone of the product, with the key in the header', async () => {
    const { calls, send } = sender()
    expect(await send(text)).toEqual({ status: 'sent', providerId: 'm1' })
    expect(calls[0]?.url).toBe('https://api.maytapi.com/api/p/1/sendMessage')
    expect(calls[0]?.headers.get('x-maytapi-key')).toBe('k')
    expect(calls[0]?.body).toEqual({ to_number: '15550001001@c.us', type: 'text', message: 'Hello' })
  })

  test.each(['https://white.example/', 'https://white.example/api', 'https://white.example/api/'])(
    'goes to another host at %s, and has the header that it wants',
    async (baseUrl) => {
      const { calls, send } = sender({ baseUrl, apiKeyHeader: 'x-key', apiKey: async () => 'fresh' })
      await send(text)
      expect(calls[0]?.url).toBe('https://white.example/api/p/1/sendMessage')
      expect(calls[0]?.headers.get('x-key')).toBe('fresh')
    },
  )

  test('that answers passes the filter against repetition; what nobody asked for does not, unless it is told to', async () => {
    const passes = async (skipFilter: 'replies' | 'always' | 'never') => {
      const { calls, send } = sender({ skipFilter })
      await send(text, ['m0'])
      await send(text)
      return calls.map(({ body }) => body['skip_filter'] ?? false)
    }
    expect(await passes('replies')).toEqual([true, false])
    expect(await passes('always')).toEqual([true, true])
    expect(await passes('never')).toEqual([false, false])
  })

  test('is made once more with a fresh key where the key is rejected', async () => {
    const keys = ['old', 'new']
    const seen: (string | null)[] = []
    const { send } = sender({
      apiKey: () => keys.shift() ?? 'none',
      fetch: async (input, init) => {
        const key = new Request(input, init).headers.get('x-maytapi-key')
        seen.push(key)
        return Response.json({ success: key === 'new', data: { msgId: 'm1' } }, { status: key === 'new' ? 200 : 401 })
      },
    })
    expect(await send(text)).toEqual({ status: 'sent', providerId: 'm1' })
    expect(seen).toEqual(['old', 'new'])
  })

  test('has certainly not gone out where the key cannot be had', async () => {
    const apiKey = () => Promise.reject(new Error('the vault is closed'))
    const { calls, send } = sender({ apiKey })
    expect(await send(text)).toMatchObject({ status: 'failed', retryable: true })
    expect(calls).toEqual([])
  })

  test('of a template certainly fails', async () => {
    const template: OutboundMessage = { type: 'template', name: 'hello', language: 'en', parameters: [] }
    expect(await sender().send(template)).toEqual({
      status: 'failed',
      retryable: false,
      reason: 'Maytapi has no template',
    })
  })
})

describe('a file', () => {
  test('goes as its URL, or with its bytes', async () => {
    const { calls, document } = sender()
    const path = join(folder, 'list.pdf')
    await writeFile(path, 'abc')
    await document({ url: 'https://files.example/a.pdf' })
    await document({ base64: 'YWJj', mimeType: 'text/plain' })
    await document({ path })
    await document({ path, mimeType: 'text/csv' })
    expect(calls.map(({ body }) => body['message'])).toEqual([
      'https://files.example/a.pdf',
      'data:text/plain;base64,YWJj',
      'data:application/pdf;base64,YWJj',
      'data:text/csv;base64,YWJj',
    ])
  })

  test('that is missing or too large is not sent, and its path is not told', async () => {
    const { calls, document } = sender({ maxMediaBytes: 2 })
    const path = join(folder, 'three.txt')
    await writeFile(path, 'abc')
    const large = { status: 'failed', retryable: false, reason: 'the file to send has more than 2 bytes' }
    expect(await document({ path })).toEqual(large)
    expect(await document({ base64: 'YWJj', mimeType: 'text/plain' })).toEqual(large)
    expect(await document({ path: join(folder, 'missing.txt') })).toEqual({
      status: 'failed',
      retryable: false,
      reason: 'the file to send cannot be read (ENOENT)',
    })
    expect(calls).toEqual([])
  })
})
