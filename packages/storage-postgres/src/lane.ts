/** What became of one item of a batch. */
export type Outcome<Result> = { readonly value: Result } | { readonly error: unknown }

/** What a lane does and how much of it at once. */
export interface LaneOptions<Item, Result> {
  /** Does a batch; outcomes in the order of the items. Where it rejects, all of them fail. */
  readonly run: (items: readonly Item[]) => Promise<readonly Outcome<Result>[]>
  readonly maxItems: number
  readonly maxBytes: number
  /** Items with one key are never in one batch: the later one waits. */
  readonly keyOf?: (item: Item) => string
  /** Only items of one kind share a batch. */
  readonly kindOf?: (item: Item) => string
  /** How many batches may be on their way at once. Default 1, which keeps the order of the calls. */
  readonly width?: number
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly bytes: number
  readonly resolve: (value: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Collects concurrent calls: while one batch is on its way the next one fills. So the busier a process is, the more calls
 * share a statement and a sync of the disk, and an idle one waits for nothing.
 */
export class Lane<Item, Result> {
  readonly #options: LaneOptions<Item, Result>
  #queue: Waiting<Item, Result>[] = []
  #running = 0
  #isScheduled = false
  #idle: (() => void)[] = []

  constructor(options: LaneOptions<Item, Result>) {
    this.#options = options
  }

  submit(item: Item, bytes = 0): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, bytes, resolve, reject })
      this.#schedule()
    })
  }

  /** Resolves once everything that was submitted has ended. */
  drained(): Promise<void> {
    if (this.#running === 0 && this.#queue.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#isScheduled || this.#running >= (this.#options.width ?? 1)) return
    this.#isScheduled = true
    // What is asked for in the same turn of the event loop goes along.
    setImmediate(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const batch = this.#take()
    if (batch.length === 0) return
    this.#running += 1
    void this.#run(batch).finally(() => {
      this.#running -= 1
      if (this.#queue.length > 0) this.#schedule()
      else if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
    })
    if (this.#queue.length > 0) this.#schedule()
  }

  async #run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const outcomes = await this.#options.run(batch.map(({ item }) => item))
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index]
        if (outcome && 'value' in outcome) resolve(outcome.value)
        else reject(outcome?.error ?? new Error('no outcome'))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  #take(): Waiting<Item, Result>[] {
    const { maxItems, maxBytes, keyOf, kindOf } = this.#options
    const first = this.#queue[0]
    if (!first) return []
    const kind = kindOf?.(first.item)
    const keys = new Set<string>()
    let bytes = 0
    let count = 0
    for (const { item, bytes: more } of this.#queue) {
      const key = keyOf?.(item)
      const isOther = (key !== undefined && keys.has(key)) || kindOf?.(item) !== kind
      if (count >= maxItems || (count > 0 && bytes + more > maxBytes) || isOther) break
      if (key !== undefined) keys.add(key)
      bytes += more
      count += 1
    }
    const batch = this.#queue.slice(0, count)
    this.#queue = this.#queue.slice(count)
    return batch
  }
}
