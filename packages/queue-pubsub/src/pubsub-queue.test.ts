import { randomUUID } from 'node:crypto'
import type { Logger, QueueJob } from '@wa-agent/core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { PubsubQueueOptions } from './options.ts'
import { type PubsubQueue, pubsubQueue } from './pubsub-queue.ts'
import { until } from './testing-server/test-harness.ts'
import { freshOptions } from './testing-server/test-options.ts'
import { type PubsubServer, startPubsubServer } from './testing-server/test-pubsub-server.ts'
import { audience, serviceAccount } from './testing-server/test-tokens.ts'

let server: PubsubServer
beforeAll(async () => {
  process.env['METADATA_SERVER_DETECTION'] = 'none'
  server = await startPubsubServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const job: QueueJob = { id: 'acme/main/1', tenant: 'acme', channel: 'main', data: { type: 'bell' } }
const right = { projectId: 'project', topic: 'messages', subscription: 'workers' }

describe('options', () => {
  test.each<[string, object, RegExp]>([
    ['no project', { projectId: '' }, /`projectId`/],
    ['a topic of two letters', { topic: 'ab' }, /`topic`/],
    ['a full name', { subscription: 'projects/p/subscriptions/s' }, /`subscription`/],
    ['a misspelt option', { pollMS: 1 }, /`pollMs`/],
    ['no attempts', { retry: { maxAttempts: 0 } }, /`retry.maxAttempts`/],
    ['a longer pause than Pub/Sub makes', { retry: { maxMs: 600_001 } }, /`retry.maxMs`/],
    ['a push that believes everybody', { push: { audience, serviceAccount: '' } }, /`push.serviceAccount`/],
    ['a push that is made to no endpoint', { push: { audience, serviceAccount }, create: true }, /`push.endpoint`/],
    ['two addresses', { apiEndpoint: 'a', emulatorHost: 'b' }, /got both/],
    ['a poll without pause', { pollMs: 0 }, /`pollMs`/],
  ])('%s is refused', (_, wrong, why) => {
    const make = () => pubsubQueue({ ...right, ...wrong } as PubsubQueueOptions)
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options', message: expect.stringMatching(why) }))
  })

  test('a concurrency of none is refused', () => {
    expect(() => pubsubQueue(right).consume(async () => undefined, { concurrency: 0 })).toThrow(/concurrency/)
  })

  test('a push handler without anybody to believe is refused', () => {
    expect(() => pubsubQueue(right).pushHandler()).toThrow(/audience/)
  })
})

describe('publishing', () => {
  test('many jobs at once take as few requests as Pub/Sub allows', async () => {
    const { queue, feed } = await openQueue()
    const asked = counted('POST publish')
    await queue.publish(Array.from({ length: 2500 }, (_, index) => ({ ...job, id: `job-${index}` })))
    expect(feed().size).toBe(2500)
    expect(asked()).toBe(3)
  })

  test('those who publish at the same time share requests', async () => {
    const { queue, feed } = await openQueue()
    const asked = counted('POST publish')
    await Promise.all(Array.from({ length: 200 }, () => queue.publish([job])))
    expect(feed().size).toBe(200)
    expect(asked()).toBeLessThan(20)
  })

  test('a job that Pub/Sub cannot carry is refused before anything is published', async () => {
    const { queue, feed } = await openQueue()
    const large = { ...job, data: 'x'.repeat(7_000_001) }
    await expect(queue.publish([job, large])).rejects.toMatchObject({ code: 'invalid_options' })
    expect(feed().size).toBe(0)
  })

  test('a moment of trouble is not noticed', async () => {
    const { queue, feed } = await openQueue()
    let troubles = 2
    answering((asked) => (asked === 'POST publish' && troubles-- > 0 ? 503 : undefined))
    await queue.publish([job])
    expect(feed().size).toBe(1)
  })

  test('trouble that lasts is told in time, as one that may pass', async () => {
    const { queue } = await openQueue({ publishTimeoutMs: 300 })
    answering((asked) => (asked === 'POST publish' ? 503 : undefined))
    const beganMs = Date.now()
    await expect(queue.publish([job])).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true })
    expect(Date.now() - beganMs).toBeLessThan(2000)
  })

  test('a topic that does not exist is told at once, with what to do', async () => {
    const queue = made({ create: false })
    const refused = { code: 'queue_unavailable', retryable: true, message: expect.stringContaining('create: true') }
    await expect(queue.publish([job])).rejects.toMatchObject(refused)
  })

  test('the tenant and the channel are attributes; they and the group are the ordering key, which tells neither', async () => {
    const { queue, feed } = await openQueue()
    const group = '4917012345678'.repeat(100)
    await queue.publish([job])
    for (const changes of [{}, {}, { tenant: 'other' }, { channel: 'other' }, { group: 'other' }])
      await queue.publish([{ ...job, group, ...changes }])
    const [first, ...others] = feed().take(10)
    expect(first?.message).toMatchObject({ attributes: { tenant: 'acme', channel: 'main' }, orderingKey: '' })
    const keys = others.map(({ message }) => message.orderingKey)
    expect(keys).toHaveLength(5)
    expect(new Set(keys).size).toBe(4)
    for (const key of keys) expect(key).toMatch(/^[\w-]{43}$/)
  })
})

describe('what it makes', () => {
  test('keeps the settings that the queue needs', async () => {
    const { feed, name } = await openQueue()
    expect(feed().config).toEqual({
      topic: `projects/project/topics/${name}`,
      ackDeadlineSeconds: 10,
      messageRetentionDuration: '2678400s',
      expirationPolicy: {},
      enableMessageOrdering: true,
      retryPolicy: { minimumBackoff: '0.050s', maximumBackoff: '600.000s' },
      deadLetterPolicy: { deadLetterTopic: `projects/project/topics/${name}-dead`, maxDeliveryAttempts: 100 },
    })
  })

  test('is made once, however many begin at the same time', async () => {
    const { name } = await openQueue()
    const others = [1, 2, 3].map(() => made({ topic: name, subscription: name }))
    await Promise.all(others.map((other) => other.publish([job])))
    expect(server.broker.subscription(`projects/project/subscriptions/${name}`).size).toBe(3)
  })

  test('what stands is left as it is', async () => {
    const name = `queue-${randomUUID()}`
    server.broker.createTopic(`projects/project/topics/${name}`)
    const own = { topic: `projects/project/topics/${name}`, ackDeadlineSeconds: 42, labels: { team: 'sales' } }
    const feed = server.broker.createSubscription(`projects/project/subscriptions/${name}`, own)
    const queue = made({ topic: name, subscription: name })
    await queue.publish([job])
    expect(feed.config).toEqual(own)
    await queue.pause()
    expect(feed.config.labels).toEqual({ team: 'sales', 'wa-agent-paused': 'true' })
    await queue.resume()
    expect(feed.config.labels).toEqual({ team: 'sales' })
  })
})

describe('what can go wrong with jobs', () => {
  test('what somebody else published becomes a dead letter', async () => {
    const { queue, name } = await openQueue()
    queue.consume(async () => undefined)
    const foreign = { data: Buffer.from('hello'), attributes: { tenant: 'acme' }, orderingKey: '' }
    server.broker.publish(`projects/project/topics/${name}`, [foreign])
    await until(async () => (await queue.deadLetters.list()).length === 1)
    const [dead] = await queue.deadLetters.list({ tenant: 'acme' })
    expect(dead).toMatchObject({ job: { tenant: 'acme', data: 'hello' }, reason: 'not a job of wa-agent' })
  })

  test('a job whose process dies each time is given up by Pub/Sub itself, and can be retried', async () => {
    const { queue, feed, name } = await openQueue()
    feed().configure({
      deadLetterPolicy: { deadLetterTopic: `projects/project/topics/${name}-dead`, maxDeliveryAttempts: 5 },
    })
    await queue.publish([job])
    for (let dead = 0; dead < 5; dead += 1) {
      await until(() => feed().take(1).length === 1)
      feed().expire()
    }
    const [dead] = await queue.deadLetters.list()
    expect(dead).toMatchObject({ job, attempts: 5, reason: expect.stringContaining('no process') })
    const seen: number[] = []
    queue.consume(async (_, { attempt }) => void seen.push(attempt))
    await queue.deadLetters.retry(dead?.id ?? '')
    await until(() => seen.length === 1)
    expect(seen).toEqual([1])
  })

  test('a job that cannot be made a dead letter comes back', async () => {
    const errors: string[] = []
    const { queue, feed } = await openQueue({ logger: into(errors) })
    await queue.publish([job])
    answering((asked) => (asked === 'POST publish' ? 403 : undefined))
    let attempts = 0
    queue.consume(async () => {
      attempts += 1
      throw new Error('no')
    })
    await until(() => attempts > 4)
    expect(feed().size).toBe(1)
    expect(errors).toContain('no dead letter could be made')
    server.refuse = () => undefined
    await until(async () => (await queue.deadLetters.list()).length === 1)
    expect(feed().size).toBe(0)
  })

  test('who may not look at the topic sees that Pub/Sub is there, and who finds none that it is not', async () => {
    const { queue } = await openQueue()
    answering((asked) => (asked === 'GET ' ? 403 : undefined))
    expect(await queue.stats()).toEqual({ working: 0 })
    answering((asked) => (asked === 'GET ' ? 404 : undefined))
    await expect(queue.stats()).rejects.toMatchObject({ code: 'queue_unavailable' })
    server.refuse = () => undefined
  })

  test('a failure is told without what a job and its id hold', async () => {
    const lines: string[] = []
    const keep = (fields: object, line: string) => void lines.push(`${line} ${JSON.stringify(fields)}`)
    const { queue } = await openQueue({ logger: { debug: keep, info: keep, warn: keep, error: keep } })
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    const id = 'acme/main/false_919998887777@c.us_3EB0'
    await queue.publish([{ ...job, id, trace, data: 'What a customer wrote' }])
    queue.consume(async () => {
      throw new Error('What a customer wrote')
    })
    await until(() => lines.some((line) => line.startsWith('a job failed for good')))
    expect(lines.filter((line) => line.startsWith('a job failed and comes back'))).toHaveLength(2)
    expect(lines.at(-1)).toContain('"traceId":"0af7651916cd43dd8448eb211c80319c"')
    expect(lines.join()).not.toMatch(/919998887777|customer/)
  })

  test('without the role to see whether it is paused, it works', async () => {
    const warnings: string[] = []
    const { queue } = await openQueue({ logger: into(warnings) })
    answering((asked) => (asked === 'GET ' ? 403 : undefined))
    const seen: string[] = []
    queue.consume(async ({ id }) => void seen.push(id))
    await queue.publish([job])
    await until(() => seen.length === 1)
    expect(warnings).toEqual(['whether the queue is paused cannot be seen'])
  })

  test('while it is not known whether it is paused, nobody works', async () => {
    const { queue } = await openQueue()
    await queue.pause()
    answering((asked) => (asked === 'GET ' ? 503 : undefined))
    const { topic, subscription } = optionsOf.get(queue) ?? right
    const other = made({ topic, subscription })
    const seen: string[] = []
    other.consume(async ({ id }) => void seen.push(id))
    const asked = counted('GET ', 503)
    await queue.publish([job])
    await until(() => asked() > 2)
    expect(seen).toEqual([])
    server.refuse = () => undefined
    await queue.resume()
    await until(() => seen.length === 1)
  })
})

const optionsOf = new WeakMap<PubsubQueue, PubsubQueueOptions>()

function made(options: Partial<PubsubQueueOptions> = {}): PubsubQueue {
  const all = freshOptions(server, options)
  const queue = pubsubQueue(all)
  optionsOf.set(queue, all)
  onTestFinished(() => queue.close())
  return queue
}

async function openQueue(options: Partial<PubsubQueueOptions> = {}) {
  const queue = made(options)
  await queue.publish([])
  const name = optionsOf.get(queue)?.topic ?? ''
  return { queue, name, feed: () => server.broker.subscription(`projects/project/subscriptions/${name}`) }
}

function answering(refuse: PubsubServer['refuse']): void {
  server.refuse = refuse
  onTestFinished(() => {
    server.refuse = () => undefined
  })
}

function counted(what: string, status?: number): () => number {
  let count = 0
  answering((asked) => {
    if (asked !== what) return undefined
    count += 1
    return status
  })
  return () => count
}

function into(lines: string[]): Logger {
  const keep = (_: object, line: string) => void lines.push(line)
  return { debug: () => undefined, info: () => undefined, warn: keep, error: keep }
}
