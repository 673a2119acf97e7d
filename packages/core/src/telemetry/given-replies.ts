/** So many replies on their way are remembered, the newest. */
const mostRemembered = 10_000

/**
 * When the first message of a turn came in, by the first reply to it, until the end of that is known. Only in memory, since it is
 * for one metric: what another process sends, or a later start, does not count there.
 */
export class GivenReplies {
  readonly #receivedAtMs = new Map<string, number>()

  add(id: string, receivedAtMs: number): void {
    this.#receivedAtMs.set(id, receivedAtMs)
    if (this.#receivedAtMs.size <= mostRemembered) return
    const [oldest] = this.#receivedAtMs.keys()
    if (oldest !== undefined) this.#receivedAtMs.delete(oldest)
  }

  of(id: string): number | undefined {
    return this.#receivedAtMs.get(id)
  }

  forget(id: string): void {
    this.#receivedAtMs.delete(id)
  }
}
