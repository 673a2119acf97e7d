import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type OwnRedis, startRedis } from '@wa-agent/testing/servers'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BullmqQueue, type BullmqQueueOptions, bullmqQueue } from './index.ts'
import { jobOf, noted, until } from './test-jobs.ts'
import { cuttableProxy } from './test-proxy.ts'

const found = await startRedis({ durable: true })
await found?.stop()
// Where there is none every test is skipped.
const redis = found as OwnRedis
// Redis keeps what it has through its restarts, so each test has a queue of its own.
let name = ''
const queues: BullmqQueue[] = []
const children: ChildProcess[] = []

function queueOf(options: Partial<BullmqQueueOptions> = {}): BullmqQueue {
  const queue = bullmqQueue({ connection: redis.url, name, timeoutMs: 500, retry: { baseMs: 100 }, ...options })
  queues.push(queue)
  return queue
}

beforeEach(() => {
  name = randomUUID()
})
afterAll(() => found?.[Symbol.asyncDispose]())
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  redis.thaw()
  await Promise.all(queues.splice(0).map((queue) => queue.close()))
  await redis.stop()
})

/** A process that takes jobs and ends none; `written` are the lines that it has printed. */
function spawnConsumer(options: Partial<BullmqQueueOptions>) {
  const program = fileURLToPath(new URL('consumer.child.ts', import.meta.url))
  const all = JSON.stringify({ connection: redis.url, name, ...options })
  const child = spawn(process.execPath, ['--conditions=@wa-agent/source', program, all], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += String(chunk)
  })
  return { child, written: () => text.split('\n').slice(0, -1) }
}

/** What a publisher is told, and how long it takes to be told. */
async function refusal(work: Promise<unknown>): Promise<{ readonly error: unknown; readonly ms: number }> {
  const fromMs = performance.now()
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { error, ms: performance.now() - fromMs }
}

const away = { code: 'queue_unavailable', retryable: true }

describe.skipIf(found === undefined)('bullmqQueue', () => {
  test('refuses soon while Redis is away, and goes on when it comes back', async () => {
    const queue = queueOf()
    const seen = noted()
    queue.consume(seen.handler)
    for (const work of [queue.publish([jobOf('early')]), queue.stats(), queue.pause(), queue.deadLetters.list()]) {
      const { error, ms } = await refusal(work)
      expect(error).toMatchObject(away)
      expect(ms).toBeLessThan(2000)
    }
    await redis.start()
    await until(() =>
      queue.publish([jobOf('late')]).then(
        () => true,
        () => false,
      ),
    )
    await until(() => seen.ids.includes('late'))
    expect(seen.ids).not.toContain('early')
  })

  test('answers however many ask while Redis is away, with one listener for all', async () => {
    const queue = queueOf()
    const warnings: string[] = []
    const onWarning = (warning: Error) => void warnings.push(warning.name)
    process.on('warning', onWarning)
    const asked = Array.from({ length: 100 }, (_, index) => queue.publish([jobOf(`job-${index}`)]))
    const outcomes = await Promise.allSettled(asked)
    // Warnings come with the next tick.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason.code === away.code)).toBe(true)
    expect(warnings).toEqual([])
  })

  test('keeps what was published through a restart of Redis, and its consumers take it up again', async () => {
    await redis.start()
    const queue = queueOf()
    const seen = noted()
    const consumer = queue.consume(seen.handler)
    await queue.publish([jobOf('before')])
    await until(() => seen.ids.includes('before'))
    await consumer.stop()
    await queue.publish([jobOf('kept')])
    const other = noted()
    queue.consume(other.handler, { concurrency: 3 })
    await until(() => other.ids.includes('kept'))
    await redis.kill()
    expect((await refusal(queue.publish([jobOf('lost')]))).error).toMatchObject(away)
    await redis.start()
    await until(() =>
      queue.publish([jobOf('after')]).then(
        () => true,
        () => false,
      ),
    )
    await until(() => other.ids.includes('after'))
  })

  test('ends the jobs that it has in hand when Redis comes back', async () => {
    await redis.start()
    const queue = queueOf()
    const gate = Promise.withResolvers<void>()
    let begun = 0
    queue.consume(async () => {
      begun += 1
      await gate.promise
    })
    await queue.publish([jobOf('one')])
    await until(() => begun === 1)
    await redis.kill()
    gate.resolve()
    await redis.start()
    await until(async () => (await queue.broker.getActiveCount().catch(() => 1)) === 0)
    expect(begun).toBe(1)
    expect(await queue.stats()).toMatchObject({ waiting: 0, working: 0, dead: 0 })
  })

  test('goes on after FLUSHALL: jobs in hand end, and new ones are taken', async () => {
    await redis.start()
    const queue = queueOf()
    const gate = Promise.withResolvers<void>()
    const begun: string[] = []
    const ended: string[] = []
    queue.consume(
      async ({ id }) => {
        begun.push(id)
        if (id.startsWith('old')) await gate.promise
        ended.push(id)
      },
      { concurrency: 3 },
    )
    await queue.publish([1, 2, 3, 4, 5, 6].map((number) => jobOf(`old-${number}`)))
    await until(() => begun.length === 3)
    await redis.command('FLUSHALL')
    gate.resolve()
    await queue.publish([1, 2, 3, 4, 5, 6].map((number) => jobOf(`new-${number}`)))
    await until(() => ended.length === 9)
    expect(new Set(ended.filter((id) => id.startsWith('new'))).size).toBe(6)
    await until(async () => (await queue.stats()).working === 0)
    expect(await queue.stats()).toMatchObject({ waiting: 0, dead: 0 })
  })

  test('loads its scripts again where Redis has forgotten them', async () => {
    await redis.start()
    const queue = queueOf()
    const seen = noted()
    queue.consume(seen.handler)
    await queue.publish([jobOf('one')])
    await until(() => seen.ids.length === 1)
    await redis.command('SCRIPT', 'FLUSH')
    await redis.command('FLUSHALL')
    await until(() =>
      queue.publish([jobOf('two')]).then(
        () => true,
        () => false,
      ),
    )
    await until(() => seen.ids.includes('two'))
  })

  test('refuses in time while Redis hangs, and goes on when it answers again', async () => {
    await redis.start()
    const queue = queueOf()
    const seen = noted()
    queue.consume(seen.handler)
    await queue.publish([jobOf('before')])
    await until(() => seen.ids.length === 1)
    redis.freeze()
    const { error, ms } = await refusal(queue.publish([jobOf('meanwhile')]))
    expect(error).toMatchObject(away)
    expect(ms).toBeLessThan(2000)
    redis.thaw()
    await until(() =>
      queue.publish([jobOf('after')]).then(
        () => true,
        () => false,
      ),
    )
    await until(() => seen.ids.includes('after'))
  })

  test.each(['never was there', 'went away', 'hangs'])('closes in bounded time when Redis %s', async (fault) => {
    if (fault !== 'never was there') await redis.start()
    const queue = queueOf()
    const seen = noted()
    queue.consume(seen.handler)
    if (fault !== 'never was there') {
      await queue.publish([jobOf('one')])
      await until(() => seen.ids.length === 1)
    }
    if (fault === 'went away') await redis.kill()
    if (fault === 'hangs') redis.freeze()
    const { error, ms } = await refusal(queue.close())
    expect(error).toBeUndefined()
    expect(ms).toBeLessThan(3000)
  })

  test.each(['was never there', 'went away'])(
    'lets its process end by itself when closed after Redis %s',
    async (fault) => {
      if (fault === 'went away') await redis.start()
      const { child, written } = spawnConsumer({ timeoutMs: 500 })
      if (fault === 'went away') {
        await queueOf().publish([jobOf('quick')])
        await until(() => written().includes('quick'))
        await redis.kill()
      }
      await until(() => written().includes('away'))
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
    },
  )

  test('gives what a killed process had in hand to another one, before its lock and two thirds are over', async () => {
    await redis.start()
    const lockMs = 1500
    const { child, written } = spawnConsumer({ lockMs })
    const queue = queueOf({ lockMs })
    await queue.publish([jobOf('one'), jobOf('two'), jobOf('three')])
    await until(() => written().length === 3)
    const seen = noted()
    queue.consume(seen.handler)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const killedMs = performance.now()
    await until(() => seen.ids.length === 3)
    expect(performance.now() - killedMs).toBeLessThan(lockMs * (5 / 3) + 500)
    expect(new Set(seen.ids)).toEqual(new Set(['one', 'two', 'three']))
  })

  test('makes a dead letter of a job whose process dies each time, which can be retried', async () => {
    await redis.start()
    const options = { lockMs: 300, retry: { maxAttempts: 1 } }
    const queue = queueOf(options)
    await queue.publish([jobOf('poison')])
    for (let death = 0; death < 2; death += 1) {
      const proxy = await cuttableProxy(redis.url)
      const dying = bullmqQueue({ connection: proxy.url, name, timeoutMs: 500, ...options })
      const gate = Promise.withResolvers<void>()
      let begun = false
      dying.consume(async () => {
        begun = true
        await gate.promise
      })
      await until(() => begun)
      await proxy.close()
      gate.resolve()
      await dying.close()
    }
    const attempts: number[] = []
    queue.consume(async (_, { attempt }) => void attempts.push(attempt))
    await until(async () => (await queue.deadLetters.list()).length === 1)
    const [dead] = await queue.deadLetters.list()
    expect(dead).toMatchObject({ job: jobOf('poison'), reason: 'its worker died each time' })
    expect(attempts).toEqual([])
    await queue.deadLetters.retry(dead?.id ?? '')
    await until(() => attempts.length === 1)
    expect(attempts).toEqual([1])
    expect(await queue.deadLetters.list()).toEqual([])
  })
})
