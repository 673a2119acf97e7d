/**
 * A small seeded generator (mulberry32): the same seed gives the same numbers, each in [0, 1). A class and not a
 * closure, so that all of them run the same compiled code.
 */
export class SeededRandom {
  private state: number

  constructor(seed: number) {
    this.state = seed | 0
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Fisher-Yates in place. */
export function shuffle(numbers: Int32Array, random: SeededRandom): void {
  for (let last = numbers.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1))
    const moved = numbers[last] as number
    numbers[last] = numbers[other] as number
    numbers[other] = moved
  }
}
