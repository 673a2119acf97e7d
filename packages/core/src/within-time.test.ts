import { describe, expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { type TimeLimit, withinTime } from './within-time.ts'

function limited<Result>(work: (limit: TimeLimit) => Result | Promise<Result>, signal?: AbortSignal) {
  const waiting: (() => void)[] = []
  const clock: Clock = {
    now: () => 0,
    after(_, callback) {
      waiting.push(callback)
      return () => waiting.splice(waiting.indexOf(callback), 1)
    },
  }
  const result = withinTime(work, { clock, timeoutMs: 10, signal, timeoutError: () => new Error('too slow') })
  return { result, waiting, expire: () => waiting[0]?.() }
}

const forever = () => new Promise<never>(() => undefined)

describe('work', () => {
  test('that is done at once needs no timer', async () => {
    const { result, waiting } = limited(() => 5)
    expect(waiting).toHaveLength(0)
    expect(await result).toBe(5)
  })

  test('that ends in time gives its result and leaves no timer behind', async () => {
    const { result, waiting } = limited(async () => 5)
    expect(await result).toBe(5)
    expect(waiting).toHaveLength(0)
    await expect(limited(() => Promise.reject(new Error('boom'))).result).rejects.toThrow('boom')
    const throwing = () => {
      throw new Error('boom')
    }
    await expect(limited(throwing).result).rejects.toThrow('boom')
  })

  test('that takes too long fails, and is told', async () => {
    let seen: AbortSignal | undefined
    const { result, expire } = limited(({ signal }) => {
      seen = signal
      return forever()
    })
    expire()
    await expect(result).rejects.toThrow('too slow')
    expect(seen?.reason).toEqual(new Error('too slow'))
  })

  test('learns that it is over also where it looks at its signal late', async () => {
    let late: TimeLimit | undefined
    const { result, expire } = limited((limit) => {
      late = limit
      return forever()
    })
    expire()
    await expect(result).rejects.toThrow('too slow')
    expect(late?.signal.aborted).toBe(true)
  })

  test('that is stopped fails with the reason', async () => {
    const controller = new AbortController()
    let seen: AbortSignal | undefined
    const { result, waiting } = limited(({ signal }) => {
      seen = signal
      return forever()
    }, controller.signal)
    controller.abort(new Error('stop'))
    await expect(result).rejects.toThrow('stop')
    expect([seen?.aborted, waiting.length]).toEqual([true, 0])
  })

  test('is not begun where it is stopped already', async () => {
    let begun = false
    const { result } = limited(
      () => {
        begun = true
      },
      AbortSignal.abort(new Error('stop')),
    )
    await expect(result).rejects.toThrow('stop')
    expect(begun).toBe(false)
  })

  test('is waited for whoever made its promise', async () => {
    // biome-ignore lint/suspicious/noThenProperty: other libraries' promises are such objects
    const foreign = { then: (resolve: (value: number) => void) => resolve(5) }
    expect(await limited(() => foreign as never).result).toBe(5)
  })
})
