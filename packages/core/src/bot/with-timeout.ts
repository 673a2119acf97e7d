import type { Clock } from '../clock.ts'
import { WaAgentError } from '../errors.ts'

/** Runs `work` with a signal that is aborted after `timeoutMs`; rejects with `send_timeout` then, whatever `work` does. */
export async function withTimeout<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Result> {
  const controller = new AbortController()
  let cancel: () => void = () => undefined
  const timeout = new Promise<never>((_, reject) => {
    cancel = clock.after(timeoutMs, () => {
      const error = new WaAgentError(
        'send_timeout',
        `The transport did not answer within ${timeoutMs} ms. Look at its connection or raise sendTimeoutMs.`,
        {
          retryable: true,
        },
      )
      controller.abort(error)
      reject(error)
    })
  })
  try {
    return await Promise.race([work(controller.signal), timeout])
  } finally {
    cancel()
  }
}
