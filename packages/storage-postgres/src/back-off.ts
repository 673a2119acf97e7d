import { setTimeout as wait } from 'node:timers/promises'

/** Waits before another attempt: longer with each, and not all processes at the same moment. */
export function backOffMs(attempt: number): Promise<void> {
  const longest = Math.min(1_000, 10 * 2 ** Math.min(attempt, 7))
  return wait(longest / 2 + (Math.random() * longest) / 2)
}
