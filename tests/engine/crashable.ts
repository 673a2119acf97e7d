import type { Storage } from '@wa-agent/core'

/** A storage whose process can die: from then on nothing that it was asked gets an answer. */
export interface CrashableStorage {
  readonly storage: Storage
  crash(): void
}

type Members = Readonly<Record<string, unknown>>

/** Wraps `storage`, which plays the disk and survives. */
export function crashable(storage: Storage): CrashableStorage {
  let dead = false
  const never = new Promise<never>(() => undefined)
  const alive = <Result>(result: Result): Result | Promise<never> => (dead ? never : result)
  const wrap = (target: object): unknown =>
    new Proxy(target, {
      get(_, name) {
        const value = (target as Members)[String(name)]
        if (name === 'deadLetters' || name === 'records') return wrap(value as object)
        if (typeof value !== 'function') return value
        if (name === 'open' || name === 'close') return async () => undefined
        return (...parameters: unknown[]) => {
          if (dead) return never
          return (Reflect.apply(value, target, parameters) as Promise<unknown>).then(alive, (error: unknown) => {
            if (dead) return never
            throw error
          })
        }
      },
    })
  return {
    storage: wrap(storage) as Storage,
    crash() {
      dead = true
    },
  }
}
