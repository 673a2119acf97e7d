import type { SendResult } from '@wa-agent/core'
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { aisensyTransport } from './aisensy-transport.ts'
import type { AisensyDirectApi } from './options.ts'

const base = 'https://backend.aisensy.com/direct-apis/t1'
const credentials = { email: 'ops@example.com', password: 'correct horse', projectId: '655b1f0c9d3e4a0012ab34cd' }

/** The one of the moment, which msw replaces. */
const intercepted: typeof fetch = (...request) => fetch(...request)
const server = setupServer()
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

/** A Direct API that takes the tokens of `valid`, and makes `jwt-1`, `jwt-2`, ... of credentials. */
function directApi({ valid, isAlive = () => true }: { valid: string[]; isAlive?: (token: string) => boolean }) {
  const seen: string[] = []
  const keys: string[] = []
  server.use(
    http.post(`${base}/users/regenrate-token`, async ({ request }) => {
      keys.push(request.headers.get('authorization') ?? '')
      expect(await request.json()).toEqual({ direct_api: true })
      const token = `jwt-${keys.length}`
      valid.push(token)
      return HttpResponse.json({ users: [{ token }] })
    }),
    http.post(`${base}/messages`, ({ request }) => {
      const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? ''
      seen.push(token)
      if (!valid.includes(token) || !isAlive(token))
        return HttpResponse.json({ message: 'Unauthorized' }, { status: 401 })
      return HttpResponse.json({ messages: [{ id: 'wamid.1' }] })
    }),
  )
  return { seen, keys }
}

function sender(api: Omit<AisensyDirectApi, 'type'>) {
  const transport = aisensyTransport({
    api: { type: 'direct', ...api },
    webhookSecret: 'a-shared-secret',
    fetch: intercepted,
  })
  return (chat = '919999900001', signal = new AbortController().signal): Promise<SendResult> =>
    transport.send({ id: 'r1', chat, message: { type: 'text', text: 'Hi' }, inReplyTo: [], attempt: 1 }, { signal })
}

describe('the token of the Direct API', () => {
  test('that was given is used as it is, and a rejected one is not sent again', async () => {
    const { seen } = directApi({ valid: [] })
    expect(await sender({ token: 'static' })()).toMatchObject({ status: 'failed', retryable: false })
    expect(seen).toEqual(['static'])
  })

  test('is made of the credentials where there is none', async () => {
    const { seen, keys } = directApi({ valid: [] })
    const send = sender({ credentials })
    expect((await send()).status).toBe('sent')
    expect((await send()).status).toBe('sent')
    expect(seen).toEqual(['jwt-1', 'jwt-1'])
    expect(keys).toEqual([
      `Bearer ${Buffer.from('ops@example.com:correct horse:655b1f0c9d3e4a0012ab34cd').toString('base64')}`,
    ])
  })

  test('is made anew when it is rejected: once for all calls in flight', async () => {
    const dead = new Set(['old'])
    const { seen, keys } = directApi({ valid: ['old'], isAlive: (token) => !dead.has(token) })
    const send = sender({ token: 'old', credentials })
    const results = await Promise.all(Array.from({ length: 20 }, (_, index) => send(`9199999000${index + 10}`)))
    expect(results.every(({ status }) => status === 'sent')).toBe(true)
    expect(keys).toHaveLength(1)
    expect(seen.filter((token) => token === 'jwt-1')).toHaveLength(20)

    dead.add('jwt-1')
    expect((await send()).status).toBe('sent')
    expect(keys).toHaveLength(2)
    expect(seen.at(-1)).toBe('jwt-2')
  })

  test('is asked of a function again only when it was rejected', async () => {
    const { seen } = directApi({ valid: ['b', 'c'] })
    const tokens = ['a', 'b']
    const send = sender({ token: async () => tokens.shift() ?? 'none' })
    expect((await send()).status).toBe('sent')
    expect((await send()).status).toBe('sent')
    expect(seen).toEqual(['a', 'b', 'b'])
  })

  test('that is rejected again is an answer, not a loop', async () => {
    const { seen, keys } = directApi({ valid: [], isAlive: () => false })
    expect(await sender({ credentials })()).toMatchObject({ status: 'failed', retryable: false })
    expect([seen.length, keys.length]).toEqual([2, 2])
  })

  test.each<[number, object, boolean]>([
    [401, { message: 'Invalid credentials' }, false],
    [200, { users: [] }, false],
    [503, {}, true],
    [429, {}, true],
  ])('that is not given, HTTP %i %j, means that nothing was sent', async (status, answer, retryable) => {
    server.use(http.post(`${base}/users/regenrate-token`, () => HttpResponse.json(answer, { status })))
    const result = await sender({ credentials })()
    expect(result).toMatchObject({ status: 'failed', retryable })
    expect(JSON.stringify(result)).not.toMatch(/correct horse|ops@/)
  })

  test('whose function fails means that nothing was sent, and may be asked again', async () => {
    const failing = () => Promise.reject(new Error('the vault is sealed: hunter2'))
    const result = await sender({ token: failing })()
    expect(result).toMatchObject({ status: 'failed', retryable: true })
    expect(JSON.stringify(result)).not.toContain('hunter2')
  })

  test('is not waited for once the send is aborted', async () => {
    const stop = new AbortController()
    const result = sender({ token: () => new Promise<string>(() => undefined) })(undefined, stop.signal)
    stop.abort()
    expect(await result).toMatchObject({ status: 'failed', retryable: true })
  })

  test('goes into another header at another address where that is wanted', async () => {
    const seen: (string | null)[] = []
    server.use(
      http.post('https://partner.example/direct/messages', ({ request }) => {
        seen.push(request.headers.get('x-partner-token'))
        return HttpResponse.json({ messages: [{ id: 'wamid.1' }] })
      }),
    )
    await sender({ token: 'jwt', authHeader: 'X-Partner-Token', baseUrl: 'https://partner.example/direct' })()
    expect(seen).toEqual(['Bearer jwt'])
  })
})
