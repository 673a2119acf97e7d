import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { MediaReference } from '@wa-agent/core'
import { describe, expect, test } from 'vitest'
import { aisensyTransport } from './aisensy-transport.ts'
import type { AisensyTransportOptions } from './options.ts'

const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 7) % 256)
const sha256 = createHash('sha256').update(bytes).digest()
const id = '1098765432109876'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

interface Asked {
  readonly path: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A provider on loopback that gives `answer`, and a transport that knows it. */
async function provider(answer: Answer, options: Partial<AisensyTransportOptions> = {}) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push({ path: request.url, headers: request.headers, body })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const api = { type: 'direct', token: 'jwt', baseUrl: origin } as const
  const given = options.api === undefined ? { api } : { api: { ...options.api, baseUrl: origin } }
  const transport = aisensyTransport({ webhookSecret: 'a-shared-secret', ...options, ...given })
  const open = (media: MediaReference, signal = new AbortController().signal) =>
    transport.openMedia?.(media, { signal }) ?? Promise.reject(new Error('no openMedia'))
  const read = async (media: MediaReference) => Buffer.from(await new Response(await open(media)).arrayBuffer())
  return {
    asked,
    origin,
    open,
    read,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const asBuffer: Answer = (_, response) =>
  response.setHeader('content-type', 'application/json').end(JSON.stringify(Buffer.from(bytes)))
const asBinary: Answer = (_, response) => response.setHeader('content-type', 'image/jpeg').end(bytes)

describe('a file by its id', () => {
  test('is asked of the Direct API, which gives it as a Buffer in JSON', async () => {
    await using world = await provider(asBuffer)
    expect((await world.read({ reference: id, sha256: sha256.toString('base64') })).equals(bytes)).toBe(true)
    expect(world.asked).toMatchObject([{ path: '/get-media', body: JSON.stringify({ id }) }])
    expect(world.asked[0]?.headers.authorization).toBe('Bearer jwt')
  })

  test('is asked of the Project API, which gives it as it is', async () => {
    await using world = await provider(asBinary, {
      api: { type: 'project', projectId: 'p1', password: 'correct horse' },
    })
    expect((await world.read({ reference: id, sha256: sha256.toString('hex') })).equals(bytes)).toBe(true)
    expect(world.asked[0]).toMatchObject({
      path: '/project/p1/get-media',
      body: JSON.stringify({ id, response_type: 'document' }),
    })
    expect(world.asked[0]?.headers['x-aisensy-project-api-pwd']).toBe('correct horse')
  })

  test.each<[string, Answer]>([
    ['as it is', asBinary],
    ['as a Buffer', asBuffer],
  ])('comes %s from either API', async (_, answer) => {
    for (const api of [
      { type: 'direct', token: 'jwt' },
      { type: 'project', projectId: 'p1', password: 'x' },
    ] as const) {
      await using world = await provider(answer, { api })
      expect((await world.read({ reference: id })).equals(bytes)).toBe(true)
    }
  })

  test('is empty where it is', async () => {
    await using world = await provider((_, response) => response.end('{"type":"Buffer","data":[]}'))
    expect((await world.read({ reference: id })).byteLength).toBe(0)
  })

  test('may itself be JSON', async () => {
    await using world = await provider((_, response) =>
      response.setHeader('content-type', 'application/json').end('{"a":1}'),
    )
    expect((await world.read({ reference: id, mimeType: 'application/json' })).toString()).toBe('{"a":1}')
  })

  test('is asked for once more with a new token where the old one is rejected', async () => {
    const answer: Answer = (request, response) =>
      request.headers.authorization === 'Bearer b' ? asBinary(request, response) : response.writeHead(401).end()
    const tokens = ['a', 'b']
    await using world = await provider(answer, { api: { type: 'direct', token: () => tokens.shift() ?? '' } })
    expect((await world.read({ reference: id })).equals(bytes)).toBe(true)
    expect(world.asked).toHaveLength(2)
  })

  test.each<[number, boolean]>([
    [404, false],
    [400, false],
    [401, false],
    [429, true],
    [503, true],
  ])('that is answered with HTTP %i is not there; trying again helps: %s', async (status, retryable) => {
    await using world = await provider((_, response) => response.writeHead(status).end('{}'))
    await expect(world.open({ reference: id })).rejects.toMatchObject({ code: 'media_unavailable', retryable })
  })

  test('is not what says with HTTP 200 that there is none', async () => {
    const answer: Answer = (_, response) =>
      response.setHeader('content-type', 'application/json').end('{"name":"ERR404","message":"no such media"}')
    await using world = await provider(answer)
    await expect(world.open({ reference: id })).rejects.toMatchObject({ code: 'media_unavailable', retryable: false })
  })

  test('ends with an error where it is larger than allowed', async () => {
    for (const answer of [asBinary, asBuffer]) {
      await using world = await provider(answer, { maxMediaBytes: 1000 })
      await expect(world.read({ reference: id })).rejects.toMatchObject({ code: 'media_too_large' })
    }
  })

  test('ends with an error where it is not the one that was announced', async () => {
    await using world = await provider(asBinary)
    const other = createHash('sha256').update('other').digest('hex')
    await expect(world.read({ reference: id, sha256: other })).rejects.toMatchObject({ code: 'media_unavailable' })
  })

  test('ends with an error where the connection breaks', async () => {
    await using world = await provider((_, response) => {
      response.writeHead(200, { 'content-length': bytes.byteLength })
      response.write(bytes.subarray(0, 1000), () => response.destroy())
    })
    await expect(world.read({ reference: id })).rejects.toMatchObject({ code: 'media_unavailable', retryable: true })
  })

  test.each<[string, Answer]>([
    ['never begins', () => undefined],
    ['stops coming', (_, response) => void response.write(bytes.subarray(0, 100))],
  ])('that %s is given up', async (_, answer) => {
    await using world = await provider(answer, { timeoutMs: 50 })
    await expect(world.read({ reference: id })).rejects.toMatchObject({ code: 'media_unavailable', retryable: true })
  })

  test('is not waited for once it is aborted', async () => {
    await using world = await provider(() => undefined)
    const stop = new AbortController()
    const opening = world.open({ reference: id }, stop.signal)
    stop.abort()
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('leads the credentials nowhere else', async () => {
    await using elsewhere = await provider(asBinary)
    await using world = await provider((_, response) =>
      response.writeHead(307, { location: `${elsewhere.origin}/get-media` }).end(),
    )
    await expect(world.open({ reference: id })).rejects.toMatchObject({ code: 'media_unavailable' })
    expect(elsewhere.asked).toEqual([])
  })
})

describe('a file by its address', () => {
  test('is read without credentials', async () => {
    await using files = await provider(asBinary)
    await using world = await provider(asBinary, { allowedMediaHosts: [files.origin] })
    expect((await world.read({ reference: `${files.origin}/a.jpg` })).equals(bytes)).toBe(true)
    expect(files.asked[0]?.headers.authorization).toBeUndefined()
    expect(world.asked).toEqual([])
  })

  test.each([
    'https://files.example/a.jpg',
    'http://d1a2b3c4d5e6f7.cloudfront.net/a.jpg',
    'https://cloudfront.net.example/a.jpg',
    'https://169.254.169.254/latest/meta-data',
    'http://127.0.0.1/a.jpg',
  ])('%s is not read, because it is at no allowed host', async (reference) => {
    await using world = await provider(asBinary)
    await expect(world.open({ reference })).rejects.toMatchObject({ code: 'media_unavailable', retryable: false })
  })
})

test.each(['', '../messages', 'file:///etc/passwd', '{"id":"1"}'])(
  'a reference %j of nobody is refused',
  async (reference) => {
    await using world = await provider(asBinary)
    await expect(world.open({ reference })).rejects.toMatchObject({ code: 'media_unavailable' })
    expect(world.asked).toEqual([])
  },
)
