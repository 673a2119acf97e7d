import { isWaAgentError, type WaAgentError } from '@wa-agent/core'
import { isEnvironmental, syncFailed, toStorageError } from './errors.ts'

/** What a group needs of a database. */
export interface Transactions {
  begin(): void
  commit(): void
  rollback(): void
  /** After a rollback: what memory knows may be ahead of the disk. */
  undone(): void
  /** After a commit of so many operations with so much content. */
  committed(group: { readonly operations: number; readonly bytes: number }): void
  /** Resolves once what was committed is on the disk. Absent where nothing has to wait for the disk. */
  readonly sync?: () => Promise<void>
}

interface Operation {
  readonly run: () => unknown
  readonly bytes: number
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

type Outcome = { readonly value: unknown } | { readonly refusal: unknown }

/** Keeps the promise of one operation. */
type Settle = () => void

/** More than this in one transaction would keep the event loop for too long. */
const maxGroup = 512

/**
 * Runs all writes that were asked for in one turn of the event loop in one transaction: one sync to the disk for all of
 * them. While the disk is busy everything else goes on, and what is asked for meanwhile is the next group. A promise is
 * kept only after the commit and its sync.
 *
 * An operation refuses by throwing a `WaAgentError` before it has changed anything; that concerns nobody else. Any other
 * error undoes the group; then each operation has a transaction of its own, so that only the culprit fails.
 */
export class GroupCommit {
  readonly #transactions: Transactions
  #queue: Operation[] = []
  /** A group is about to run, or is on its way to the disk. */
  #isBusy = false
  /** Set for good once the disk failed to sync: what it holds is not known any more, and asking again would not tell. */
  #failure: WaAgentError | undefined
  #idle: (() => void)[] = []

  constructor(transactions: Transactions) {
    this.#transactions = transactions
  }

  /** Runs `run`, which is synchronous and writes about `bytes`, in the next group. */
  submit<Value>(run: () => Value, bytes = 0): Promise<Value> {
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#queue.push({ run, bytes, resolve, reject })
      this.#schedule()
    })
  }

  /** Whether something was submitted that is not on the disk yet. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Resolves once everything that was submitted is committed or has failed. */
  drained(): Promise<void> {
    if (!this.#isBusy) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    const group = this.#queue.length <= maxGroup ? this.#queue : this.#queue.slice(0, maxGroup)
    this.#queue = this.#queue.slice(group.length)
    const settled = this.#runGroup(group)
    const { sync } = this.#transactions
    if (sync) {
      sync().then(
        () => this.#finish(settled),
        (error: unknown) => this.#fail(group, error),
      )
    } else {
      this.#finish(settled)
    }
  }

  #finish(settled: readonly Settle[]): void {
    for (const settle of settled) settle()
    this.#isBusy = false
    if (this.#queue.length > 0) this.#schedule()
    else for (const resolve of this.#idle.splice(0)) resolve()
  }

  #fail(group: readonly Operation[], cause: unknown): void {
    const failure = syncFailed(cause)
    this.#failure = failure
    this.#finish([...group, ...this.#queue.splice(0)].map((operation) => () => operation.reject(failure)))
  }

  #runGroup(group: readonly Operation[]): Settle[] {
    try {
      const outcomes = this.#transact(group)
      return group.map((operation, index) => settleOf(operation, outcomes[index] as Outcome))
    } catch (error) {
      if (group.length > 1 && !isEnvironmental(error)) return group.flatMap((operation) => this.#runGroup([operation]))
      const failure = toStorageError(error)
      return group.map((operation) => () => operation.reject(failure))
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

function settleOf({ resolve, reject }: Operation, outcome: Outcome): Settle {
  return 'refusal' in outcome ? () => reject(outcome.refusal) : () => resolve(outcome.value as never)
}
