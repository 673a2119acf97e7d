/** Exponential backoff: `baseMs`, twice that, four times that, ... up to `maxMs`, each a little shorter or longer. */
export interface BackoffOptions {
  /** The first pause. Default 2,000. */
  readonly baseMs?: number
  /** The longest pause. Default 600,000. */
  readonly maxMs?: number
  /** How much a pause may differ, as a share of it: 0.2 is ± 20 %. Default 0.2. */
  readonly jitter?: number
}

/** The pause after attempt number `attempt` (1 for the first), in milliseconds. `random` gives 0..1. */
export function backoffMs(attempt: number, options: BackoffOptions, random: () => number): number {
  const { baseMs = 2000, maxMs = 600_000, jitter = 0.2 } = options
  const pauseMs = Math.min(baseMs * 2 ** Math.max(0, attempt - 1), maxMs)
  return Math.round(pauseMs * (1 + jitter * (2 * random() - 1)))
}

/** Whoever waits for a storage that is away looks again after so long at most. */
const longestAwayMs = 5000

/** The pause before a job comes back whose handler rejected as `isStorageAway` tells, in milliseconds. `random` gives 0..1. */
export function storageAwayMs(options: BackoffOptions, random: () => number): number {
  return Math.min(backoffMs(1, options, random), longestAwayMs)
}
