import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { QueueJob } from '@wa-agent/core'
import { startPubsub } from '@wa-agent/testing/servers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { PubsubQueueOptions } from './options.ts'
import { type PubsubQueue, pubsubQueue } from './pubsub-queue.ts'
import { until } from './testing-server/test-harness.ts'
import { freshOptions } from './testing-server/test-options.ts'
import { type PubsubServer, startPubsubServer } from './testing-server/test-pubsub-server.ts'

const timeout = 60_000
const ids = (count: number) => Array.from({ length: count }, (_, index) => `job-${index}`)

beforeAll(() => {
  process.env['METADATA_SERVER_DETECTION'] = 'none'
})

describe('a server that stops', { timeout }, () => {
  test('and comes back: consumers go on, and nothing is lost', async () => {
    const server = await ownServer()
    const { queue, feed } = await open(server)
    const seen = new Set<string>()
    queue.consume(async ({ id }) => void seen.add(id))
    await queue.publish(ids(20).slice(0, 10).map(jobOf))
    await until(() => seen.size === 10)
    await server.stop()
    const publishing = queue.publish(ids(20).slice(10).map(jobOf))
    await server.start()
    await publishing
    await until(() => seen.size === 20)
    await until(() => feed().size === 0)
  })

  test('in the middle of work: what was not acknowledged comes again, and nothing is lost', async () => {
    const server = await ownServer()
    const { queue, feed } = await open(server)
    const gate = Promise.withResolvers<void>()
    const seen = new Set<string>()
    queue.consume(async ({ id }) => {
      seen.add(id)
      await gate.promise
    })
    await queue.publish(ids(5).map(jobOf))
    await until(() => seen.size === 5)
    await server.stop()
    gate.resolve()
    await server.start()
    await until(() => feed().size === 0)
    expect(seen.size).toBe(5)
  })

  test('and does not come back: publishing is refused in time, as something to try again', async () => {
    const server = await ownServer()
    const { queue } = await open(server, { publishTimeoutMs: 400 })
    await server.stop()
    const beganMs = Date.now()
    await expect(queue.publish([jobOf('one')])).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true })
    expect(Date.now() - beganMs).toBeLessThan(3000)
    await expect(queue.pause()).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true })
    await expect(queue.deadLetters.list()).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true })
    await expect(queue.stats()).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true })
  })

  test('while a consumer drains: it does not wait for ever', async () => {
    const server = await ownServer()
    // Ten times as fast: it waits for ten seconds.
    const { queue } = await open(server, { clock: hurried(10) })
    const gate = Promise.withResolvers<void>()
    let ended = 0
    queue.consume(async () => {
      await gate.promise
      ended += 1
    })
    await queue.publish([jobOf('one')])
    await until(async () => (await queue.stats()).working === 1)
    const closing = queue.close()
    await server.stop()
    gate.resolve()
    await closing
    expect(ended).toBe(1)
  })

  test('before there is a subscription: the consumer begins once there is one', async () => {
    const server = await ownServer()
    const name = `queue-${randomUUID()}`
    const early = made(server, { topic: name, subscription: name, create: false })
    const seen: string[] = []
    early.consume(async ({ id }) => void seen.push(id))
    await expect(early.publish([jobOf('lost')])).rejects.toMatchObject({ code: 'queue_unavailable' })
    await made(server, { topic: name, subscription: name }).publish([jobOf('one')])
    await until(() => seen.length === 1)
  })

  test('the emulator frozen: publishing is refused in time, and consumers go on afterwards', async ({ skip }) => {
    const emulator = await startPubsub()
    if (!emulator) return skip('no emulator')
    onTestFinished(() => emulator[Symbol.asyncDispose]())
    const { host: emulatorHost, projectId } = emulator
    const name = 'frozen-queue'
    const options = { projectId, topic: name, subscription: name, emulatorHost, create: true, publishTimeoutMs: 500 }
    const queue = pubsubQueue(options)
    onTestFinished(() => queue.close())
    const seen = new Set<string>()
    queue.consume(async ({ id }) => void seen.add(id))
    await until(() =>
      queue.publish([jobOf('one')]).then(
        () => true,
        () => false,
      ),
    )
    await until(() => seen.has('one'))
    emulator.freeze()
    await expect(queue.publish([jobOf('two')])).rejects.toMatchObject({ code: 'queue_unavailable', retryable: true })
    emulator.thaw()
    await until(() =>
      queue.publish([jobOf('three')]).then(
        () => true,
        () => false,
      ),
    )
    await until(() => seen.has('three'))
  })
})

describe('deliveries that repeat', { timeout }, () => {
  let server: PubsubServer
  beforeAll(async () => {
    server = await startPubsubServer()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('two at once are handled once', async () => {
    const { queue, feed } = await open(server)
    const seen: string[] = []
    feed().duplicate(5)
    await queue.publish(ids(5).map(jobOf))
    const gate = Promise.withResolvers<void>()
    queue.consume(async ({ id }) => {
      seen.push(id)
      await gate.promise
    })
    await until(() => seen.length === 5)
    gate.resolve()
    await until(() => feed().size === 0)
    expect(seen.sort()).toEqual(ids(5))
  })

  test('a deadline that passes while the job is handled brings no second handler in this process', async () => {
    const { queue, feed } = await open(server)
    let handlers = 0
    let most = 0
    const gate = Promise.withResolvers<void>()
    queue.consume(async () => {
      handlers += 1
      most = Math.max(most, handlers)
      await gate.promise
    })
    await queue.publish([jobOf('one')])
    // The client says of each delivery that it has it.
    await until(() => handlers === 1 && feed().received === 1)
    feed().expire()
    await until(() => feed().received === 2)
    gate.resolve()
    await until(() => feed().size === 0)
    expect(most).toBe(1)
  })

  test('a job that was published again is handled again: only its id tells', async () => {
    const { queue } = await open(server)
    const seen: string[] = []
    queue.consume(async ({ id }) => void seen.push(id))
    await queue.publish([jobOf('one'), jobOf('one')])
    await until(() => seen.length === 2)
  })
})

describe('processes', { timeout }, () => {
  test('one that is killed with jobs in hand loses none of them', async () => {
    const server = await ownServer()
    const { queue, name, feed } = await open(server)
    await queue.publish(ids(30).map(jobOf))
    const child = startChild(server, name, 'hold')
    const held = new Set<string>()
    child.on('message', ({ id }: { id: string }) => held.add(id))
    await until(() => held.size === 10)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const seen = new Set<string>()
    queue.consume(async ({ id }) => void seen.add(id))
    await until(() => seen.size === 30)
    await until(() => feed().size === 0)
  })

  test('one that closes its queue ends by itself: nothing is left open', async () => {
    const server = await ownServer()
    const { queue, name, feed } = await open(server)
    await queue.publish([jobOf('one'), jobOf('two')])
    const child = startChild(server, name, 'done')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(feed().size).toBe(0)
  })
})

function startChild(server: PubsubServer, name: string, what: string): ChildProcess {
  const program = fileURLToPath(new URL('./testing-server/worker.child.ts', import.meta.url))
  const child = fork(program, [server.endpoint, name, what], { execArgv: ['--conditions=@wa-agent/source'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function ownServer(): Promise<PubsubServer> {
  const server = await startPubsubServer()
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

function made(server: PubsubServer, options: Partial<PubsubQueueOptions> = {}): PubsubQueue {
  const queue = pubsubQueue(freshOptions(server, options))
  onTestFinished(() => queue.close())
  return queue
}

async function open(server: PubsubServer, options: Partial<PubsubQueueOptions> = {}) {
  const name = `queue-${randomUUID()}`
  const queue = made(server, { topic: name, subscription: name, ...options })
  await queue.publish([])
  return { queue, name, feed: () => server.broker.subscription(`projects/project/subscriptions/${name}`) }
}

function jobOf(id: string): QueueJob {
  return { id, tenant: 'acme', channel: 'main', data: { id } }
}

function hurried(times: number): NonNullable<PubsubQueueOptions['clock']> {
  return {
    now: () => Date.now(),
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs / times)
      return () => clearTimeout(timer)
    },
  }
}
