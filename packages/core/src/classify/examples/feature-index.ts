/**
 * Numbers features in the order in which they are first added: a hash table from 32-bit hashes to 0, 1, 2, …
 * Open addressing in one typed array, because this is looked up a hundred times a message. Two n-grams with the same
 * 32-bit hash share a number; among 100,000 features that happens to about one.
 */
export class FeatureIndex {
  size = 0
  /** Pairs of (hash, number + 1); a second entry of 0 means the place is free. */
  private table: Int32Array
  private shift: number

  constructor(expectedSize = 1024) {
    const bits = Math.max(4, 32 - Math.clz32(expectedSize * 2))
    this.table = new Int32Array(2 << bits)
    this.shift = 32 - bits
  }

  /** The feature's number, or -1 when it was never added. */
  find(hash: number): number {
    return (this.table[this.place(hash) + 1] as number) - 1
  }

  /** The feature's number, a new one when it was never added. */
  add(hash: number): number {
    const place = this.place(hash)
    const found = this.table[place + 1] as number
    if (found !== 0) return found - 1
    this.table[place] = hash
    this.table[place + 1] = ++this.size
    const added = this.size - 1
    if (this.size * 4 > this.table.length) this.grow()
    return added
  }

  /** An index of those features for which `keep` holds, and for each old number the new one or -1. */
  compact(keep: (feature: number) => boolean): { index: FeatureIndex; renumbered: Int32Array } {
    const hashes = new Int32Array(this.size)
    for (let place = 0; place < this.table.length; place += 2) {
      const entry = this.table[place + 1] as number
      if (entry !== 0) hashes[entry - 1] = this.table[place] as number
    }
    const index = new FeatureIndex(this.size)
    const renumbered = new Int32Array(this.size).fill(-1)
    for (let feature = 0; feature < this.size; feature++) {
      if (keep(feature)) renumbered[feature] = index.add(hashes[feature] as number)
    }
    return { index, renumbered }
  }

  private place(hash: number): number {
    const mask = this.table.length - 1
    let place = (Math.imul(hash, 0x9e3779b1) >>> this.shift) << 1
    while (this.table[place + 1] !== 0 && this.table[place] !== hash) place = (place + 2) & mask
    return place
  }

  private grow(): void {
    const old = this.table
    this.table = new Int32Array(old.length * 2)
    this.shift--
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue
      const place = this.place(old[from] as number)
      this.table[place] = old[from] as number
      this.table[place + 1] = old[from + 1] as number
    }
  }
}
