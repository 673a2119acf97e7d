import assert from 'node:assert/strict'
import type { Queue, QueueJob } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import type { QueueHarness } from './queue.ts'
import { jobOf, kept, killJobs } from './queue-fixtures.ts'

/** What `capabilities.groups` promises. */
export const groupCases: readonly ConformanceCase<QueueHarness>[] = [
  grouped('hands over the jobs of a group one at a time and in the order of publishing', async (world) => {
    const { queue } = world
    const other = await world.another()
    const groups = ['a', 'b', 'c', 'd']
    const seen = watched(groups)
    for (const consumer of [queue, other]) consumer.consume((job) => seen.take(job, world), { concurrency: 10 })
    for (let number = 0; number < 10; number += 1) await queue.publish(groups.map((group) => inGroup(group, number)))
    await world.until(() => seen.count === groups.length * 10)
    for (const group of groups) assert.deepEqual(seen.of(group), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert.equal(seen.most, 1)
  }),
  grouped('lets a group wait for its job that fails', async (world) => {
    const { queue } = world
    const seen = watched(['a', 'b'])
    queue.consume(
      async (job, { attempt }) => {
        if (job.id === 'a-0' && attempt === 1) throw new Error('not yet')
        await seen.take(job, world)
      },
      { concurrency: 10 },
    )
    await queue.publish([inGroup('a', 0), inGroup('a', 1), inGroup('b', 0), inGroup('b', 1)])
    await world.until(() => seen.count === 4)
    assert.deepEqual(seen.of('a'), [0, 1])
    assert.deepEqual(seen.of('b'), [0, 1])
  }),
  grouped('lets a group go on behind a dead letter, which comes last when it is retried', async (world) => {
    const { queue } = world
    const seen = watched(['a'])
    await killJobs(world, [inGroup('a', 0)])
    await queue.publish([inGroup('a', 1), inGroup('a', 2)])
    queue.consume((job) => seen.take(job, world), { concurrency: 10 })
    await world.until(() => seen.count === 2)
    const [dead] = await queue.deadLetters.list()
    assert.ok(dead)
    await queue.deadLetters.retry(dead.id)
    await world.until(() => seen.count === 3)
    assert.deepEqual(seen.of('a'), [1, 2, 0])
    await queue.publish([inGroup('a', 3)])
    await world.until(() => seen.count === 4)
  }),
  grouped('keeps jobs of other tenants, channels and groups apart, and those without one free', async (world) => {
    const { queue } = world
    const gate = Promise.withResolvers<void>()
    const ended: string[] = []
    queue.consume(
      async (job) => {
        if (job.id === 'first') await gate.promise
        ended.push(job.id)
      },
      { concurrency: 10 },
    )
    await queue.publish([{ ...jobOf('first'), group: 'a' }])
    await queue.publish([
      { ...jobOf('other-tenant'), tenant: 'other', group: 'a' },
      { ...jobOf('other-channel'), channel: 'second', group: 'a' },
      { ...jobOf('other-group'), group: 'b' },
      jobOf('none'),
      { ...jobOf('behind'), group: 'a' },
    ])
    await world.until(() => ended.length === 4)
    assert.deepEqual(new Set(ended), new Set(['other-tenant', 'other-channel', 'other-group', 'none']))
    gate.resolve()
    await world.until(() => ended.length === 6)
    assert.deepEqual(ended.slice(4), ['first', 'behind'])
  }),
]

function grouped(name: string, run: (world: QueueHarness) => Promise<void>): ConformanceCase<QueueHarness> {
  return kept(`${name}, where it says so`, async (world) => {
    if (world.queue.capabilities.groups) await run(world)
  })
}

function inGroup(group: string, number: number): QueueJob {
  return { ...jobOf(`${group}-${number}`), group, data: { group, number } }
}

/** Writes down what comes, and how many of one group were in work at once. */
function watched(groups: readonly string[]) {
  const seen = new Map(groups.map((group) => [group, [] as number[]]))
  const busy = new Map<string, number>()
  let most = 0
  let count = 0
  return {
    async take({ data }: QueueJob, { queue }: { readonly queue: Queue }): Promise<void> {
      const { group, number } = data as { group: string; number: number }
      const now = (busy.get(group) ?? 0) + 1
      busy.set(group, now)
      most = Math.max(most, now)
      // Something that takes a moment, whatever the clock is.
      await queue.stats()
      busy.set(group, now - 1)
      seen.get(group)?.push(number)
      count += 1
    },
    of: (group: string) => seen.get(group),
    get most() {
      return most
    },
    get count() {
      return count
    },
  }
}
