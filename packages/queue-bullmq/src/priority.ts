import type { PublishOptions } from '@wa-agent/core'

/**
 * BullMQ takes lower numbers first, and jobs of one number in the order of publishing; 0 would come before all of them,
 * so nothing could come before what is normal. Measured, a number costs as much as none.
 */
export const priorities: Readonly<Record<NonNullable<PublishOptions['priority']>, number>> = {
  high: 1,
  normal: 2,
  low: 3,
}

/** The lowest score that a job of this priority has in BullMQ's sorted set, and the lowest that it has not. */
export function scoresOf(priority: number): readonly [from: string, below: string] {
  return [`${priority * 2 ** 32}`, `(${(priority + 1) * 2 ** 32}`]
}
