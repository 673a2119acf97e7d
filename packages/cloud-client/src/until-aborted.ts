/**
 * The outcome of `work`, or a rejection with the signal's reason as soon as it ends. An aborted `fetch` does not always end by
 * itself: what follows a signal may have been collected as garbage meanwhile.
 */
export function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
