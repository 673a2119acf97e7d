import { execFile } from 'node:child_process'
import { type Clock, systemClock } from '@wa-agent/core'

/** Tells systemd that the service is alive. */
type Tell = (message: 'WATCHDOG=1') => void

const tellSystemd: Tell = (message) => void execFile('systemd-notify', [message], () => undefined)

/**
 * Where systemd watches the service (`WatchdogSec=`), tells it three times within the limit that the program still runs: one
 * that hangs is then started again. Elsewhere it does nothing. Returns what ends it.
 */
export function tellWatchdog(
  environment: NodeJS.ProcessEnv,
  { clock = systemClock, tell = tellSystemd }: { readonly clock?: Clock; readonly tell?: Tell } = {},
): () => void {
  const limitMs = Number(environment['WATCHDOG_USEC'] ?? 0) / 1000
  if (!environment['NOTIFY_SOCKET'] || !(limitMs > 0)) return () => undefined
  let cancel: () => void = () => undefined
  const again = () => {
    tell('WATCHDOG=1')
    cancel = clock.after(limitMs / 3, again)
  }
  again()
  return () => cancel()
}
