import { waitFor } from '../clock.ts'
import { describeError, isWaAgentError } from '../errors.ts'
import { logFieldsOf } from '../telemetry/log-fields.ts'
import type { Engine } from './engine.ts'
import type { KeptLease } from './lease-keeper.ts'

const firstPauseMs = 100
const longestPauseMs = 5000

/**
 * Writes what must not be forgotten: while the storage is away it is tried again, until the lease is lost. Rejects with
 * what is not retryable (e.g. `lease_lost`), and with the last error when the lease's signal ends it.
 */
export async function persist<Result>(
  engine: Engine,
  write: () => Promise<Result>,
  { lease, doing }: { readonly lease: KeptLease; readonly doing: string },
): Promise<Result> {
  const { signal } = lease
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await write()
    } catch (error) {
      if (signal.aborted || !isWaAgentError(error) || !error.retryable) throw error
      engine.settings.logger.warn(
        { ...logFieldsOf(lease.current.conversation), error: describeError(error), pauseMs },
        `the storage is away while ${doing}, trying again`,
      )
      await waitFor(engine.settings.clock, pauseMs, signal)
    }
  }
}
