import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Delivery, OutboundMessage } from '@wa-agent/core'
import { recordingHost } from '@wa-agent/testing'
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { expect, test } from 'vitest'
import { cloudApiTransport } from './cloud-api-transport.ts'
import { credentials, type FakeMeta, fakeMeta } from './fake-meta.ts'

const { signal } = new AbortController()
const text: OutboundMessage = { type: 'text', text: 'Hi' }

function delivery(message: OutboundMessage): Delivery {
  return { id: 'r1', chat: '16505551234', message, inReplyTo: [], attempt: 1 }
}

function transportOf(meta: FakeMeta, options: Partial<Parameters<typeof cloudApiTransport>[0]> = {}) {
  return cloudApiTransport({ ...credentials, baseUrl: meta.url, ...options })
}

test('a text is posted to the number, with our id of the reply', async () => {
  await using meta = await fakeMeta()
  expect(await transportOf(meta).send(delivery(text), { signal })).toEqual({ status: 'sent', providerId: 'wamid.1' })
  expect(meta.calls).toMatchObject([
    {
      method: 'POST',
      path: '/v25.0/106540352242922/messages',
      authorization: 'Bearer token-1',
      contentType: 'application/json',
    },
  ])
  expect(meta.sent).toEqual([
    {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '16505551234',
      type: 'text',
      text: { body: 'Hi', preview_url: false },
      biz_opaque_callback_data: 'r1',
    },
  ])
})

test('the version of the API can be chosen, also as a part of the address', async () => {
  await using meta = await fakeMeta()
  await transportOf(meta, { graphVersion: 'v26.0' }).send(delivery(text), { signal })
  await transportOf(meta, { baseUrl: `${meta.url}/partner/v24.0/` }).send(delivery(text), { signal })
  expect(meta.calls.map(({ path }) => path)).toEqual([
    '/v26.0/106540352242922/messages',
    '/partner/v24.0/106540352242922/messages',
  ])
})

test('a fetch that was passed in is used', async () => {
  const server = setupServer(
    http.post('https://graph.facebook.com/v25.0/106540352242922/messages', () =>
      HttpResponse.json({ messages: [{ id: 'wamid.msw' }] }),
    ),
  )
  server.listen()
  try {
    const transport = cloudApiTransport({ ...credentials, fetch: (...parameters) => fetch(...parameters) })
    expect(await transport.send(delivery(text), { signal })).toEqual({ status: 'sent', providerId: 'wamid.msw' })
  } finally {
    server.close()
  }
})

test('a file of this machine is uploaded and sent by its id', async () => {
  await using meta = await fakeMeta()
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-cloud-api-'))
  const path = join(folder, 'price list.pdf')
  await writeFile(path, 'bytes of the file')
  const result = await transportOf(meta).send(delivery({ type: 'document', media: { path }, caption: 'c' }), { signal })
  await rm(folder, { recursive: true })
  expect(result.status).toBe('sent')
  const [upload] = meta.calls
  const form = await new Response(upload?.body, { headers: { 'content-type': upload?.contentType ?? '' } }).formData()
  const file = form.get('file') as File
  expect([upload?.path, form.get('messaging_product'), form.get('type')]).toEqual([
    '/v25.0/106540352242922/media',
    'whatsapp',
    'application/pdf',
  ])
  expect([file.name, file.type, await file.text()]).toEqual(['price list.pdf', 'application/pdf', 'bytes of the file'])
  expect(meta.sent).toMatchObject([{ type: 'document', document: { id: 'upload-1', caption: 'c' } }])
})

test('bytes are uploaded, an address is passed on', async () => {
  await using meta = await fakeMeta()
  const transport = transportOf(meta)
  const base64 = Buffer.from('image').toString('base64')
  await transport.send(delivery({ type: 'image', media: { base64, mimeType: 'image/png' } }), { signal })
  await transport.send(delivery({ type: 'image', media: { url: 'https://files.example/a.png' } }), { signal })
  expect(meta.sent).toMatchObject([{ image: { id: 'upload-1' } }, { image: { link: 'https://files.example/a.png' } }])
  expect(meta.calls).toHaveLength(3)
})

test('a file that is missing or larger than Meta takes is not sent', async () => {
  await using meta = await fakeMeta()
  const transport = transportOf(meta)
  const base64 = Buffer.alloc(600 * 1024).toString('base64')
  const failures = [
    await transport.send(delivery({ type: 'image', media: { path: join(tmpdir(), 'no-such-file.png') } }), { signal }),
    await transport.send(delivery({ type: 'sticker', media: { base64, mimeType: 'image/webp' } }), { signal }),
  ]
  expect(failures).toEqual([
    { status: 'failed', retryable: false, reason: 'the file cannot be read: ENOENT' },
    { status: 'failed', retryable: false, reason: expect.stringContaining('larger than') },
  ])
  expect(meta.calls).toEqual([])
})

test('whatever becomes of an upload, no message went out', async () => {
  await using meta = await fakeMeta()
  const transport = transportOf(meta)
  const image: OutboundMessage = { type: 'image', media: { base64: 'AAAA', mimeType: 'image/png' } }
  meta.respond = (_call, response) => Boolean(response.destroy())
  expect(await transport.send(delivery(image), { signal })).toMatchObject({ status: 'failed', retryable: true })
  meta.respond = (_call, response) => Boolean(response.writeHead(200).end('{}'))
  expect(await transport.send(delivery(image), { signal })).toMatchObject({ status: 'failed', retryable: true })
  meta.respond = (_call, response) => Boolean(response.writeHead(400).end('{"error":{"code":131053}}'))
  expect(await transport.send(delivery(image), { signal })).toEqual({
    status: 'failed',
    retryable: false,
    reason: 'upload: 131053 media upload failed',
  })
})

test('a token of a function is asked for again when Meta rejects it, once for all sends in flight', async () => {
  await using meta = await fakeMeta()
  const tokens = ['expired', credentials.accessToken]
  const transport = transportOf(meta, { accessToken: async () => tokens.shift() ?? 'none' })
  const sends = Array.from({ length: 10 }, () => transport.send(delivery(text), { signal }))
  expect((await Promise.all(sends)).every(({ status }) => status === 'sent')).toBe(true)
  expect(meta.sent).toHaveLength(10)
  expect(tokens).toEqual([])
})

test('an expired token is also known by its code', async () => {
  await using meta = await fakeMeta()
  const tokens = ['expired', credentials.accessToken]
  meta.respond = ({ authorization }, response) => {
    if (authorization !== 'Bearer expired') return false
    response.writeHead(400).end('{"error":{"code":190}}')
    return true
  }
  const transport = transportOf(meta, { accessToken: async () => tokens.shift() ?? 'none' })
  expect(await transport.send(delivery(text), { signal })).toMatchObject({ status: 'sent' })
})

test('a send that is on its way ends, although the transport is stopped', async () => {
  await using meta = await fakeMeta()
  const transport = transportOf(meta)
  await transport.start(recordingHost())
  meta.respond = (_call, response) => {
    transport.stop().then(() => response.end('{"messages":[{"id":"wamid.late"}]}'), undefined)
    return true
  }
  expect(await transport.send(delivery(text), { signal })).toEqual({ status: 'sent', providerId: 'wamid.late' })
})

test('a token that stays wrong puts the channel off until somebody renews it, and is not told', async () => {
  await using meta = await fakeMeta()
  const result = await transportOf(meta, { accessToken: 'wrong-token' }).send(delivery(text), { signal })
  expect(result).toEqual({
    status: 'failed',
    retryable: true,
    slowDown: 'channel',
    retryAfterMs: 60_000,
    reason: '190 the token has expired (trace trace)',
  })
})

test('a connection that breaks is uncertain, one that is not made is not', async () => {
  const meta = await fakeMeta()
  const transport = transportOf(meta)
  meta.faults.push('cut')
  expect(await transport.send(delivery(text), { signal })).toMatchObject({ status: 'uncertain' })
  await meta[Symbol.asyncDispose]()
  expect(await transport.send(delivery(text), { signal })).toEqual({
    status: 'failed',
    retryable: true,
    reason: 'ECONNREFUSED',
  })
})
