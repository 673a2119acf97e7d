import assert from 'node:assert/strict'
import { type QueueJob, WaAgentError } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import type { QueueHarness } from './queue.ts'
import { jobOf, kept } from './queue-fixtures.ts'

/** More often than a job may fail. */
const timesAway = 5

/** What a queue does while its handlers cannot reach their storage. */
export const awayCases: readonly ConformanceCase<QueueHarness>[] = [
  kept(
    'brings a job back without counting an attempt while the storage of its handler is unavailable',
    async (world) => {
      const { queue } = world
      const attempts: number[] = []
      const ended: string[] = []
      queue.consume(async ({ id }, { attempt }) => {
        if (id === 'first') {
          attempts.push(attempt)
          if (attempts.length <= timesAway) throw away()
          // An attempt is counted as ever.
          if (attempts.length === timesAway + 1) throw new Error('not yet')
        }
        ended.push(id)
      })
      const group = 'a'
      await queue.publish([{ ...jobOf('first'), group }, { ...jobOf('behind'), group }, jobOf('other')])
      await world.until(() => ended.length === 3)
      assert.deepEqual(attempts, [...Array.from({ length: timesAway + 1 }, () => 1), 2])
      assert.equal(ended.indexOf('other') < ended.indexOf('first'), true, 'others waited')
      if (queue.capabilities.groups) assert.equal(ended.at(-1), 'behind')
      assert.deepEqual(await queue.deadLetters.list(), [])
    },
  ),
  kept('brings all jobs back soon after the storage of their handler is available again', async (world) => {
    const { queue } = world
    const jobs: readonly QueueJob[] = Array.from({ length: 20 }, (_, index) => jobOf(`job-${index}`))
    const done = new Set<string>()
    let calls = 0
    let isAway = true
    queue.consume(async ({ id }) => {
      calls += 1
      if (isAway) throw away()
      done.add(id)
    })
    await queue.publish(jobs)
    await world.until(() => calls > jobs.length * 4)
    isAway = false
    const backAtMs = world.now()
    await world.until(() => done.size === jobs.length)
    // 5 s is promised; a broker may be late.
    assert.ok(world.now() - backAtMs <= 10_000, `it took ${world.now() - backAtMs} ms`)
    assert.deepEqual(await queue.deadLetters.list(), [])
  }),
]

function away(): WaAgentError {
  return new WaAgentError('storage_unavailable', 'The storage is away.', { retryable: true })
}
