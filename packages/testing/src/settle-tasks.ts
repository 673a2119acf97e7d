/** How many rounds of the event loop must pass with nothing to do: promises may begin the next thing a round later. */
const quietRounds = 3

/**
 * Waits until this process has come to rest: no promise callback, no `setImmediate` and no file operation is under way.
 * Timers and sockets do not count. Gives up waiting, without an error, after `patienceMs` real milliseconds.
 */
export async function settleTasks(patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs
  for (let quiet = 0; quiet < quietRounds; ) {
    await new Promise((resolve) => setImmediate(resolve))
    quiet = isBusy() ? 0 : quiet + 1
    if (quiet === 0 && performance.now() > deadline) return
  }
}

/** How Node calls what is under way: `setImmediate`, and file operations, which answer from a thread pool. */
const busyNames: ReadonlySet<string> = new Set(['Immediate', 'FSReqCallback', 'FSReqPromise', 'CloseReq'])

function isBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => busyNames.has(name))
}
