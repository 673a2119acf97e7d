/** Something that is due at a time. */
interface DueEntry<Id> {
  readonly id: Id
  atMs: number
  position: number
}

/** A heap whose entries can be moved: the first is the most overdue. */
export class DueHeap<Id> {
  readonly #entries = new Map<Id, DueEntry<Id>>()
  readonly #heap: DueEntry<Id>[] = []

  get first(): DueEntry<Id> | undefined {
    return this.#heap[0]
  }

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

  #remove(entry: DueEntry<Id>): void {
    this.#entries.delete(entry.id)
    const last = this.#heap.pop()
    if (!last || last === entry) return
    this.#place(last, entry.position)
    this.#up(last)
    this.#down(last)
  }

  #up(entry: DueEntry<Id>): void {
    while (entry.position > 0) {
      const parent = this.#heap[(entry.position - 1) >> 1] as DueEntry<Id>
      if (parent.atMs <= entry.atMs) return
      this.#swap(entry, parent)
    }
  }

  #down(entry: DueEntry<Id>): void {
    for (;;) {
      const left = this.#heap[entry.position * 2 + 1]
      const right = this.#heap[entry.position * 2 + 2]
      const smaller = right && left && right.atMs < left.atMs ? right : left
      if (!smaller || smaller.atMs >= entry.atMs) return
      this.#swap(smaller, entry)
    }
  }

  #swap(a: DueEntry<Id>, b: DueEntry<Id>): void {
    const position = a.position
    this.#place(a, b.position)
    this.#place(b, position)
  }

  #place(entry: DueEntry<Id>, position: number): void {
    entry.position = position
    this.#heap[position] = entry
  }
}
