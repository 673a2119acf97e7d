import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { JobHandler, Logger, QueueJob } from '@wa-agent/core'
import { pubsubForTests } from '@wa-agent/testing/servers'
import { afterAll, beforeAll, describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import type { PubsubQueueOptions } from './options.ts'
import { type PubsubQueue, pubsubQueue } from './pubsub-queue.ts'
import { until } from './testing-server/test-harness.ts'
import { startPubsubServer } from './testing-server/test-pubsub-server.ts'

/** A deadline takes ten seconds, and the emulator takes its time. */
const timeout = 90_000
const emulator = await pubsubForTests()
const server = await startPubsubServer()
beforeAll(() => {
  process.env['METADATA_SERVER_DETECTION'] = 'none'
})
afterAll(async () => {
  await emulator?.[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const own = { projectId: 'project', apiEndpoint: server.endpoint }
const google = { projectId: emulator?.projectId ?? '', emulatorHost: emulator?.host ?? '' }

describe.for([
  ['the server of the tests', own, false],
  ["Google's emulator", google, !emulator],
] as const)('groups on %s', ([, where, skipped]) => {
  // Tests that run at the same time have to say whose queue it is.
  const open = async (context: Pick<TestContext, 'onTestFinished'>, options: Partial<PubsubQueueOptions> = {}) => {
    const name = `queue-${randomUUID()}`
    const make = () => made({ ...where, topic: name, subscription: name, ...options }, context)
    const queue = make()
    await queue.publish([])
    return { queue, make, name }
  }

  // The emulator goes on for up to a minute to deliver to a consumer that has stopped.
  describe.skipIf(skipped).concurrent('keep their order', { timeout, retry: where === google ? 2 : 0 }, () => {
    test('with ten at once in two processes, where jobs fail now and then', async (context) => {
      const { queue, make } = await open(context, { retry: { maxAttempts: 20, baseMs: 20, jitter: 0 } })
      const watch = watched()
      let begun = 0
      const handler: JobHandler = (job) =>
        watch.handle(job, () => {
          begun += 1
          if (begun % 7 === 0) throw new Error('now and then')
        })
      for (const each of [queue, make()]) each.consume(handler, { concurrency: 10 })
      for (let number = 0; number < 25; number += 1)
        await queue.publish(['a', 'b', 'c', 'd'].map((group) => inGroup(group, number)))
      await until(() => watch.ended === 100)
      for (const group of ['a', 'b', 'c', 'd']) expect(watch.of(group)).toEqual(upTo(25))
      expect(watch.most).toBe(1)
    })

    test('published all at once, and behind a job that waits for its next attempt', async (context) => {
      const { queue } = await open(context, { retry: { maxAttempts: 3, baseMs: 300, jitter: 0 } })
      const watch = watched()
      const attempts: number[] = []
      queue.consume((job, { attempt }) =>
        watch.handle(job, () => {
          if (job.id !== 'a-2') return
          attempts.push(attempt)
          if (attempt < 3) throw new Error('not yet')
        }),
      )
      // More than are handled at once: the other group comes all the same.
      await queue.publish([...upTo(40).map((number) => inGroup('a', number)), inGroup('b', 0)])
      await until(() => watch.of('b').length === 1)
      expect(watch.of('a').length).toBeLessThan(3)
      await until(() => watch.ended === 41)
      expect(watch.of('a')).toEqual(upTo(40))
      expect(attempts).toEqual([1, 2, 3])
    })

    test('behind a dead letter, which comes last when it is retried', async (context) => {
      const { queue } = await open(context)
      const watch = watched()
      let mended = false
      queue.consume((job) =>
        watch.handle(job, () => {
          if (job.id === 'a-1' && !mended) throw new Error('no')
        }),
      )
      await queue.publish(upTo(5).map((number) => inGroup('a', number)))
      await until(() => watch.ended === 4)
      expect(watch.of('a')).toEqual([0, 2, 3, 4])
      mended = true
      await until(async () => (await queue.deadLetters.list()).length === 1)
      const [dead] = await queue.deadLetters.list()
      expect(dead?.job).toEqual(inGroup('a', 1))
      await queue.deadLetters.retry(dead?.id ?? '')
      await until(() => watch.ended === 5)
      await queue.publish([inGroup('a', 5)])
      await until(() => watch.ended === 6)
      expect(watch.of('a')).toEqual([0, 2, 3, 4, 1, 5])
    })

    test('when a consumer stops with one at work: what follows comes after that one, in order', async (context) => {
      const { queue, make } = await open(context)
      const other = make()
      const watch = watched()
      const gate = Promise.withResolvers<void>()
      const consumer = queue.consume((job) => watch.handle(job, () => gate.promise))
      await queue.publish(upTo(10).map((number) => inGroup('a', number)))
      await until(() => watch.now === 1)
      other.consume((job) => watch.handle(job, () => undefined))
      const stopping = consumer.stop()
      gate.resolve()
      await stopping
      await until(() => watch.of('a').length >= 10)
      expect(watch.of('a')).toEqual(upTo(10))
      expect(watch.most).toBe(1)
    })

    test('when it is paused and resumed behind a job that fails', async (context) => {
      const { queue } = await open(context)
      const watch = watched()
      let failed = 0
      queue.consume((job) =>
        watch.handle(job, () => {
          if (job.id === 'a-0' && failed++ === 0) throw new Error('not yet')
        }),
      )
      await queue.publish(upTo(5).map((number) => inGroup('a', number)))
      await until(() => failed > 0)
      await queue.pause()
      await queue.resume()
      await until(() => watch.of('a').length >= 5)
      expect(watch.of('a')).toEqual(upTo(5))
    })
  })
})

describe('a group', { timeout }, () => {
  const open = async (options: Partial<PubsubQueueOptions> = {}) => {
    const name = `queue-${randomUUID()}`
    const queue = made({ ...own, topic: name, subscription: name, ...options })
    await queue.publish([])
    return { queue, name, feed: server.broker.subscription(`projects/project/subscriptions/${name}`) }
  }

  test('comes in order from a process that was killed with one at work and others in hand', async () => {
    const { queue, name, feed } = await open()
    const child = startChild(name)
    const held: string[] = []
    child.on('message', ({ id }: { id: string }) => held.push(id))
    await queue.publish(upTo(6).map((number) => inGroup('a', number)))
    await until(() => held.length === 1 && feed.received === 6)
    const watch = watched()
    queue.consume((job) => watch.handle(job, () => undefined))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await until(() => feed.size === 0)
    expect(held).toEqual(['a-0'])
    expect(watch.of('a')).toEqual(upTo(6))
  })

  test('whose deadlines pass while its first job is handled is still handled in order', async () => {
    const { queue, feed } = await open()
    const watch = watched()
    const gate = Promise.withResolvers<void>()
    queue.consume((job) => watch.handle(job, () => gate.promise))
    await queue.publish(upTo(4).map((number) => inGroup('a', number)))
    await until(() => watch.now === 1 && feed.received === 4)
    feed.expire()
    await until(() => feed.received === 8)
    gate.resolve()
    await until(() => feed.size === 0)
    expect(watch.of('a')).toEqual(upTo(4))
    expect(watch.most).toBe(1)
  })

  test('is published in one request after the other, and no other waits for that', async () => {
    const { queue, feed } = await open({ publishTimeoutMs: 2000 })
    let troubles = 1
    server.refuse = (asked) => (asked === 'POST publish' && troubles-- > 0 ? 503 : undefined)
    onTestFinished(() => {
      server.refuse = () => undefined
    })
    await Promise.all(upTo(20).map((number) => queue.publish([inGroup('a', number), inGroup('b', number)])))
    const keys = new Map<string, number[]>()
    for (const { message } of feed.take(100)) {
      const { number } = JSON.parse(message.data.toString()).data
      keys.set(message.orderingKey, [...(keys.get(message.orderingKey) ?? []), number])
    }
    expect([...keys.values()]).toEqual([upTo(20), upTo(20)])
  })

  test('of a call that is refused has none in behind the refused one', async () => {
    const { queue, feed } = await open({ publishTimeoutMs: 200 })
    let refused = 0
    server.refuse = (asked) => {
      if (asked !== 'POST publish') return undefined
      refused += 1
      return refused === 1 ? 404 : undefined
    }
    onTestFinished(() => {
      server.refuse = () => undefined
    })
    const jobs = upTo(1500).map((number) => inGroup('a', number))
    await expect(queue.publish(jobs)).rejects.toMatchObject({ code: 'queue_unavailable' })
    expect(feed.size).toBe(0)
  })

  test.each([
    ['publishes', async (queue: PubsubQueue) => queue.publish([inGroup('a', 0)])],
    ['consumes', async (queue: PubsubQueue) => void queue.consume(async () => undefined)],
  ])('on a subscription without message ordering is warned of, once, to who %s', async (_, use) => {
    const name = `queue-${randomUUID()}`
    const topic = `projects/project/topics/${name}`
    server.broker.createTopic(topic)
    server.broker.createSubscription(`projects/project/subscriptions/${name}`, { topic })
    const warnings: string[] = []
    const queue = made({ ...own, topic: name, subscription: name, logger: into(warnings) })
    await use(queue)
    await use(queue)
    await until(() => warnings.length >= 3)
    expect(warnings.filter((line) => line.includes('message ordering'))).toHaveLength(1)
  })
})

/** Writes down what ended, by group, and how many of one group were at work at once. */
function watched() {
  const seen = new Map<string, number[]>()
  const busy = new Map<string, number>()
  const state = { most: 0, now: 0, ended: 0 }
  return {
    of: (group: string) => seen.get(group) ?? [],
    get most() {
      return state.most
    },
    get now() {
      return state.now
    },
    get ended() {
      return state.ended
    },
    async handle({ data }: QueueJob, work: () => Promise<void> | undefined | void): Promise<void> {
      const { group, number } = data as { group: string; number: number }
      const atWork = (busy.get(group) ?? 0) + 1
      busy.set(group, atWork)
      state.now += 1
      state.most = Math.max(state.most, atWork)
      try {
        // Others have their turn.
        await new Promise((resolve) => setImmediate(resolve))
        await work()
        // Pub/Sub may hand over again what is done; that changes nothing.
        if (seen.get(group)?.includes(number)) return
        seen.set(group, [...(seen.get(group) ?? []), number])
        state.ended += 1
      } finally {
        state.now -= 1
        busy.set(group, (busy.get(group) ?? 1) - 1)
      }
    },
  }
}

type Given = Partial<PubsubQueueOptions> & Pick<PubsubQueueOptions, 'projectId' | 'topic' | 'subscription'>

function made(options: Given, context: Pick<TestContext, 'onTestFinished'> = { onTestFinished }) {
  const queue = pubsubQueue({ create: true, pollMs: 50, retry: { maxAttempts: 3, baseMs: 50, jitter: 0 }, ...options })
  context.onTestFinished(() => queue.close())
  return queue
}

function startChild(name: string): ChildProcess {
  const program = fileURLToPath(new URL('./testing-server/worker.child.ts', import.meta.url))
  const child = fork(program, [server.endpoint, name, 'hold'], { execArgv: ['--conditions=@wa-agent/source'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

function inGroup(group: string, number: number): QueueJob {
  return { id: `${group}-${number}`, tenant: 'acme', channel: 'main', group, data: { group, number } }
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

function into(lines: string[]): Logger {
  const keep = (_: object, line: string) => void lines.push(line)
  return { debug: () => undefined, info: () => undefined, warn: keep, error: keep }
}
