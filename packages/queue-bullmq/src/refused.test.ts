import type { Logger } from '@wa-agent/core'
import { type OwnRedis, startRedis } from '@wa-agent/testing/servers'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type BullmqQueue, bullmqQueue } from './index.ts'
import { jobOf, noted, until } from './test-jobs.ts'

const password = 'open-sesame'
const found = await startRedis({ password })
const redis = found as OwnRedis
const queues: BullmqQueue[] = []
const lines: string[] = []
const note: Logger['info'] = (_, line) => void lines.push(line)
const logger = { debug: note, info: note, warn: note, error: note }

afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()))
  lines.length = 0
  await redis.command('FLUSHALL')
})
afterAll(() => found?.[Symbol.asyncDispose]())

function queueOf(connection: string): BullmqQueue {
  const queue = bullmqQueue({ connection, name: 'one', timeoutMs: 1000, logger })
  queues.push(queue)
  return queue
}

const reasonOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'it was done',
    (error: unknown) => error,
  )

describe.skipIf(found === undefined)('a connection that Redis refuses', () => {
  test.each([
    ['a database that is not there', '/99', 'refuses: it has no such database (SELECT)'],
    ['a wrong password', 'wrong', 'refuses the password (WRONGPASS)'],
    ['no password', 'none', 'wants a password (NOAUTH)'],
  ])('is none, with %s: nothing is published or taken, and the log names the cause once', async (_, fault, hint) => {
    const right = queueOf(redis.url)
    await right.publish([jobOf('waiting')])
    const withPassword = `:${password}@`
    const urls: Record<string, string> = {
      '/99': `${redis.url}/99`,
      wrong: redis.url.replace(withPassword, ':close-sesame@'),
      none: redis.url.replace(withPassword, ''),
    }
    const wrong = queueOf(urls[fault] ?? '')
    const seen = noted()
    wrong.consume(seen.handler)
    for (const ask of [() => wrong.publish([jobOf('lost')]), () => wrong.stats(), () => wrong.publish([jobOf('too')])])
      expect(await reasonOf(ask())).toMatchObject({
        code: 'queue_unavailable',
        retryable: true,
        message: `[bullmqQueue] Redis ${hint}. Correct the \`connection\`.`,
      })
    expect(seen.ids).toEqual([])
    expect(await right.stats()).toMatchObject({ waiting: 1, dead: 0 })
    expect(lines).toEqual([`Redis ${hint}`])
  })

  test('is told again where the reason becomes another one, and is used when Redis takes it', async () => {
    await redis.command('CONFIG', 'SET', 'requirepass', 'changed')
    const queue = queueOf(redis.url)
    const seen = noted()
    queue.consume(seen.handler)
    expect(await reasonOf(queue.stats())).toMatchObject({ code: 'queue_unavailable' })
    await redis.kill()
    await until(() => lines.length === 2)
    await redis.start()
    await until(async () => (await reasonOf(queue.publish([jobOf('late')]))) === 'it was done')
    await until(() => seen.ids.includes('late'))
    expect(lines).toEqual(['Redis refuses the password (WRONGPASS)', 'Redis is away', 'Redis is back'])
  })

  test.each(['at once', 'while it connects'])('is not told by a queue that is closed %s', async (when) => {
    const queue = queueOf(redis.url)
    if (when === 'while it connects') await new Promise((resolve) => setImmediate(resolve))
    await queue.close()
    // What is still on its way comes before the answer to another.
    await redis.command('PING')
    expect(lines).toEqual([])
  })
})
