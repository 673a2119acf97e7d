import { silentLogger, WaAgentError, type WebhookRequest } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { acknowledge, readJson, refused } from './webhook.ts'

function requestOf(body: Uint8Array | string, contentType: string | null = 'application/json'): WebhookRequest {
  const headers = new Headers(contentType === null ? {} : { 'content-type': contentType })
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return { method: 'POST', headers, query: new URLSearchParams(), body: bytes }
}

/** A logger that writes down everything it is told. */
function recordingLogger() {
  const lines: unknown[] = []
  const write = (fields: unknown, line: string) => void lines.push([fields, line])
  return { lines, logger: { debug: write, info: write, warn: write, error: write } }
}

const logger = silentLogger
const statusOf = (request: WebhookRequest, maxBytes?: number) => {
  const result = readJson(request, { logger, maxBytes })
  return 'refusal' in result ? result.refusal.status : 200
}

test('JSON in UTF-8 is read', () => {
  expect(readJson(requestOf('{"a":"ä"}'), { logger })).toEqual({ json: { a: 'ä' } })
  for (const contentType of ['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
    expect(readJson(requestOf('[1]', contentType), { logger })).toEqual({ json: [1] })
  }
})

test('only the bytes of the body are read, also where they are part of a larger buffer', () => {
  const pool = Buffer.from('xx{"a":1}yy')
  expect(readJson(requestOf(pool.subarray(2, 9)), { logger })).toEqual({ json: { a: 1 } })
})

test('another content type is 415', () => {
  for (const contentType of [null, '', 'text/plain', 'application/jsonp', 'application/json; charset=latin1']) {
    expect(statusOf(requestOf('{}', contentType))).toBe(415)
  }
})

test('what is no UTF-8 or no JSON is 400', () => {
  for (const body of ['', '{', 'null x', Uint8Array.of(0x22, 0xff, 0x22), Uint8Array.of(0xed, 0xa0, 0x80)]) {
    expect(statusOf(requestOf(body))).toBe(400)
  }
})

test('a body that is too large is 413', () => {
  expect(statusOf(requestOf('"12345"'), 7)).toBe(200)
  expect(statusOf(requestOf('"123456"'), 7)).toBe(413)
})

test('a refusal is logged without anything of the request', () => {
  const { lines, logger } = recordingLogger()
  expect(readJson(requestOf('{"text":"hello", 16505551234'), { logger })).toEqual({ refusal: { status: 400 } })
  expect(lines).toEqual([[{ status: 400, reason: 'not JSON' }, 'webhook refused']])
  expect(refused(401, 'no signature', logger)).toEqual({ status: 401 })
})

test('what is durable is acknowledged, and whatever is not is asked for again', async () => {
  const { lines, logger } = recordingLogger()
  expect(await acknowledge({ logger }, async () => undefined)).toEqual({ status: 200 })
  expect(lines).toEqual([])
  const failures = [
    new WaAgentError('storage_unavailable', 'Try again.', { retryable: true }),
    new WaAgentError('storage_closed', 'Open it.'),
    new Error('from 16505551234: hello'),
  ]
  for (const error of failures)
    expect(await acknowledge({ logger }, () => Promise.reject(error))).toEqual({ status: 503 })
  expect(lines).toHaveLength(3)
  expect(JSON.stringify(lines)).not.toContain('hello')
})
