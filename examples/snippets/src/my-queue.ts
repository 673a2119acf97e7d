import { type Clock, memoryQueue, type Queue } from '@wa-agent/core'

/** Stands for a queue of your own. */
export const myQueue = (clock: Clock): Queue =>
  memoryQueue({ clock, random: () => 0.5, retry: { maxAttempts: 3, baseMs: 2000, jitter: 0 } })
