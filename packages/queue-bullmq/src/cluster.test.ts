import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@wa-agent/core'
import { startRedis } from '@wa-agent/testing/servers'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, test } from 'vitest'
import { type BullmqQueueOptions, bullmqQueue } from './index.ts'
import { jobOf, noted, until } from './test-jobs.ts'

/** The only node of a cluster, on a port that another Redis has had. */
async function startNode() {
  const before = await startRedis()
  if (!before) return undefined
  await before[Symbol.asyncDispose]()
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-cluster-'))
  const args = [
    '--port',
    `${before.port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--cluster-enabled',
    'yes',
  ]
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  const client = new Redis(before.port, { maxRetriesPerRequest: null })
  // It tries until there is somebody.
  client.on('error', () => undefined)
  await client.call('CLUSTER', 'ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot))
  await until(async () => String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'))
  client.disconnect()
  const stop = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  return { url: before.url, stop }
}

const node = await startNode()
afterAll(() => node?.stop())

function queueOf(options: Partial<BullmqQueueOptions>) {
  return bullmqQueue({ connection: node?.url ?? '', name: randomUUID(), timeoutMs: 1000, ...options })
}

describe.skipIf(node === undefined)('a Redis in cluster mode', () => {
  test('is refused with a hint, not as one that is away, and its worker says so once and asks seldom', async () => {
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (fields: object, line: string) => void lines.push({ ...fields, line }) }
    const queue = queueOf({ logger })
    queue.consume(async () => undefined)
    await expect(queue.publish([jobOf('one')])).rejects.toMatchObject({
      code: 'invalid_options',
      retryable: false,
      message: expect.stringMatching(/CROSSSLOT.*\{bull\}/),
    })
    const client = new Redis(node?.url ?? '')
    const refusals = async () =>
      Number(/errorstat_CROSSSLOT:count=(\d+)/.exec(await client.info('errorstats'))?.[1] ?? 0)
    const [before, beganMs] = [await refusals(), performance.now()]
    await until(() => performance.now() - beganMs > 2500)
    const asked = (await refusals()) - before
    // Once a second.
    expect(asked).toBeGreaterThanOrEqual(2)
    expect(asked).toBeLessThan(20)
    expect(lines).toEqual([{ queue: expect.any(String), error: 'CROSSSLOT', line: 'the worker had trouble' }])
    client.disconnect()
    await queue.close()
  })

  test('works as long as it is one node, with a prefix that is a hash tag', async () => {
    const queue = queueOf({ prefix: '{bull}' })
    const seen = noted()
    queue.consume(seen.handler)
    await queue.publish([{ ...jobOf('one'), group: 'a' }, jobOf('two')])
    await until(() => seen.ids.length === 2)
    await queue.close()
  })
})
