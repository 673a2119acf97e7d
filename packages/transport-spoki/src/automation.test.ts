import { describe, expect, test } from 'vitest'
import { startSpokiAutomation } from './automation.ts'

const automation = '5f1c2a9e-3b7d-4c11-9e0a-2b6d1f7c8a01'

async function start(
  answer: () => Response | Promise<Response>,
  options: { automation?: string; secret?: string } = {},
) {
  const requests: Request[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    requests.push(new Request(input, init))
    return answer()
  }
  const result = await startSpokiAutomation(
    { phone: '15550001001', firstName: 'Ana', customFields: { FLIGHT: 'AZ 610' }, metadata: { flight: 1 } },
    { automation, secret: 'trigger-secret', fetch, ...options },
    { signal: new AbortController().signal },
  )
  return { result, request: requests[0] }
}

describe('an automation', () => {
  test('is started with its own secret in the body, and without the API key', async () => {
    const { result, request } = await start(() => new Response(null, { status: 200 }))
    expect(result).toEqual({ status: 'sent' })
    expect(request?.url).toBe(`https://api.spoki.com/wh/ap/${automation}/`)
    expect(request?.headers.has('x-spoki-api-key')).toBe(false)
    expect(await request?.json()).toEqual({
      secret: 'trigger-secret',
      phone: '+15550001001',
      first_name: 'Ana',
      custom_fields: { FLIGHT: 'AZ 610' },
      metadata: { flight: 1 },
    })
  })

  test('is not started, or perhaps, where the answer says so', async () => {
    const resultOf = async (status: number, headers = {}) =>
      (await start(() => new Response(null, { status, headers }))).result
    expect(await resultOf(403)).toEqual({ status: 'failed', retryable: false, reason: 'HTTP 403' })
    expect(await resultOf(503)).toEqual({ status: 'failed', retryable: true, reason: 'HTTP 503' })
    expect(await resultOf(429, { 'retry-after': '3' })).toMatchObject({ retryable: true, retryAfterMs: 3000 })
    expect(await resultOf(504)).toEqual({ status: 'uncertain', reason: 'HTTP 504' })
    expect((await start(() => Promise.reject(new TypeError('cut')))).result).toMatchObject({ status: 'uncertain' })
  })

  test('has a UUID and a secret', async () => {
    const answer = () => new Response(null)
    await expect(start(answer, { automation: '../messages/send' })).rejects.toMatchObject({ code: 'invalid_options' })
    await expect(start(answer, { secret: '' })).rejects.toMatchObject({ code: 'invalid_options' })
  })
})
