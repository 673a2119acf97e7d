import { inspect } from 'node:util'
import type { Logger } from '@wa-agent/core'
import { type OwnRedis, startRedis } from '@wa-agent/testing/servers'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, test } from 'vitest'
import { type BullmqQueueOptions, bullmqQueue } from './index.ts'
import { jobOf, until } from './test-jobs.ts'

const password = 'Sesame-Öffne-dich-42'
const text = 'What a customer wrote'
const number = '919998887777'
const found = await startRedis({ password })
const redis = found as OwnRedis
afterAll(() => found?.[Symbol.asyncDispose]())

/** Everything that a person could come to see. */
function witness(): { readonly logger: Logger; readonly lines: unknown[]; seen(): string } {
  const lines: unknown[] = []
  const write = (fields: Record<string, unknown>, line: string) => void lines.push({ ...fields, line })
  const logger = { debug: write, info: write, warn: write, error: write }
  return { logger, lines, seen: () => inspect(lines, { depth: 20, showHidden: true }) }
}

const secrets = [password, encodeURIComponent(password), text, number]

function expectNoSecret(seen: string): void {
  expect(seen.length).toBeGreaterThan(10)
  for (const secret of secrets) expect(seen).not.toContain(secret)
}

describe.skipIf(found === undefined)('what bullmqQueue tells', () => {
  test.each(['nobody listens', 'the password is wrong'])('holds no password where %s', async (fault) => {
    const wrong = fault === 'nobody listens' ? redis.url.replace(/:\d+$/, ':1') : redis.url.replace('Sesame', 'Simsim')
    secrets.push('Simsim')
    const { logger, lines, seen } = witness()
    const queue = bullmqQueue({ connection: wrong, logger, timeoutMs: 500 })
    queue.consume(async () => undefined)
    for (const work of [queue.publish([jobOf('one', text)]), queue.stats()]) {
      const error: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toMatchObject({ code: 'queue_unavailable', retryable: true })
      lines.push(error)
    }
    await until(() => lines.length > 2)
    await queue.close()
    expectNoSecret(seen())
    expect(seen()).toContain(fault === 'nobody listens' ? 'ECONNREFUSED' : 'WRONGPASS')
  })

  test('holds no text of a customer where Redis refuses a job or a handler fails', async () => {
    const { logger, lines, seen } = witness()
    const queue = bullmqQueue({ connection: redis.url, logger, retry: { maxAttempts: 1 } })
    queue.consume(async () => {
      throw new TypeError(text)
    })
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    await queue.publish([{ ...jobOf(`acme/main/false_${number}@c.us_3EB0`, text), trace }])
    await until(async () => (await queue.stats()).dead === 1)
    const [dead] = await queue.deadLetters.list()
    lines.push(dead?.reason, await queue.broker.getJob(dead?.id ?? '').then((job) => job?.stacktrace))
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    lines.push(await queue.publish([jobOf('two', text)]).catch((error: unknown) => error))
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    await queue.close()
    expectNoSecret(seen())
    expect(seen()).toContain('TypeError')
    expect(seen()).toContain("traceId: '0af7651916cd43dd8448eb211c80319c'")
    expect(seen()).toContain('no memory left (OOM)')
  })

  test.each<[string, unknown]>([
    ['a URL of something else', `postgres://:${password}@127.0.0.1`],
    ['no URL', `redis://:${password}@:${password}`],
    ['nothing', undefined],
    ['a prefix of keys', { host: '127.0.0.1', password, keyPrefix: 'mine:' }],
  ])('holds no password where the connection is %s', (_, connection) => {
    let error: unknown
    try {
      bullmqQueue({ connection } as BullmqQueueOptions)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'invalid_options' })
    expectNoSecret(inspect(error, { depth: 20, showHidden: true }))
  })

  test.each(['options', 'a client'])('works with %s instead of a URL, and leaves a client alone', async (kind) => {
    const options = { host: '127.0.0.1', port: redis.port, password }
    const client = new Redis(options)
    const queue = bullmqQueue({ connection: kind === 'options' ? options : client, name: kind })
    let handled = 0
    queue.consume(async () => {
      handled += 1
    })
    await queue.publish([jobOf('one')])
    await until(() => handled === 1)
    await queue.close()
    expect(await client.ping()).toBe('PONG')
    client.disconnect()
  })
})
