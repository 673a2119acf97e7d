import type { Logger, QueueJob } from '@wa-agent/core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { PubsubQueueOptions } from './options.ts'
import { type PubsubQueue, pubsubQueue } from './pubsub-queue.ts'
import { until } from './testing-server/test-harness.ts'
import { freshOptions } from './testing-server/test-options.ts'
import { type PubsubServer, startPubsubServer } from './testing-server/test-pubsub-server.ts'
import { audience, keys, serviceAccount, tokenOf } from './testing-server/test-tokens.ts'

let server: PubsubServer
beforeAll(async () => {
  server = await startPubsubServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const job: QueueJob = { id: 'acme/main/1', tenant: 'acme', channel: 'main', data: { text: 'hello' } }
const endpoint = 'https://workers.example/push'
const hourAgoS = () => Math.floor(Date.now() / 1000) - 3600

describe('the token', () => {
  test.each<[string, () => string | undefined, number]>([
    ['none', () => undefined, 401],
    ['another scheme', () => 'Basic dXNlcjpwYXNz', 401],
    ['no token at all', () => 'Bearer nonsense', 401],
    ['another audience', () => `Bearer ${tokenOf({ aud: 'https://other.example' })}`, 401],
    ['another issuer', () => `Bearer ${tokenOf({ iss: 'https://evil.example' })}`, 401],
    ['an expired one', () => `Bearer ${tokenOf({ iat: hourAgoS() - 3600, exp: hourAgoS() })}`, 401],
    ['one of the future', () => `Bearer ${tokenOf({ iat: hourAgoS() + 7200, exp: hourAgoS() + 9000 })}`, 401],
    ['one without an end', () => `Bearer ${tokenOf({ exp: undefined })}`, 401],
    ['an unknown key', () => `Bearer ${tokenOf({}, { kid: 'other' })}`, 401],
    ['a changed signature', () => `Bearer ${changed(tokenOf())}`, 401],
    ['no signature', () => `Bearer ${tokenOf({}, { alg: 'none' }).replace(/[^.]+$/, '')}`, 401],
    ['another service account', () => `Bearer ${tokenOf({ email: 'other@example.iam.gserviceaccount.com' })}`, 403],
    ['an e-mail that nobody has verified', () => `Bearer ${tokenOf({ email_verified: false })}`, 403],
    ['no e-mail', () => `Bearer ${tokenOf({ email: undefined })}`, 403],
  ])('%s is refused, and nothing of it is said or logged', async (_, authorization, status) => {
    const lines: string[] = []
    const { push, seen } = open({ logger: into(lines) })
    const given = authorization()
    const response = await push(envelope(job), given === undefined ? {} : { authorization: given })
    expect(response.status).toBe(status)
    expect(await response.text()).toBe('')
    expect(seen).toEqual([])
    expect(lines).toHaveLength(1)
    for (const part of (given ?? '').split('.').filter(({ length }) => length > 20))
      expect(lines.join()).not.toContain(part)
  })

  test('where the keys cannot be had, the push has to come again', async () => {
    const away = async () => {
      throw new Error('Google is away')
    }
    const { push } = open({ push: { audience, serviceAccount, keys: away } })
    expect((await push(envelope(job))).status).toBe(503)
  })

  test('may be for somebody else than the queue was told, where the handler is', async () => {
    const { queue } = open({ push: { audience: 'https://other.example', serviceAccount, keys } })
    const handler = queue.pushHandler({ audience, serviceAccount, keys })
    expect((await handler(requestOf(envelope(job)))).status).toBe(204)
  })
})

describe('the request', () => {
  test('is answered once the job is done', async () => {
    const gate = Promise.withResolvers<void>()
    const { push, seen } = open({}, () => gate.promise)
    let answered = false
    const pushed = push(envelope(job)).finally(() => {
      answered = true
    })
    await until(() => seen.length === 1)
    expect(answered).toBe(false)
    gate.resolve()
    expect((await pushed).status).toBe(204)
    expect(seen).toEqual([[job, 1]])
  })

  test('of a job that fails has to come again', async () => {
    const { push } = open({}, () => Promise.reject(new Error('no')))
    expect((await push(envelope(job))).status).toBe(503)
  })

  test.each<[string, string]>([
    ['no JSON', 'nonsense'],
    ['no object', '[]'],
    ['no message', '{"subscription":"s"}'],
    ['no id', '{"message":{"data":"e30="}}'],
    ['data that is no text', '{"message":{"messageId":"1","data":{}}}'],
    ['nothing', ''],
  ])('with %s is refused as no push', async (_, body) => {
    const { push } = open()
    expect((await push(body)).status).toBe(400)
  })

  test('that is larger than Pub/Sub sends is not read', async () => {
    const { push } = open()
    expect((await push(envelope(job), { 'content-length': '16000001' })).status).toBe(400)
  })

  test('by another method is refused', async () => {
    const { queue } = open()
    expect((await queue.pushHandler()(new Request('http://localhost/'))).status).toBe(405)
  })

  test('may lack attributes and name the id the old way', async () => {
    const { push, seen } = open()
    const data = Buffer.from(JSON.stringify(job)).toString('base64')
    expect((await push(JSON.stringify({ message: { message_id: '7', data } }))).status).toBe(204)
    expect(seen).toHaveLength(1)
  })

  test('without data becomes a dead letter, like all that is no job', async () => {
    const { push, queue } = open()
    expect((await push(JSON.stringify({ message: { messageId: '8', attributes: { tenant: 'acme' } } }))).status).toBe(
      204,
    )
    expect(await queue.deadLetters.list()).toMatchObject([{ job: { tenant: 'acme' }, reason: 'not a job of wa-agent' }])
  })
})

describe('what the queue does with it', () => {
  test('nobody who consumes: it has to come again', async () => {
    const queue = made()
    expect((await queue.pushHandler()(requestOf(envelope(job)))).status).toBe(503)
  })

  test('more than can be handled or wait are told to come later, and that is no attempt', async () => {
    const gate = Promise.withResolvers<void>()
    const { push, seen } = open({}, () => gate.promise, 1)
    const handled = push(envelope(job, '1'))
    await until(() => seen.length === 1)
    const waits = push(envelope(job, '2'))
    const refused = await push(envelope(job, '3', 1))
    expect(refused.status).toBe(429)
    gate.resolve()
    expect([(await handled).status, (await waits).status]).toEqual([204, 204])
    // Pub/Sub counts it as the second delivery.
    expect((await push(envelope(job, '3', 2))).status).toBe(204)
    expect(seen.map(([, attempt]) => attempt)).toEqual([1, 1, 1])
  })

  test('one that waits for a free handler for too long has to come again', async () => {
    const gate = Promise.withResolvers<void>()
    const { push, seen } = open({ clock: hurried(100) }, () => gate.promise, 1)
    const handled = push(envelope(job, '1'))
    await until(() => seen.length === 1)
    expect((await push(envelope(job, '2'))).status).toBe(503)
    gate.resolve()
    await handled
    expect(seen).toHaveLength(1)
  })

  test('one whose caller has gone is not begun', async () => {
    const gate = Promise.withResolvers<void>()
    const { queue, push, seen } = open({}, () => gate.promise, 1)
    const handled = push(envelope(job, '1'))
    await until(() => seen.length === 1)
    const caller = new AbortController()
    const waiting = queue.pushHandler()(requestOf(envelope(job, '2'), {}, caller.signal))
    await until(() => seen.length === 1)
    caller.abort()
    expect((await waiting).status).toBe(503)
    gate.resolve()
    await handled
    expect(seen).toHaveLength(1)
  })

  test('Pub/Sub counts the attempts, so that it does not matter which process is asked', async () => {
    const { push, seen, queue } = open({}, () => Promise.reject(new Error('no')))
    expect((await push(envelope(job, '1', 2))).status).toBe(503)
    expect((await push(envelope(job, '2', 3))).status).toBe(204)
    expect(seen.map(([, attempt]) => attempt)).toEqual([2, 3])
    expect(await queue.deadLetters.list()).toMatchObject([{ job, attempts: 3, reason: 'Error' }])
  })

  test('paused, Pub/Sub pushes nothing, and what it pushes yet has to come again', async () => {
    const { queue, push, feed } = open({ push: { audience, serviceAccount, keys, endpoint } })
    expect((await push(envelope(job))).status).toBe(204)
    expect(feed().config.pushConfig).toEqual({
      pushEndpoint: endpoint,
      oidcToken: { serviceAccountEmail: serviceAccount, audience },
    })
    await queue.pause()
    expect(feed().config.pushConfig).toEqual({})
    expect((await push(envelope(job, '2'))).status).toBe(503)
    await queue.resume()
    expect(feed().config.pushConfig).toMatchObject({ pushEndpoint: endpoint })
    expect((await push(envelope(job, '2'))).status).toBe(204)
  })

  test('closed, it refuses', async () => {
    const { queue, push } = open()
    expect((await push(envelope(job))).status).toBe(204)
    await queue.close()
    expect((await push(envelope(job, '2'))).status).toBe(503)
  })
})

function made(options: Partial<PubsubQueueOptions> = {}): PubsubQueue {
  const all = freshOptions(server, {
    push: { audience, serviceAccount, keys, endpoint },
    ...options,
    ...(options.push ? { push: { endpoint, ...options.push } } : {}),
  })
  const queue = pubsubQueue(all)
  onTestFinished(() => queue.close())
  names.set(queue, all.subscription)
  return queue
}

const names = new WeakMap<PubsubQueue, string>()

/** A queue with a consumer that writes down what it gets, and a way to push to it. */
function open(options: Partial<PubsubQueueOptions> = {}, handle = () => Promise.resolve(), concurrency = 10) {
  const queue = made(options)
  const seen: [QueueJob, number][] = []
  queue.consume(
    (one, { attempt }) => {
      seen.push([one, attempt])
      return handle()
    },
    { concurrency },
  )
  const handler = queue.pushHandler()
  return {
    queue,
    seen,
    feed: () => server.broker.subscription(`projects/project/subscriptions/${names.get(queue)}`),
    push: (body: string, headers: Readonly<Record<string, string>> = { authorization: `Bearer ${tokenOf()}` }) =>
      handler(
        requestOf(body, 'content-length' in headers ? { authorization: `Bearer ${tokenOf()}`, ...headers } : headers),
      ),
  }
}

function envelope(of: QueueJob, messageId = '1', deliveryAttempt?: number): string {
  const data = Buffer.from(JSON.stringify(of)).toString('base64')
  return JSON.stringify({ message: { messageId, data, attributes: {} }, subscription: 's', deliveryAttempt })
}

function requestOf(
  body: string,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${tokenOf()}` },
  signal?: AbortSignal,
): Request {
  const authorization = { authorization: `Bearer ${tokenOf()}` }
  return new Request(endpoint, {
    method: 'POST',
    body,
    headers: signal ? authorization : headers,
    ...(signal ? { signal } : {}),
  })
}

function changed(token: string): string {
  return token.replace(/.{4}$/, (end) => (end === 'AAAA' ? 'BBBB' : 'AAAA'))
}

/** Real time in which everything that waits waits for less. */
function hurried(times: number): NonNullable<PubsubQueueOptions['clock']> {
  return {
    now: () => Date.now(),
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs / times)
      return () => clearTimeout(timer)
    },
  }
}

function into(lines: string[]): Logger {
  const keep = (fields: object, line: string) => void lines.push(JSON.stringify(fields) + line)
  return { debug: keep, info: keep, warn: keep, error: keep }
}
