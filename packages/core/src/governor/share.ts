/** Which part of what all workers may do together is this worker's. */
export interface Share {
  /** 0 for the first. */
  readonly place: number
  /** How many there are, at least 1. */
  readonly workers: number
}

/** How many of `count` whole things are for this worker: together they have exactly all of them. */
export function countOf(count: number, { place, workers }: Share): number {
  if (!Number.isFinite(count)) return count
  return Math.floor(count / workers) + (place < count % workers ? 1 : 0)
}
