import { isWaAgentError } from '@wa-agent/core'
import { isEnvironmental, toStorageError } from './errors.ts'

/** What a group needs of a database. */
export interface Transactions {
  begin(): void
  commit(): void
  rollback(): void
  /** After a rollback: what memory knows may be ahead of the disk. */
  undone(): void
  /** After a commit of so many operations with so much content. */
  committed(group: { readonly operations: number; readonly bytes: number }): void
}

interface Operation {
  readonly run: () => unknown
  readonly bytes: number
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

type Outcome = { readonly value: unknown } | { readonly refusal: unknown }

/** More than this in one transaction would keep the event loop for too long. */
const maxGroup = 512

/**
 * Runs all writes that were asked for in one turn of the event loop in one transaction: one sync to the disk for all of
 * them. A promise is kept only after the commit.
 *
 * An operation refuses by throwing a `WaAgentError` before it has changed anything; that concerns nobody else. Any other
 * error undoes the group; then each operation has a transaction of its own, so that only the culprit fails.
 */
export class GroupCommit {
  readonly #transactions: Transactions
  #queue: Operation[] = []
  #scheduled = false
  #idle: (() => void)[] = []

  constructor(transactions: Transactions) {
    this.#transactions = transactions
  }

  /** Runs `run`, which is synchronous and writes about `bytes`, in the next group. */
  submit<Value>(run: () => Value, bytes = 0): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ run, bytes, resolve, reject })
      this.#schedule()
    })
  }

  /** Resolves once everything that was submitted is committed or has failed. */
  drained(): Promise<void> {
    if (!this.#scheduled) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    const group = this.#queue.length <= maxGroup ? this.#queue : this.#queue.slice(0, maxGroup)
    this.#queue = this.#queue.slice(group.length)
    this.#scheduled = false
    this.#runGroup(group)
    if (this.#queue.length > 0) this.#schedule()
    else for (const resolve of this.#idle.splice(0)) resolve()
  }

  #runGroup(group: readonly Operation[]): void {
    let outcomes: Outcome[]
    try {
      outcomes = this.#transact(group)
    } catch (error) {
      if (group.length > 1 && !isEnvironmental(error)) {
        for (const operation of group) this.#runGroup([operation])
      } else {
        const failure = toStorageError(error)
        for (const { reject } of group) reject(failure)
      }
      return
    }
    for (const [index, outcome] of outcomes.entries()) {
      const operation = group[index]
      if ('refusal' in outcome) operation?.reject(outcome.refusal)
      else operation?.resolve(outcome.value as never)
    }
  }

  #transact(group: readonly Operation[]): Outcome[] {
    this.#transactions.begin()
    try {
      const outcomes = group.map(({ run }): Outcome => {
        try {
          return { value: run() }
        } catch (error) {
          if (isWaAgentError(error)) return { refusal: error }
          throw error
        }
      })
      this.#transactions.commit()
      const bytes = group.reduce((sum, operation) => sum + operation.bytes, 0)
      this.#transactions.committed({ operations: group.length, bytes })
      return outcomes
    } catch (error) {
      this.#transactions.rollback()
      this.#transactions.undone()
      throw error
    }
  }
}
