import { describeError, framesOf, type Logger } from '@wa-agent/core'

/** Ctrl-C, the end of a service, a closed window, Ctrl-Break. */
const signals = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  ...(process.platform === 'win32' ? (['SIGBREAK'] as const) : []),
] as const

/** Under npm one Ctrl-C comes twice: from the terminal, and from npm, which passes it on. */
const sameMs = 1000

/**
 * Resolves with the first signal that asks the process to end. One that comes later ends it at once: whoever presses Ctrl-C
 * again does not want to wait. What was not finished then is taken up at the next start.
 */
export function endSignal(
  asked: Pick<NodeJS.EventEmitter, 'on'> & { exit(code: number): void } = process,
  now: () => number = () => performance.now(),
): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstMs: number | undefined
    for (const signal of signals) {
      asked.on(signal, () => {
        const nowMs = now()
        if (firstMs !== undefined && nowMs - firstMs > sameMs) return asked.exit(130)
        firstMs ??= nowMs
        resolve(signal)
      })
    }
  })
}

/** Logs an error that nobody caught, rejections included, and ends with 1, so that the service starts the agent again. */
export function endOnErrors(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    logger.error({ error: describeError(error), frames: framesOf(error) }, 'ended by an error that nobody caught')
    process.stderr.write(
      `The desktop agent has ended by an error in itself: ${describeError(error)}. The log says more.\n`,
    )
    process.exit(1)
  })
}
