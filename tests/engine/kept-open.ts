import type { memoryStorage } from '@wa-agent/core'

/** The same storage for the next process: who closes it closes nothing. */
export function keptOpen(storage: ReturnType<typeof memoryStorage>): ReturnType<typeof memoryStorage> {
  return new Proxy(storage, {
    get(target, name) {
      if (name === 'close') return async () => undefined
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
