import type { KeepJobs } from 'bullmq'

/** How many jobs are kept, and for how long. Both are limits: what is over one of them is forgotten. */
export interface KeepOptions {
  readonly maxCount?: number
  readonly maxAgeMs?: number
}

/** The same as BullMQ wants it. */
export function keepJobs(options: KeepOptions | undefined): KeepJobs | undefined {
  if (options === undefined) return undefined
  const { maxCount, maxAgeMs } = options
  const count = maxCount === undefined ? {} : { count: maxCount }
  if (maxAgeMs === undefined) return maxCount === undefined ? undefined : { count: maxCount }
  return { age: Math.ceil(maxAgeMs / 1000), ...count }
}
