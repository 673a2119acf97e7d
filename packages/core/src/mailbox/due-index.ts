import { DueHeap } from './due-heap.ts'

/** What of all that is due is wanted. */
export interface DueQuery<Id, Channel> {
  readonly limit: number
  /** Default: all. */
  readonly channels?: readonly Channel[] | undefined
  readonly accept: (id: Id) => boolean
}

/**
 * Which conversations of which channel are due when: a claim looks only at what is due in the channels that it is for. `Id` and
 * `Channel` are whatever the storage calls them by.
 */
export class DueIndex<Id, Channel> {
  readonly #heaps = new Map<Channel, DueHeap<Id>>()

  /** Says when `id` is due; `undefined` takes it out. */
  set(channel: Channel, id: Id, atMs: number | undefined): void {
    let heap = this.#heaps.get(channel)
    if (!heap) {
      if (atMs === undefined) return
      heap = new DueHeap()
      this.#heaps.set(channel, heap)
    }
    heap.set(id, atMs)
  }

  clear(): void {
    this.#heaps.clear()
  }

  /** The ids that are due, the most overdue first, at most `limit` of those that `accept` wants. */
  due(nowMs: number, { limit, channels, accept }: DueQuery<Id, Channel>): Id[] {
    const heaps = this.#dueHeaps(nowMs, channels)
    const found: Id[] = []
    const seen: (readonly [DueHeap<Id>, Id, number])[] = []
    while (found.length < limit) {
      const heap = mostOverdue(heaps)
      const first = heap?.first
      if (!heap || !first || first.atMs > nowMs) break
      heap.set(first.id, undefined)
      seen.push([heap, first.id, first.atMs])
      if (accept(first.id)) found.push(first.id)
    }
    for (const [heap, id, atMs] of seen) heap.set(id, atMs)
    return found
  }

  /** The channels in which something was due before. */
  overdue(beforeMs: number): Channel[] {
    return [...this.#heaps].filter(([, { first }]) => first && first.atMs < beforeMs).map(([channel]) => channel)
  }

  #dueHeaps(nowMs: number, channels: readonly Channel[] | undefined): DueHeap<Id>[] {
    const wanted = channels ? channels.map((channel) => this.#heaps.get(channel)) : [...this.#heaps.values()]
    return wanted.filter((heap) => heap?.first !== undefined && heap.first.atMs <= nowMs) as DueHeap<Id>[]
  }
}

function mostOverdue<Id>(heaps: readonly DueHeap<Id>[]): DueHeap<Id> | undefined {
  let earliest: DueHeap<Id> | undefined
  for (const heap of heaps) {
    if (heap.first && !(earliest?.first && earliest.first.atMs <= heap.first.atMs)) earliest = heap
  }
  return earliest
}
