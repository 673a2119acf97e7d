/** What must be undone in memory if the transaction fails, and cannot be read again from the disk: leases. */
export class Undo {
  #steps: (() => void)[] = []

  add(step: () => void): void {
    this.#steps.push(step)
  }

  /** The transaction is durable. */
  forget(): void {
    if (this.#steps.length > 0) this.#steps = []
  }

  /** The transaction failed. */
  run(): void {
    for (const step of this.#steps.reverse()) step()
    this.#steps = []
  }
}
