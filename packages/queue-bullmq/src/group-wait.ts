import type { QueueJob } from '@wa-agent/core'
import { Job, type MinimalQueue } from 'bullmq'

/**
 * So long a job is put off that waits for others of its group. It is called when its turn comes; this is for a process that dies
 * before it calls.
 */
export const groupWaitMs = 10_000

const notDelayed = -3

/** The turn of a job has come that was put off. Where it has not been, or is not there yet, nothing happens. */
export async function callJob(queue: MinimalQueue, id: string): Promise<void> {
  try {
    await new Job<QueueJob | undefined>(queue, 'job', undefined, {}, id).promote()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === notDelayed)) throw error
  }
}

const pattern = /^not-before-(\d+)$/

/** The name of a job of a group that also has a delay of its own: being called must not shorten that. */
export function delayedName(atMs: number): string {
  return `not-before-${atMs}`
}

/** Before when a job must not come; 0 where it may at any time. */
export function notBeforeMs(name: string): number {
  return Number(pattern.exec(name)?.[1] ?? 0)
}
