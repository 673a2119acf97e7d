import { createHash } from 'node:crypto'
import { isWaAgentError } from '@wa-agent/core'
import { expect, test } from 'vitest'
import { cloudApiTransport } from './cloud-api-transport.ts'
import { credentials, type FakeMeta, fakeMeta } from './fake-meta.ts'
import type { CloudApiTransportOptions } from './options.ts'

const { signal } = new AbortController()
const bytes = Buffer.from('bytes of an image')

async function open(meta: FakeMeta, options: Partial<CloudApiTransportOptions> = {}): Promise<string> {
  const transport = cloudApiTransport({ ...credentials, baseUrl: meta.url, ...options })
  const stream = await transport.openMedia?.({ reference: '77' }, { signal })
  return new Response(stream ?? null).text()
}

async function failureOf(work: Promise<unknown>) {
  const error: unknown = await work.catch((reason: unknown) => reason)
  if (!isWaAgentError(error)) throw new Error('expected a WaAgentError', { cause: error })
  return { code: error.code, retryable: error.retryable }
}

const gone = { code: 'media_unavailable', retryable: false }

test('a file is asked for by its id, and fetched with the token', async () => {
  await using meta = await fakeMeta()
  meta.files.set('77', { bytes })
  expect(await open(meta)).toBe('bytes of an image')
  expect(meta.calls.map(({ path, authorization }) => [path, authorization])).toEqual([
    ['/v25.0/77?phone_number_id=106540352242922', 'Bearer token-1'],
    ['/files/77', 'Bearer token-1'],
  ])
})

test('an address that has expired is asked for again, once', async () => {
  await using meta = await fakeMeta()
  meta.files.set('77', { bytes, expired: 1 })
  expect(await open(meta)).toBe('bytes of an image')
  meta.files.set('77', { bytes, expired: 2 })
  expect(await failureOf(open(meta))).toEqual(gone)
  expect(meta.calls).toHaveLength(8)
})

test('a file that is not the one that was announced ends with an error', async () => {
  await using meta = await fakeMeta()
  meta.files.set('77', { bytes, sha256: createHash('sha256').update('another').digest('base64') })
  expect(await failureOf(open(meta))).toEqual(gone)
})

test('a file that is too large is not fetched', async () => {
  await using meta = await fakeMeta()
  meta.files.set('77', { bytes })
  expect(await failureOf(open(meta, { maxMediaBytes: 5 }))).toEqual({ code: 'media_too_large', retryable: false })
  expect(meta.calls).toHaveLength(1)
})

test('an address elsewhere gets neither a call nor the token', async () => {
  await using meta = await fakeMeta()
  await using other = await fakeMeta()
  const body = JSON.stringify({ url: `${other.url}/files/77`, id: '77' })
  meta.respond = (_call, response) => Boolean(response.end(body))
  expect(await failureOf(open(meta))).toEqual(gone)
  expect(other.calls).toEqual([])
  // Who runs a proxy for files names it.
  other.files.set('77', { bytes })
  expect(await open(meta, { allowedMediaHosts: [other.url] })).toBe('bytes of an image')
})

test('tells a file that is gone from a Meta that is away', async () => {
  const meta = await fakeMeta()
  expect(await failureOf(open(meta))).toEqual(gone)
  meta.respond = (_call, response) => Boolean(response.writeHead(503).end())
  expect(await failureOf(open(meta))).toEqual({ ...gone, retryable: true })
  await meta[Symbol.asyncDispose]()
  expect(await failureOf(open(meta))).toEqual({ ...gone, retryable: true })
})

test('an id leads nowhere else', async () => {
  await using meta = await fakeMeta()
  const transport = cloudApiTransport({ ...credentials, baseUrl: meta.url })
  expect(await failureOf(Promise.resolve(transport.openMedia?.({ reference: '../me?x=' }, { signal })))).toEqual(gone)
  expect(meta.calls[0]?.path).toBe('/v25.0/..%2Fme%3Fx%3D?phone_number_id=106540352242922')
})
