interface Entry<Id> {
  readonly id: Id
  atMs: number
  position: number
}

/** Which conversations are due when: a heap whose entries can be moved, so that a claim looks only at what is due. */
export class DueIndex<Id> {
  readonly #entries = new Map<Id, Entry<Id>>()
  readonly #heap: Entry<Id>[] = []

  /** Says when `id` is due; `undefined` takes it out. */
  set(id: Id, atMs: number | undefined): void {
    const entry = this.#entries.get(id)
    if (atMs === undefined) {
      if (entry) this.#remove(entry)
    } else if (!entry) {
      const added = { id, atMs, position: this.#heap.length }
      this.#entries.set(id, added)
      this.#heap.push(added)
      this.#up(added)
    } else if (entry.atMs !== atMs) {
      entry.atMs = atMs
      this.#up(entry)
      this.#down(entry)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#heap.length = 0
  }

  /** The ids that are due, the most overdue first, at most `limit` of those that `accept` wants. */
  due(nowMs: number, options: { readonly limit: number; readonly accept: (id: Id) => boolean }): Id[] {
    const found: Id[] = []
    const seen: Entry<Id>[] = []
    while (found.length < options.limit) {
      const first = this.#heap[0]
      if (!first || first.atMs > nowMs) break
      this.#remove(first)
      seen.push(first)
      if (options.accept(first.id)) found.push(first.id)
    }
    for (const entry of seen) this.set(entry.id, entry.atMs)
    return found
  }

  #remove(entry: Entry<Id>): void {
    this.#entries.delete(entry.id)
    const last = this.#heap.pop()
    if (!last || last === entry) return
    this.#place(last, entry.position)
    this.#up(last)
    this.#down(last)
  }

  #up(entry: Entry<Id>): void {
    while (entry.position > 0) {
      const parent = this.#heap[(entry.position - 1) >> 1] as Entry<Id>
      if (parent.atMs <= entry.atMs) return
      this.#swap(entry, parent)
    }
  }

  #down(entry: Entry<Id>): void {
    for (;;) {
      const left = this.#heap[entry.position * 2 + 1]
      const right = this.#heap[entry.position * 2 + 2]
      const smaller = right && left && right.atMs < left.atMs ? right : left
      if (!smaller || smaller.atMs >= entry.atMs) return
      this.#swap(smaller, entry)
    }
  }

  #swap(a: Entry<Id>, b: Entry<Id>): void {
    const position = a.position
    this.#place(a, b.position)
    this.#place(b, position)
  }

  #place(entry: Entry<Id>, position: number): void {
    entry.position = position
    this.#heap[position] = entry
  }
}
