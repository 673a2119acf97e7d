import { type Logger, type QueueJob, WaAgentError } from '@wa-agent/core'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { PubsubQueueOptions } from './options.ts'
import { pubsubQueue } from './pubsub-queue.ts'
import { until } from './testing-server/test-harness.ts'
import { freshOptions } from './testing-server/test-options.ts'
import { startPubsubServer } from './testing-server/test-pubsub-server.ts'
import { audience, keys, serviceAccount, tokenOf } from './testing-server/test-tokens.ts'

beforeAll(() => {
  // Google's client would look for a machine of Google's otherwise, and warn.
  process.env['METADATA_SERVER_DETECTION'] = 'none'
})

const away = () => new WaAgentError('storage_unavailable', 'The storage is away.', { retryable: true })
const jobOf = (id: string): QueueJob => ({ id, tenant: 'acme', channel: 'main', data: { id } })

async function open(options: Partial<PubsubQueueOptions> = {}) {
  const server = await startPubsubServer()
  const lines: string[] = []
  const keep = (_: object, line: string) => void lines.push(line)
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep }
  const all = freshOptions(server, {
    retry: { maxAttempts: 3, baseMs: 20, jitter: 0 },
    logger,
    ...options,
  })
  const queue = pubsubQueue(all)
  const name = all.subscription
  onTestFinished(async () => {
    await queue.close()
    await server[Symbol.asyncDispose]()
  })
  await queue.publish([])
  const feed = () => server.broker.subscription(`projects/project/subscriptions/${name}`)
  return { server, name, queue, lines, feed }
}

test('jobs that wait for the storage stay in hand, and the log says so once', async () => {
  const { queue, lines, feed } = await open()
  let calls = 0
  let isAway = true
  const attempts = new Set<number>()
  queue.consume(async (_, { attempt }) => {
    calls += 1
    attempts.add(attempt)
    if (isAway) throw away()
  })
  await queue.publish(Array.from({ length: 5 }, (_, index) => jobOf(`job-${index}`)))
  await until(() => calls > 50)
  // Pub/Sub makes a dead letter of what it has delivered too often.
  expect(feed().received).toBe(5)
  isAway = false
  await until(() => feed().size === 0)
  expect([...attempts]).toEqual([1])
  expect(lines).toEqual(['the storage is away: jobs wait until it is back', 'the storage is back: jobs are done again'])
})

test('a push is answered that it has to come again, and is no attempt', async () => {
  const push = { audience, serviceAccount, keys, endpoint: 'https://workers.example/push' }
  const { queue } = await open({ push })
  const attempts: number[] = []
  queue.consume(async (_, { attempt }) => {
    attempts.push(attempt)
    if (attempts.length <= 5) throw away()
  })
  const handler = queue.pushHandler()
  const data = Buffer.from(JSON.stringify(jobOf('one'))).toString('base64')
  const pushed = async (deliveryAttempt: number) => {
    const body = JSON.stringify({ message: { messageId: '1', data }, deliveryAttempt })
    const headers = { authorization: `Bearer ${tokenOf()}` }
    return (await handler(new Request(push.endpoint, { method: 'POST', body, headers }))).status
  }
  for (let delivery = 1; delivery <= 5; delivery += 1) expect(await pushed(delivery)).toBe(503)
  expect(await pushed(6)).toBe(204)
  expect(attempts).toEqual([1, 1, 1, 1, 1, 1])
})

test.each<[string, string]>([
  ['a trace of numbers', '{"id":"b","tenant":"t","channel":"c","data":1,"trace":{"traceparent":5}}'],
  ['a trace that is none', '{"id":"b","tenant":"t","channel":"c","data":1,"trace":"00"}'],
  ['a group that is no text', '{"id":"b","tenant":"t","channel":"c","data":1,"group":{}}'],
  ['a list', '[]'],
])('a message with %s is a dead letter, and the process goes on', async (_, text) => {
  const { server, name, queue } = await open({ retry: { maxAttempts: 1 } })
  const ids: string[] = []
  queue.consume(async ({ id }) => {
    ids.push(id)
    throw new TypeError('as ever')
  })
  const message = { data: Buffer.from(text), attributes: {}, orderingKey: '' }
  server.broker.publish(`projects/project/topics/${name}`, [message])
  await queue.publish([jobOf('one')])
  await until(async () => (await queue.deadLetters.list()).length === 2)
  const reasons = (await queue.deadLetters.list()).map(({ reason }) => reason)
  expect(reasons.sort()).toEqual(['TypeError', 'not a job of wa-agent'])
  expect(ids).toEqual(['one'])
})
