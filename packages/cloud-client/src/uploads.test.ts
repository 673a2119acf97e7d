import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type RunOptions, WaAgentError } from '@wa-agent/core'
import { inboundBuilder, type VirtualClock, virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { cloudPipeline } from './cloud-pipeline.ts'

/** A cloud that takes files and answers with how often it was asked. With a clock its line is too slow for any file. */
async function openCloud(clock?: VirtualClock) {
  const files: string[] = []
  let asked = 0
  const server = createServer(async (request, response) => {
    if (clock && request.method === 'PUT') return void (await clock.advance(30_000))
    const body = await text(request).catch(() => undefined)
    if (body === undefined) return
    if (request.method === 'PUT') {
      files.push(body)
      return void response.writeHead(201).end('{}')
    }
    asked += 1
    const message = { type: 'text', text: `asked ${asked}` }
    response.end(JSON.stringify({ replies: [{ id: 'r1', message }], handoff: null }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const pipeline = cloudPipeline({
    url,
    tenantId: 'shop',
    apiKey: 'key',
    maxAgeMs: Number.POSITIVE_INFINITY,
    media: true,
    ...(clock ? { clock } : {}),
  })
  return {
    files,
    async run(openMedia: NonNullable<RunOptions['openMedia']>) {
      const message = inboundBuilder({ from: 'anna' }).image({ caption: 'look', mimeType: 'image/jpeg' })
      const { replies } = await pipeline.run({ messages: [message] }, { openMedia })
      return replies
    },
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const answered = [{ type: 'text', text: 'asked 1' }]

test('a file goes to the cloud before its message', async () => {
  await using cloud = await openCloud()
  expect(await cloud.run(async () => new Blob(['a picture']).stream())).toEqual(answered)
  expect(cloud.files).toEqual(['a picture'])
})

test('a file that the provider breaks off does not hold up the words', async () => {
  await using cloud = await openCloud()
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error('the provider broke off'))
    },
  })
  expect(await cloud.run(async () => broken)).toEqual(answered)
  expect(cloud.files).toEqual([])
})

test('a file that cannot be opened does not hold up the words', async () => {
  await using cloud = await openCloud()
  const gone = new WaAgentError('media_unavailable', 'gone')
  expect(await cloud.run(() => Promise.reject(gone))).toEqual(answered)
})

test('a file that the line is too slow for does not hold up the words', async () => {
  await using cloud = await openCloud(virtualClock())
  expect(await cloud.run(async () => new Blob(['a film']).stream())).toEqual(answered)
})
