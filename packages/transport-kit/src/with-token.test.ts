import { expect, test } from 'vitest'
import { createHttpClient } from './http-client.ts'
import { answer, testServer } from './test-server.ts'
import { createToken } from './token.ts'
import { withToken } from './with-token.ts'

const { signal } = new AbortController()
const get = { method: 'GET', path: 'x', signal } as const

/** A server that accepts one token only. */
function serverWith(accepted: string, seen: (string | undefined)[]) {
  return testServer((request, response) => {
    const { authorization } = request.headers
    seen.push(authorization)
    if (authorization === `Bearer ${accepted}`) answer(response, 200, {})
    else answer(response, 401, { error: { code: 190 } })
  })
}

test('a rejected token is refreshed once for all calls in flight', async () => {
  const seen: (string | undefined)[] = []
  await using server = await serverWith('two', seen)
  const tokens = ['one', 'two']
  const client = withToken(
    createHttpClient({ baseUrl: server.url }),
    createToken(async () => tokens.shift() ?? 'none'),
  )
  const outcomes = await Promise.all([client.request(get), client.request(get), client.request(get)])
  expect(outcomes).toMatchObject([{ status: 200 }, { status: 200 }, { status: 200 }])
  expect(tokens).toEqual([])
  expect(seen.filter((token) => token === 'Bearer two')).toHaveLength(3)
})

test('without another token the rejection is the answer', async () => {
  const seen: (string | undefined)[] = []
  await using server = await serverWith('two', seen)
  const client = withToken(createHttpClient({ baseUrl: server.url }), createToken('one'))
  expect(await client.request(get)).toMatchObject({ status: 401 })
  expect(seen).toEqual(['Bearer one'])
})

test('a source that fails sends nothing, and tells nothing of why', async () => {
  const seen: (string | undefined)[] = []
  await using server = await serverWith('two', seen)
  const client = withToken(
    createHttpClient({ baseUrl: server.url }),
    createToken(() => Promise.reject(new Error('secret'))),
  )
  expect(await client.request(get)).toEqual({ kind: 'unsent', reason: 'no token: Error' })
  expect(seen).toEqual([])
})
