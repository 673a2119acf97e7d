import { createHash } from 'node:crypto'
import { isWaAgentError } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { allowedUrl, isAllowedHost } from './allowed-url.ts'
import { isGone, type OpenSafelyOptions, openSafely } from './media.ts'
import { isPublicAddress } from './public-address.ts'
import { testServer } from './test-server.ts'

const bytes = Buffer.from(Uint8Array.from({ length: 150_000 }, (_, index) => index % 251))
const sha256 = createHash('sha256').update(bytes).digest()
const { signal } = new AbortController()

type Wanted = Partial<OpenSafelyOptions> & Pick<OpenSafelyOptions, 'url'>

async function read(wanted: Wanted): Promise<Buffer> {
  const stream = await openSafely({ allowedHosts: [new URL(wanted.url).origin], maxBytes: 200_000, signal, ...wanted })
  return Buffer.from(await new Response(stream).arrayBuffer())
}

/** The error of a file that cannot be read. */
async function failureOf(wanted: Wanted) {
  const error = await read(wanted).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isWaAgentError(error)) throw new Error('expected a WaAgentError', { cause: error })
  return { code: error.code, retryable: error.retryable, isGone: isGone(error) }
}

const unavailable = { code: 'media_unavailable', retryable: false, isGone: false }

describe.each([
  ['own connections', {}],
  ['a fetch that was passed in', { fetch: (...parameters: Parameters<typeof fetch>) => fetch(...parameters) }],
])('%s', (_, way) => {
  test('the file comes whole, with the headers that it needs', async () => {
    let authorization: string | undefined
    await using server = await testServer((request, response) => {
      authorization = request.headers.authorization
      response.end(bytes)
    })
    const headers = { authorization: 'Bearer t' }
    for (const expected of [undefined, sha256.toString('hex'), sha256.toString('base64'), 'not a hash']) {
      expect((await read({ ...way, url: server.url, headers, sha256: expected })).equals(bytes)).toBe(true)
    }
    expect(authorization).toBe('Bearer t')
  })

  test('a file that is another one than announced ends with an error', async () => {
    await using server = await testServer((_request, response) => response.end(bytes.subarray(1)))
    expect(await failureOf({ ...way, url: server.url, sha256: sha256.toString('hex') })).toEqual(unavailable)
  })

  test('a file that is too large is refused at once, or as soon as it has become so', async () => {
    await using server = await testServer((request, response) => {
      if (request.url === '/told') response.setHeader('content-length', bytes.byteLength)
      response.write(bytes.subarray(0, 100))
      response.end(bytes.subarray(100))
    })
    for (const path of ['/told', '/untold']) {
      const failure = await failureOf({ ...way, url: server.url + path, maxBytes: 149_999, allowedHosts: [server.url] })
      expect(failure).toMatchObject({ code: 'media_too_large' })
    }
  })

  test('tells a file that is gone from a provider in trouble', async () => {
    await using server = await testServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end()
    })
    const failure = (status: number) =>
      failureOf({ ...way, url: `${server.url}/${status}`, allowedHosts: [server.url] })
    for (const status of [401, 403, 404, 410]) expect(await failure(status)).toEqual({ ...unavailable, isGone: true })
    for (const status of [429, 500, 503]) expect(await failure(status)).toEqual({ ...unavailable, retryable: true })
    for (const status of [204, 206, 304, 400]) expect(await failure(status)).toEqual(unavailable)
  })

  test('follows three redirects, and no fourth', async () => {
    await using server = await testServer((request, response) => {
      const left = Number(request.url?.slice(1))
      if (left === 0) response.end(bytes)
      else response.writeHead(302, { location: `/${left - 1}` }).end()
    })
    const allowedHosts = [server.url]
    expect((await read({ ...way, url: `${server.url}/3`, allowedHosts })).equals(bytes)).toBe(true)
    expect(await failureOf({ ...way, url: `${server.url}/4`, allowedHosts })).toEqual(unavailable)
  })

  test('a redirect leads only to allowed hosts, and never to addresses of the inside', async () => {
    let calls = 0
    await using inside = await testServer((_request, response) => {
      calls += 1
      response.end('secret')
    })
    const targets = [
      inside.url,
      inside.url.replace('127.0.0.1', 'localhost'),
      'http://169.254.169.254/latest/meta-data',
      'https://[::1]/',
      'file:///etc/passwd',
      'https://user@cdn.example.com/',
      'http://cdn.example.com/',
      'https://cdn.example.com:8443/',
      '//',
    ]
    await using server = await testServer((request, response) => {
      response.writeHead(302, { location: targets[Number(request.url?.slice(1))] }).end()
    })
    for (const index of targets.keys()) {
      const allowedHosts = [server.url, 'cdn.example.com']
      const lookup = async () => [{ address: '127.0.0.1', family: 4 }]
      expect(await failureOf({ ...way, url: `${server.url}/${index}`, allowedHosts, lookup })).toEqual(unavailable)
    }
    expect(calls).toBe(0)
  })

  test('a redirect to another origin does not get the token', async () => {
    const seen: (string | undefined)[] = []
    await using second = await testServer((request, response) => {
      seen.push(request.headers.authorization)
      response.end(bytes)
    })
    await using first = await testServer((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(302, { location: second.url }).end()
    })
    await read({
      ...way,
      url: first.url,
      allowedHosts: [first.url, second.url],
      headers: { authorization: 'Bearer t' },
    })
    expect(seen).toEqual(['Bearer t', undefined])
  })

  test('a name that leads inside is refused, whatever the list says', async () => {
    for (const address of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '::1', 'fe80::1', '::ffff:127.0.0.1']) {
      const lookup = async () => [
        { address: '93.184.216.34', family: 4 },
        { address, family: address.includes(':') ? 6 : 4 },
      ]
      const url = 'https://cdn.example.com/file'
      expect(await failureOf({ ...way, url, allowedHosts: ['.example.com'], lookup })).toEqual(unavailable)
    }
  })

  test('a file that does not come, or stops, is given up in time', async () => {
    const clock = virtualClock()
    for (const begins of [false, true]) {
      const { promise: arrival, resolve: arrived } = Promise.withResolvers<void>()
      await using server = await testServer((_request, response) => {
        if (begins) response.write(bytes.subarray(0, 10), () => arrived())
        else arrived()
      })
      const failure = failureOf({ ...way, url: server.url, clock, timeoutMs: 1000 })
      await arrival
      let ended = false
      const end = () => {
        ended = true
      }
      failure.then(end, end)
      // The bytes travel by a real socket; time goes on until they have arrived and are missed.
      while (!ended) {
        await new Promise(setImmediate)
        await clock.advance(1000)
      }
      expect(await failure).toEqual({ ...unavailable, retryable: true })
    }
  })

  test('aborted, it ends with the reason of whoever aborted', async () => {
    const stop = new AbortController()
    await using server = await testServer(() => stop.abort(new Error('enough')))
    await expect(read({ ...way, url: server.url, signal: stop.signal })).rejects.toThrow('enough')
    await expect(read({ ...way, url: server.url, signal: stop.signal })).rejects.toThrow('enough')
  })

  test('a file that breaks off may be tried again', async () => {
    await using server = await testServer((request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('x', () => request.socket.destroy())
    })
    expect(await failureOf({ ...way, url: server.url })).toEqual({ ...unavailable, retryable: true })
  })

  test('who reads no further ends the download', async () => {
    const { promise: closed, resolve: close } = Promise.withResolvers<void>()
    await using server = await testServer((_request, response) => {
      response.on('close', close).write(bytes)
    })
    const stream = await openSafely({ ...way, url: server.url, allowedHosts: [server.url], maxBytes: 1e6, signal })
    await stream.cancel()
    await closed
  })
})

test.each([
  ['https://cdn.example.com/a', ['cdn.example.com'], true],
  ['https://CDN.example.com/a', ['cdn.EXAMPLE.com'], true],
  ['https://a.b.example.com/a', ['.example.com'], true],
  ['https://example.com/a', ['.example.com'], false],
  ['https://evilexample.com/a', ['.example.com'], false],
  ['https://cdn.example.com.evil.test/a', ['cdn.example.com'], false],
  ['https://cdn.example.com@evil.test/a', ['cdn.example.com'], false],
  ['https://evil.test/cdn.example.com', ['cdn.example.com'], false],
  ['https://evil.test\\@cdn.example.com/', ['cdn.example.com'], false],
  ['http://cdn.example.com/a', ['cdn.example.com'], false],
  ['https://cdn.example.com:444/a', ['cdn.example.com'], false],
  ['https://8.8.8.8/a', ['.8', '8.8.8.8'], false],
  ['https://2130706433/a', ['127.0.0.1'], false],
  ['http://127.0.0.1:80/a', ['http://127.0.0.1'], true],
  ['http://127.0.0.1:81/a', ['http://127.0.0.1'], false],
  ['ftp://cdn.example.com/a', ['cdn.example.com'], false],
  ['nonsense', ['cdn.example.com'], false],
])('%s on a list of %j is allowed: %s', (url, hosts, isAllowed) => {
  expect(allowedUrl(url, hosts) !== undefined).toBe(isAllowed)
})

test.each([
  ['8.8.8.8', true],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['100.64.0.1', false],
  ['127.8.8.8', false],
  ['169.254.169.254', false],
  ['172.31.255.255', false],
  ['172.32.0.1', true],
  ['192.168.1.1', false],
  ['198.19.0.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['2606:4700::1111', true],
  ['::', false],
  ['::1', false],
  ['::ffff:8.8.8.8', false],
  ['64:ff9b::7f00:1', false],
  ['fc00::1', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['2001:db8::1', false],
  ['2002:7f00:1::', false],
  ['localhost', false],
  ['', false],
])('%s is public: %s', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic)
})

test('an entry of the list is a name, a name with a dot before it, or an origin', () => {
  for (const entry of ['cdn.example.com', '.example.com', 'http://127.0.0.1:8080', 'https://example.com/']) {
    expect(isAllowedHost(entry)).toBe(true)
  }
  for (const entry of ['', '.', 'localhost', '*', '*.example.com', 'https://example.com/path', 'example.com/path', 7]) {
    expect(isAllowedHost(entry)).toBe(false)
  }
})
