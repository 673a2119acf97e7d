import assert from 'node:assert/strict'
import type { Queue, QueueJob } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import { awayCases } from './queue-away.ts'
import { collect, jobOf, kept, killJobs, openable, rejects, watched } from './queue-fixtures.ts'
import { groupCases } from './queue-groups.ts'

/** A queue to be tried, and time for it: virtual where the queue takes a clock, real where it does not. */
export interface QueueHarness {
  /** Empty, with 3 attempts and a base delay of `retryBaseMs` without jitter. */
  readonly queue: Queue
  readonly retryBaseMs: number
  /**
   * A second object on the same broker with the same settings, as another process has it. A queue that lives in one
   * process gives `queue` itself; the cases that need two objects hold for it then without being tried.
   */
  another(): Promise<Queue>
  /** How long consumers of another object may take to notice `pause` and `resume`. Default 0. */
  readonly noticeMs?: number
  /**
   * Ends an object that `another` gave as `kill -9` ends its process: from now on the broker hears nothing of it. Resolves
   * at once; the broker may take its time to notice. Absent where a crash cannot be made: its cases are not tried then.
   */
  crash?(queue: Queue): Promise<void>
  /** Milliseconds since 1970, as the queue sees them. */
  now(): number
  /** Lets time pass until `condition` is true; rejects where that does not happen in reasonable time. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>
  /** Lets so many milliseconds pass, and whatever happens in them. */
  pass(ms: number): Promise<void>
  /** Lets go of everything, what `another` gave included. Called once at the end, also where the case closed the queue. */
  dispose(): Promise<void>
}

/** A case for every promise of the `Queue` port. */
export const queueConformance: readonly ConformanceCase<QueueHarness>[] = [
  ...groupCases,
  ...awayCases,
  kept('hands over what was published, with tenant, channel, data and trace', async (world) => {
    const job = {
      ...jobOf('one'),
      data: { text: 'héllo 👋', list: [1, null, { deep: true }] },
      trace: { traceparent: '00-1' },
    }
    await world.queue.publish([job])
    const seen = collect(world.queue)
    await world.until(() => seen.jobs.length === 1)
    assert.deepEqual(seen.jobs, [job])
    assert.equal(seen.contexts[0]?.attempt, 1)
  }),
  kept('hands over what is published while somebody consumes', async (world) => {
    const seen = collect(world.queue)
    await world.queue.publish([jobOf('one'), jobOf('two')])
    await world.queue.publish([jobOf('three')])
    await world.queue.publish([])
    await world.until(() => seen.jobs.length === 3)
    assert.deepEqual(new Set(seen.ids), new Set(['one', 'two', 'three']))
  }),
  kept('hands over many jobs, none lost, to several consumers', async (world) => {
    const ids = Array.from({ length: 200 }, (_, index) => `job-${index}`)
    const consumers = [collect(world.queue), collect(world.queue)]
    await world.queue.publish(ids.map((id) => jobOf(id)))
    const seen = () => new Set(consumers.flatMap((consumer) => consumer.ids))
    await world.until(() => seen().size === ids.length)
    assert.deepEqual(seen(), new Set(ids))
  }),
  kept('keeps the order of publishing for one consumer that takes one at a time, where it says so', async (world) => {
    if (!world.queue.capabilities.ordered) return
    const ids = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    await world.queue.publish(ids.map((id) => jobOf(id)))
    const seen = collect(world.queue, { concurrency: 1 })
    await world.until(() => seen.ids.length === ids.length)
    assert.deepEqual(seen.ids, ids)
  }),
  kept('gives each delivery a copy of its own', async (world) => {
    const original = { ...jobOf('one'), data: { list: [1] } }
    await world.queue.publish([original])
    original.data.list.push(2)
    const seen: unknown[] = []
    world.queue.consume(async ({ data }) => {
      seen.push(structuredClone(data))
      ;(data as { list: number[] }).list.push(3)
      if (seen.length === 1) throw new Error('again')
    })
    await world.until(() => seen.length === 2)
    assert.deepEqual(seen, [{ list: [1] }, { list: [1] }])
  }),
  kept('refuses a job that is not JSON, and takes nothing of that call in', async (world) => {
    await rejects(world.queue.publish([jobOf('one'), { ...jobOf('two'), data: 1n }]), 'invalid_options')
    const seen = collect(world.queue)
    await world.pass(world.retryBaseMs)
    assert.deepEqual(seen.ids, [])
  }),
  kept('never has more handlers at work than the concurrency allows', async (world) => {
    const gate = openable()
    let most = 0
    let now = 0
    let done = 0
    world.queue.consume(
      async () => {
        now += 1
        most = Math.max(most, now)
        await gate.opened
        now -= 1
        done += 1
      },
      { concurrency: 3 },
    )
    await world.queue.publish(Array.from({ length: 9 }, (_, index) => jobOf(`job-${index}`)))
    await world.until(() => now === 3)
    await world.pass(world.retryBaseMs)
    assert.equal((await world.queue.stats()).working, 3)
    gate.open()
    await world.until(() => done === 9)
    assert.equal(most, 3)
  }),
  kept('brings back a job whose handler threw, ever later, and counts the attempts', async (world) => {
    const times: number[] = []
    const attempts: number[] = []
    world.queue.consume(async (_, { attempt }) => {
      times.push(world.now())
      attempts.push(attempt)
      if (attempt < 3) throw new Error('not yet')
    })
    await world.queue.publish([jobOf('one')])
    await world.until(() => times.length === 3)
    const [first = 0, second = 0, third = 0] = times
    // A real broker may be late, never early; a tenth is the tolerance of its own clock.
    assert.ok(second - first >= world.retryBaseMs * 0.9, `the first pause was ${second - first} ms`)
    assert.ok(third - second >= world.retryBaseMs * 2 * 0.9, `the second pause was ${third - second} ms`)
    assert.deepEqual(attempts, [1, 2, 3])
    assert.deepEqual(await world.queue.deadLetters.list(), [])
  }),
  kept('lets nobody wait for a job that failed', async (world) => {
    const done: string[] = []
    world.queue.consume(
      async ({ id }) => {
        if (id === 'bad') throw new Error('no')
        done.push(id)
      },
      { concurrency: 1 },
    )
    await world.queue.publish([jobOf('bad'), jobOf('good')])
    await world.until(() => done.includes('good'))
    assert.deepEqual(done, ['good'])
  }),
  kept(
    'makes a dead letter of a job that failed at every attempt, with a reason that is fit for a log',
    async (world) => {
      await killJobs(world, [jobOf('one')])
      const [dead, ...others] = await world.queue.deadLetters.list()
      assert.deepEqual(others, [])
      assert.deepEqual(dead?.job, jobOf('one'))
      assert.equal(dead?.attempts, 3)
      assert.equal(dead?.reason, 'TypeError')
      assert.ok(dead && dead.atMs <= world.now())
    },
  ),
  kept('makes a job of a dead letter again, from the first attempt', async (world) => {
    await killJobs(world, [jobOf('one')])
    const [dead] = await world.queue.deadLetters.list()
    assert.ok(dead)
    const seen = collect(world.queue)
    await world.queue.deadLetters.retry(dead.id)
    await world.until(() => seen.jobs.length === 1)
    assert.deepEqual(seen.jobs, [jobOf('one')])
    assert.equal(seen.contexts[0]?.attempt, 1)
    assert.deepEqual(await world.queue.deadLetters.list(), [])
    await rejects(world.queue.deadLetters.retry(dead.id), 'not_found')
  }),
  kept('discards a dead letter for good', async (world) => {
    await killJobs(world, [jobOf('one')])
    const [dead] = await world.queue.deadLetters.list()
    assert.ok(dead)
    await world.queue.deadLetters.discard(dead.id)
    assert.deepEqual(await world.queue.deadLetters.list(), [])
    await rejects(world.queue.deadLetters.discard(dead.id), 'not_found')
    await rejects(world.queue.deadLetters.retry('no-such-dead-letter'), 'not_found')
  }),
  kept('lists dead letters by tenant and at most as many as asked for, the newest last', async (world) => {
    for (const id of ['one', 'two', 'three']) await killJobs(world, [jobOf(id)])
    await killJobs(world, [{ ...jobOf('four'), tenant: 'other' }])
    const list = async (query?: { tenant?: string; limit?: number }) =>
      (await world.queue.deadLetters.list(query)).map(({ job }) => job.id)
    assert.deepEqual(await list(), ['one', 'two', 'three', 'four'])
    assert.deepEqual(await list({ limit: 2 }), ['three', 'four'])
    assert.deepEqual(await list({ tenant: 'other' }), ['four'])
    assert.deepEqual(await list({ tenant: 'nobody' }), [])
  }),
  kept('delays a job where it says so, and refuses to where it does not', async (world) => {
    const { queue, retryBaseMs } = world
    if (!queue.capabilities.delay) return rejects(queue.publish([jobOf('late')], { delayMs: 1 }), 'invalid_options')
    const seen = collect(queue)
    const publishedAtMs = world.now()
    await queue.publish([jobOf('late')], { delayMs: retryBaseMs * 2 })
    await queue.publish([jobOf('soon')])
    await world.until(() => seen.ids.includes('soon'))
    assert.deepEqual(seen.ids, ['soon'])
    await world.until(() => seen.ids.includes('late'))
    assert.ok(world.now() - publishedAtMs >= retryBaseMs * 2 * 0.9)
  }),
  kept('prefers what is urgent where it says so, and refuses to where it does not', async (world) => {
    const { queue } = world
    if (!queue.capabilities.priorities) {
      return rejects(queue.publish([jobOf('urgent')], { priority: 'high' }), 'invalid_options')
    }
    await queue.publish([jobOf('low')], { priority: 'low' })
    await queue.publish([jobOf('normal')])
    await queue.publish([jobOf('high')], { priority: 'high' })
    const seen = collect(queue, { concurrency: 1 })
    await world.until(() => seen.ids.length === 3)
    assert.deepEqual(seen.ids, ['high', 'normal', 'low'])
  }),
  kept('keeps the order among what is equally urgent, where it says so', async (world) => {
    const { queue } = world
    if (!queue.capabilities.priorities || !queue.capabilities.ordered) return
    const rounds = ['1', '2', '3']
    for (const round of rounds) {
      for (const priority of ['low', 'normal', 'high'] as const) {
        await queue.publish([jobOf(`${priority}-${round}a`), jobOf(`${priority}-${round}b`)], { priority })
      }
    }
    const seen = collect(queue, { concurrency: 1 })
    const expected = ['high', 'normal', 'low'].flatMap((priority) =>
      rounds.flatMap((round) => [`${priority}-${round}a`, `${priority}-${round}b`]),
    )
    await world.until(() => seen.ids.length === expected.length)
    assert.deepEqual(seen.ids, expected)
  }),
  kept('hands over nothing while it is paused, and everything afterwards', async (world) => {
    const seen = collect(world.queue)
    await world.queue.pause()
    await world.queue.publish([jobOf('one'), jobOf('two')])
    await world.pass(world.retryBaseMs)
    assert.deepEqual(seen.ids, [])
    await world.queue.resume()
    await world.until(() => seen.ids.length === 2)
  }),
  kept('drains when a consumer stops: what is in work ends, what waits stays for another', async (world) => {
    const gate = openable()
    const begun: string[] = []
    const ended: string[] = []
    const consumer = world.queue.consume(
      async ({ id }) => {
        begun.push(id)
        await gate.opened
        ended.push(id)
      },
      { concurrency: 1 },
    )
    await world.queue.publish([jobOf('one'), jobOf('two')])
    await world.until(() => begun.length === 1)
    const stopping = watched(consumer.stop())
    await world.pass(world.retryBaseMs)
    assert.deepEqual([begun.length, ended.length, stopping.ended], [1, 0, false])
    gate.open()
    await stopping.work
    await consumer.stop()
    assert.deepEqual(ended, begun)
    const other = collect(world.queue)
    await world.until(() => other.ids.length === 1)
    assert.deepEqual(new Set([...ended, ...other.ids]), new Set(['one', 'two']))
  }),
  kept('tells its handlers when their consumer is aborted, and gives what they leave to another', async (world) => {
    const controller = new AbortController()
    let begun = false
    world.queue.consume(
      async (_, { signal }) => {
        begun = true
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
      { signal: controller.signal },
    )
    await world.queue.publish([jobOf('one')])
    await world.until(() => begun)
    controller.abort(new Error('enough'))
    await world.queue.publish([jobOf('two')])
    const other = collect(world.queue)
    await world.until(() => other.ids.length === 2)
    assert.deepEqual(new Set(other.ids), new Set(['one', 'two']))
  }),
  kept('tells how much waits, is in work and is dead, and since when', async (world) => {
    const { queue } = world
    const beforeMs = world.now()
    await queue.pause()
    await queue.publish([jobOf('one'), jobOf('two')])
    const full = await queue.stats()
    assert.equal(full.working, 0)
    if (full.waiting !== undefined) assert.equal(full.waiting, 2)
    if (full.oldestAtMs !== undefined) assert.ok(full.oldestAtMs >= beforeMs && full.oldestAtMs <= world.now())
    await queue.resume()
    const seen = collect(queue)
    await world.until(async () => seen.ids.length === 2 && (await queue.stats()).working === 0)
    await seen.consumer.stop()
    await killJobs(world, [jobOf('three')])
    const { waiting = 0, dead = 1, oldestAtMs } = await queue.stats()
    assert.deepEqual([waiting, dead, oldestAtMs], [0, 1, undefined])
  }),
  kept('drains when it is closed, and refuses everything afterwards', async (world) => {
    const { queue } = world
    const gate = openable()
    let state = 'waiting'
    queue.consume(async () => {
      state = 'begun'
      await gate.opened
      state = 'ended'
    })
    await queue.publish([jobOf('one')])
    await world.until(() => state === 'begun')
    const closing = watched(queue.close())
    await world.pass(world.retryBaseMs)
    assert.equal(closing.ended, false)
    gate.open()
    await closing.work
    await queue.close()
    assert.equal(state, 'ended')
    await rejects(queue.publish([jobOf('two')]), 'queue_closed')
    await rejects(queue.stats(), 'queue_closed')
    await rejects(queue.pause(), 'queue_closed')
    await rejects(queue.resume(), 'queue_closed')
    await rejects(queue.deadLetters.list(), 'queue_closed')
    await rejects((async () => queue.consume(async () => undefined))(), 'queue_closed')
  }),
  kept('carries a job of 200 KB whole', async (world) => {
    const job = { ...jobOf('large'), data: { text: 'ü'.repeat(100_000) } }
    await world.queue.publish([job])
    const seen = collect(world.queue)
    await world.until(() => seen.jobs.length === 1)
    assert.deepEqual(seen.jobs, [job])
  }),
  kept(
    'carries both where the same id is published twice, while the first waits and after it is done',
    async (world) => {
      const first = { ...jobOf('same'), data: 1 }
      await world.queue.publish([first, { ...first, data: 2 }])
      await world.queue.publish([{ ...first, data: 3 }])
      const seen = collect(world.queue)
      await world.until(() => seen.jobs.length === 3)
      await world.queue.publish([{ ...first, data: 4 }])
      await world.until(() => seen.jobs.length === 4)
      assert.deepEqual(new Set(seen.jobs.map(({ data }) => data)), new Set([1, 2, 3, 4]))
    },
  ),
  kept('keeps two dead letters of the same id apart', async (world) => {
    await killJobs(world, [jobOf('same'), jobOf('same')])
    const [one, two] = await world.queue.deadLetters.list()
    assert.ok(one && two)
    assert.notEqual(one.id, two.id)
    await world.queue.deadLetters.discard(one.id)
    assert.deepEqual(
      (await world.queue.deadLetters.list()).map(({ id }) => id),
      [two.id],
    )
  }),
  kept('tells since when the oldest waits, also where younger ones wait before it', async (world) => {
    const { queue } = world
    await queue.pause()
    const beforeMs = world.now()
    await queue.publish([jobOf('old')])
    const afterMs = world.now()
    await world.pass(world.retryBaseMs)
    if (queue.capabilities.priorities) await queue.publish([jobOf('young')], { priority: 'high' })
    await queue.publish([jobOf('young')])
    const { oldestAtMs } = await queue.stats()
    if (oldestAtMs === undefined) return
    assert.ok(oldestAtMs >= beforeMs && oldestAtMs <= afterMs, `it says ${oldestAtMs - beforeMs} ms after publishing`)
  }),
  kept('shares jobs out between consumers of two objects, each handled once when nothing fails', async (world) => {
    const ids = Array.from({ length: 200 }, (_, index) => `job-${index}`)
    const mine: string[] = []
    const others: string[] = []
    const both = openable()
    const into = (list: string[]) => async (job: QueueJob) => {
      list.push(job.id)
      // Nobody ends before each has begun one: so each has had its share.
      if (mine.length > 0 && others.length > 0) both.open()
      await both.opened
    }
    const other = await world.another()
    world.queue.consume(into(mine), { concurrency: 2 })
    other.consume(into(others), { concurrency: 2 })
    await world.queue.publish(ids.slice(0, 100).map(jobOf))
    await other.publish(ids.slice(100).map(jobOf))
    await world.until(() => mine.length + others.length >= ids.length)
    await world.pass(world.retryBaseMs)
    assert.deepEqual([...mine, ...others].sort(), [...ids].sort())
  }),
  kept('pauses and resumes the consumers of other objects too', async (world) => {
    const other = await world.another()
    const seen = collect(other)
    await world.queue.publish([jobOf('before')])
    await world.until(() => seen.ids.includes('before'))
    await world.queue.pause()
    await world.pass(world.noticeMs ?? 0)
    await world.queue.publish([jobOf('meanwhile')])
    await other.publish([jobOf('meanwhile')])
    await world.pass(world.retryBaseMs)
    assert.deepEqual(seen.ids, ['before'])
    // What one has paused, another may resume.
    await other.resume()
    await world.until(() => seen.ids.length === 3)
  }),
  kept('stays paused when the object that paused it is closed', async (world) => {
    const other = await world.another()
    if (other === world.queue) return
    await other.pause()
    await other.close()
    await world.pass(world.noticeMs ?? 0)
    const seen = collect(world.queue)
    const late = collect(await world.another())
    await world.queue.publish([jobOf('one')])
    await world.pass(world.retryBaseMs)
    assert.deepEqual([...seen.ids, ...late.ids], [])
    await world.queue.resume()
    await world.until(() => seen.ids.length + late.ids.length === 1)
  }),
  kept('lets one object list, retry and discard the dead letters of another', async (world) => {
    const other = await world.another()
    await killJobs(world, [jobOf('one')])
    await killJobs(world, [jobOf('two')])
    const [one, two] = await other.deadLetters.list()
    assert.deepEqual([one?.job.id, two?.job.id, one?.reason], ['one', 'two', 'TypeError'])
    await other.deadLetters.discard(one?.id ?? '')
    await other.deadLetters.retry(two?.id ?? '')
    const seen = collect(other)
    await world.until(() => seen.ids.length === 1)
    assert.deepEqual(seen.ids, ['two'])
    assert.deepEqual(await world.queue.deadLetters.list(), [])
  }),
  kept('leaves others at work when one object is closed', async (world) => {
    const other = await world.another()
    if (other === world.queue) return
    const seen = collect(world.queue)
    const gone = collect(other)
    await other.close()
    const goneIds = gone.ids.length
    await world.queue.publish([jobOf('one'), jobOf('two')])
    await world.until(() => seen.ids.length === 2)
    assert.equal(gone.ids.length, goneIds)
    assert.equal((await world.queue.stats()).working, 0)
  }),
  kept('gives what a crashed consumer had in hand to another', async (world) => {
    if (!world.crash) return
    const dying = await world.another()
    const hand: string[] = []
    dying.consume(async (job) => {
      hand.push(job.id)
      await new Promise(() => undefined)
    })
    await world.queue.publish([jobOf('one'), jobOf('two')])
    await world.until(() => hand.length === 2)
    await world.crash(dying)
    const seen = collect(world.queue)
    await world.until(() => new Set(seen.ids).size === 2)
    assert.deepEqual(new Set(seen.ids), new Set(['one', 'two']))
  }),
]
