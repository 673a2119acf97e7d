import { expect, test } from 'vitest'
import { checkCloud } from './check-cloud.ts'

const answers = { CLOUD_SERVER_URL: 'https://shop.example.com/', TENANT_ID: 'my/shop', API_KEY: 'wa_key-1234567890' }

test.each([
  [200, /knows you/],
  [401, /refuses this API key/],
  [403, /refuses this API key/],
  [404, /does not know this business/],
  [502, /problem now \(502\)/],
])('says what %d means', async (status, words) => {
  const asked: unknown[] = []
  const request = (async (...parameters: unknown[]) => {
    asked.push(parameters)
    return new Response(null, { status })
  }) as typeof fetch
  expect(await checkCloud(answers, request)).toMatch(words)
  expect(asked).toEqual([
    [
      'https://shop.example.com/api/desktop-agent/status/my%2Fshop',
      expect.objectContaining({ headers: { 'x-api-key': answers.API_KEY } }),
    ],
  ])
})

test('a server that is away is no reason to ask again', async () => {
  const request = (() => Promise.reject(new TypeError('fetch failed'))) as typeof fetch
  expect(await checkCloud(answers, request)).toContain('cannot be reached now')
})
