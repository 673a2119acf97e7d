/**
 * A map that forgets what was not used for long. It holds two generations, the younger one up to the limit; what is not
 * used while that fills up is forgotten. It forgets only when `trim` is called, never in between.
 */
export class LruMap<Key, Value> {
  readonly #limit: number
  #young = new Map<Key, Value>()
  #old = new Map<Key, Value>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old === undefined) return undefined
    this.#old.delete(key)
    this.#young.set(key, old)
    return old
  }

  set(key: Key, value: Value): void {
    this.#young.set(key, value)
    this.#old.delete(key)
  }

  delete(key: Key): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }

  /** Forgets the older generation once the younger one is full. */
  trim(): void {
    if (this.#young.size <= this.#limit) return
    this.#old = this.#young
    this.#young = new Map()
  }
}
