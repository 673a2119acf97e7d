import { randomUUID } from 'node:crypto'
import type { Queue } from '@wa-agent/core'
import { type QueueHarness, queueConformance } from '@wa-agent/testing'
import { redisForTests } from '@wa-agent/testing/servers'
import { afterAll, describe, test, vi } from 'vitest'
import { type BullmqQueue, bullmqQueue } from './index.ts'
import { type CuttableProxy, cuttableProxy } from './test-proxy.ts'

const redis = await redisForTests()
afterAll(() => redis?.[Symbol.asyncDispose]())

const retryBaseMs = 200

async function harness(url: string, prefix: string): Promise<QueueHarness> {
  const name = randomUUID()
  const queues: BullmqQueue[] = []
  const proxies = new Map<Queue, CuttableProxy>()
  const make = (connection: string) => {
    const retry = { maxAttempts: 3, baseMs: retryBaseMs, jitter: 0 }
    const queue = bullmqQueue({ connection, name, prefix, retry, lockMs: 1000, timeoutMs: 2000 })
    queues.push(queue)
    return queue
  }
  return {
    queue: make(url),
    retryBaseMs,
    async another() {
      const proxy = await cuttableProxy(url)
      const queue = make(proxy.url)
      proxies.set(queue, proxy)
      return queue
    },
    // What Redis sees of a process that was killed: its connections end, and nothing comes any more.
    crash: async (queue) => proxies.get(queue)?.cut(),
    now: () => Date.now(),
    until: (condition) =>
      vi.waitFor(
        async () => {
          if (!(await condition())) throw new Error('What was waited for has not happened.')
        },
        { timeout: 15_000, interval: 10 },
      ),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async dispose() {
      const crashed = new Set([...proxies].filter(([, proxy]) => proxy.isCut).map(([queue]) => queue))
      await Promise.all(queues.filter((queue) => !crashed.has(queue)).map((queue) => queue.close()))
      for (const proxy of proxies.values()) await proxy.close()
    },
  }
}

describe.skipIf(redis === undefined)('bullmqQueue', () => {
  for (const { name, run } of queueConformance) {
    test(name, () => run(() => harness(redis?.url ?? '', redis?.prefix ?? '')))
  }
})
