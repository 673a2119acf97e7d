/**
 * One promise of a port, as data: it runs under vitest, node:test or a plain loop.
 *
 * ```ts
 * for (const { name, run } of storageConformance) test(name, () => run(async () => myStorage()))
 * ```
 */
export interface ConformanceCase<Subject> {
  /** The promise, as a fact in the present tense: the title of the test. */
  readonly name: string
  /**
   * Resolves where the promise is kept and rejects with an `AssertionError` where it is broken. `create` gives a fresh
   * subject that shares nothing with the ones before; the case starts and ends it itself.
   */
  readonly run: (create: () => Promise<Subject>) => Promise<void>
}
