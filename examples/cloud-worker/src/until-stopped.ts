/** Resolves at SIGTERM or Ctrl-C. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    // Not `once`: Ctrl-C comes twice under npm, which passes on what the terminal has told everybody.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })
}
