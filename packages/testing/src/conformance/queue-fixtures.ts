import assert from 'node:assert/strict'
import type { ErrorCode, JobContext, Queue, QueueConsumer, QueueJob } from '@wa-agent/core'
import type { ConformanceCase } from './conformance.ts'
import type { QueueHarness } from './queue.ts'

/** A case about one queue, which is let go of afterwards. */
export function kept(name: string, run: (world: QueueHarness) => Promise<void>): ConformanceCase<QueueHarness> {
  return {
    name,
    async run(create) {
      const world = await create()
      try {
        await run(world)
      } finally {
        await world.dispose()
      }
    },
  }
}

/** A job of tenant `acme`. */
export function jobOf(id: string): QueueJob {
  return { id, tenant: 'acme', channel: 'main', data: { id } }
}

/** A consumer that writes down what it gets. */
export function collect(queue: Queue, options: { readonly concurrency?: number } = {}) {
  const jobs: QueueJob[] = []
  const contexts: JobContext[] = []
  const consumer = queue.consume(async (job, context) => {
    jobs.push(job)
    contexts.push(context)
  }, options)
  return {
    jobs,
    contexts,
    consumer,
    get ids() {
      return jobs.map(({ id }) => id)
    },
  }
}

/** Publishes jobs and lets them fail until they are dead. */
export async function killJobs(world: QueueHarness, jobs: readonly QueueJob[]): Promise<void> {
  const before = (await world.queue.deadLetters.list()).length
  const consumer: QueueConsumer = world.queue.consume(async () => {
    throw new TypeError('text of a customer')
  })
  await world.queue.publish(jobs)
  await world.until(async () => (await world.queue.deadLetters.list()).length === before + jobs.length)
  await consumer.stop()
}

/** Work, and whether it has ended. */
export function watched(work: Promise<void>): { readonly work: Promise<void>; readonly ended: boolean } {
  const state = { work, ended: false }
  const end = () => {
    state.ended = true
  }
  work.then(end, end)
  return state
}

/** Something to wait for until the case opens it. */
export function openable(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** Expects a rejection with a `WaAgentError` of this code. */
export async function rejects(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(work, (error: { code?: unknown }) => {
    assert.equal(error.code, code)
    return true
  })
}
