import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createIngest, silentLogger } from '@wa-agent/core'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { pubsubQueue } from './pubsub-queue.ts'

afterEach(() => vi.unstubAllEnvs())

const job = { id: 'acme/main/1', tenant: 'acme', channel: 'main', data: 'what a customer wrote' }
const names = { projectId: 'project', topic: 'messages', subscription: 'workers' }

test('a request to Google carries the token of the machine', async () => {
  await machineOfGoogles((path) => (path.includes('/token') ? { access_token: 'secret', expires_in: 3600 } : {}))
  const { asked, fetch } = answering(200, '{"messageIds":["1"]}')
  const queue = pubsubQueue({ ...names, apiEndpoint: 'us-east1-pubsub.googleapis.com', fetch })
  await queue.publish([job])
  await queue.publish([job])
  expect(asked.map(({ url }) => url)).toEqual(
    Array(2).fill('https://us-east1-pubsub.googleapis.com/v1/projects/project/topics/messages:publish'),
  )
  expect(asked[1]?.headers.get('authorization')).toBe('Bearer secret')
})

test('a machine that gives no token makes publishing wait no longer than it may', async () => {
  await machineOfGoogles(() => undefined)
  const { asked, fetch } = answering(200, '{}')
  const queue = pubsubQueue({ ...names, apiEndpoint: 'pubsub.googleapis.com', fetch, publishTimeoutMs: 300 })
  await expect(queue.publish([job])).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true })
  expect(asked).toEqual([])
})

test('a machine without credentials is not ready, and the log says why once', async () => {
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none')
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '')
  vi.stubEnv('HOME', '/nowhere')
  const { asked, fetch } = answering(200, '{}')
  const lines: unknown[] = []
  const logger = { ...silentLogger, warn: (fields: object, line: string) => void lines.push({ ...fields, line }) }
  const queue = pubsubQueue({ ...names, apiEndpoint: 'pubsub.googleapis.com', fetch, logger, publishTimeoutMs: 200 })
  const ingest = createIngest({ transports: [], queue })
  expect(await ingest.health()).toEqual({ queue: 'away' })
  expect(await ingest.health()).toEqual({ queue: 'away' })
  expect(lines).toEqual([
    { line: 'there are no credentials for Pub/Sub', error: expect.stringMatching(/^queue_unavailable: .*GOOGLE_/) },
  ])
  await expect(queue.publish([job])).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true })
  expect(asked).toEqual([])
})

test.each([
  [400, 'invalid_options', false],
  [401, 'queue_unavailable', true],
  [403, 'queue_unavailable', true],
  [404, 'queue_unavailable', true],
  [429, 'queue_unavailable', true],
  [500, 'queue_unavailable', true],
])('an answer of %i is %s, and says nothing of the message', async (status, code, retryable) => {
  const { fetch } = answering(status, `{"error":{"message":"refused: ${job.data}"}}`)
  const queue = pubsubQueue({ ...names, apiEndpoint: 'http://pubsub.example', fetch, publishTimeoutMs: 200 })
  const error = await queue.publish([job]).then(
    () => new Error('It published.'),
    (reason: Error) => reason,
  )
  expect(error).toMatchObject({ code, retryable })
  expect(`${error.message} ${error.cause}`).not.toContain(job.data)
})

test('the environment names the emulator, as for other clients of Google', async () => {
  vi.stubEnv('PUBSUB_EMULATOR_HOST', '127.0.0.1:1234')
  const { asked, fetch } = answering(200, '{}')
  await pubsubQueue({ ...names, fetch }).publish([job])
  await pubsubQueue({ ...names, fetch, apiEndpoint: 'http://elsewhere:1' }).publish([job])
  expect(asked.map(({ url }) => new URL(url).host)).toEqual(['127.0.0.1:1234', 'elsewhere:1'])
})

function answering(status: number, body: string) {
  const asked: Request[] = []
  return {
    asked,
    fetch: async (input: string | URL | Request, init?: RequestInit) => {
      asked.push(new Request(input, init))
      return new Response(body, { status })
    },
  }
}

/** What a machine of Google's asks for its credentials; where `answer` has none, it hangs. */
async function machineOfGoogles(answer: (path: string) => object | undefined): Promise<void> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? '')
    response.setHeader('metadata-flavor', 'Google').setHeader('content-type', 'application/json')
    if (body) response.end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${(server.address() as AddressInfo).port}`)
  vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present')
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '')
  vi.stubEnv('HOME', '/nowhere')
}
