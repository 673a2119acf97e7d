import type { RedisOptions } from 'ioredis'

type Reconnecting = Pick<RedisOptions, 'reconnectOnError' | 'retryStrategy'>

/** So long a client waits that has met a replica: the address may lead to it for a while. */
const pauseMs = 1000

/**
 * After a failover of a managed Redis its address leads to another one, while the old one lives on as a replica that only reads:
 * a connection to that one must be made anew. What it refuses it has not begun, so `sendAgain` is safe. `tell` hears of each.
 */
export function leavingReplicas(
  given: Reconnecting,
  sendAgain: boolean,
  tell: (error: Error) => void = () => undefined,
): Reconnecting {
  const { reconnectOnError, retryStrategy = (times: number) => Math.min(times * 50, 2000) } = given
  let leastMs = 0
  return {
    reconnectOnError(error) {
      if (!error.message.startsWith('READONLY')) return reconnectOnError?.(error) ?? false
      leastMs = pauseMs
      tell(error)
      return sendAgain ? 2 : 1
    },
    retryStrategy(times) {
      const ms = retryStrategy?.(times)
      const waited = typeof ms === 'number' ? Math.max(ms, leastMs) : ms
      leastMs = 0
      return waited
    },
  }
}
