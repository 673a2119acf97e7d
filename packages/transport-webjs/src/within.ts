import type { Clock } from '@wa-agent/core'

/** What took too long. */
export class TooLongError extends Error {
  override readonly name = 'TooLongError'
}

/** The outcome of `work`, or a `TooLongError` after `limitMs`. What comes of it later is nobody's concern. */
export function within<Value>(
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
  work: Promise<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, () => reject(new TooLongError(`no answer within ${limitMs} ms`)))
    work.then(resolve, reject).finally(cancel)
  })
}
