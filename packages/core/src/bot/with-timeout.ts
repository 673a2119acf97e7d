import type { Clock } from '../clock.ts'
import { WaAgentError } from '../errors.ts'

/** What work with a time limit gets. The signal is made when it is first looked at: most sends end without one. */
class TimeLimit {
  #controller: AbortController | undefined
  #reason: unknown

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  end(reason: unknown): void {
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}

/** Runs `work` with a signal that is aborted after `timeoutMs`; rejects with `send_timeout` then, whatever `work` does. */
export function withTimeout<Result>(
  work: (limit: { readonly signal: AbortSignal }) => Promise<Result>,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const limit = new TimeLimit()
    const cancel = clock.after(timeoutMs, () => {
      const advice = 'Look at its connection or raise sendTimeoutMs.'
      const error = new WaAgentError('send_timeout', `The transport did not answer within ${timeoutMs} ms. ${advice}`, {
        retryable: true,
      })
      limit.end(error)
      reject(error)
    })
    // `work` may also throw at once.
    new Promise<Result>((begin) => begin(work(limit))).then(
      (result) => {
        cancel()
        resolve(result)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}
