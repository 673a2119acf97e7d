import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { virtualClock } from './virtual-clock.ts'

const nextImmediate = () => new Promise((resolve) => setImmediate(resolve))

describe('virtualClock', () => {
  test('stands still until it is advanced', async () => {
    const clock = virtualClock({ startMs: 1000 })
    let fired = false
    clock.after(10, () => {
      fired = true
    })
    await clock.settle()
    expect([clock.now(), fired]).toEqual([1000, false])
    await clock.advance(9)
    expect([clock.now(), fired]).toEqual([1009, false])
    await clock.advance(1)
    expect([clock.now(), fired]).toEqual([1010, true])
  })

  test('fires timers when they are due, and those of one instant in the order in which they were set', async () => {
    const clock = virtualClock({ startMs: 0 })
    const fired: string[] = []
    const note = (name: string) => () => fired.push(`${name}@${clock.now()}`)
    clock.after(20, note('b'))
    clock.after(10, note('a'))
    clock.after(20, note('c'))
    clock.after(-5, note('past'))
    await clock.advance(100)
    expect(fired).toEqual(['past@0', 'a@10', 'b@20', 'c@20'])
    expect(clock.now()).toBe(100)
  })

  test('does not fire what was cancelled', async () => {
    const clock = virtualClock()
    const cancel = clock.after(10, () => expect.unreachable())
    cancel()
    await clock.advance(20)
    expect(clock.timers).toBe(0)
  })

  test('lets promises, immediates and files come to rest before the next timer', async () => {
    await using folder = await temporaryFolder()
    const clock = virtualClock({ startMs: 0 })
    const seen: number[] = []
    clock.after(1, async () => {
      for (let round = 0; round < 20; round += 1) await nextImmediate()
      const file = await open(join(folder.path, 'file'), 'w')
      await file.write('text')
      await file.sync()
      await file.close()
      seen.push(clock.now())
      clock.after(1, () => seen.push(clock.now()))
    })
    clock.after(50, () => seen.push(clock.now()))
    await clock.advance(50)
    expect(seen).toEqual([1, 2, 50])
  })

  test('runs until a condition is true and no further', async () => {
    const clock = virtualClock({ startMs: 0 })
    let ticks = 0
    const tick = () => {
      ticks += 1
      clock.after(1000, tick)
    }
    tick()
    await clock.runUntil(() => ticks === 4)
    expect([clock.now(), clock.timers]).toEqual([3000, 1])
    await expect(clock.runUntil(() => false, { limitMs: 5000 })).rejects.toThrow('within 5000 virtual milliseconds')
  })

  test('runs until no timer is set', async () => {
    const clock = virtualClock({ startMs: 0 })
    clock.after(10, () => clock.after(10, () => undefined))
    await clock.runUntil('idle')
    expect(clock.now()).toBe(20)
  })

  test('says so when nothing is left that could happen', async () => {
    const clock = virtualClock({ patienceMs: 1 })
    await expect(clock.runUntil(() => false)).rejects.toThrow('no timer left')
  })

  test('finishes work that waits for timers and gives its outcome', async () => {
    const clock = virtualClock()
    const later = <Value>(value: Value) => new Promise<Value>((resolve) => clock.after(60_000, () => resolve(value)))
    expect(await clock.finish(later('done'))).toBe('done')
    const failure = later(undefined).then(() => Promise.reject(new Error('failed')))
    await expect(clock.finish(failure)).rejects.toThrow('failed')
  })

  test('jumps without firing: a timer waits as long as before', async () => {
    const clock = virtualClock({ startMs: 1_000_000 })
    const fired: number[] = []
    clock.after(10, () => fired.push(clock.now()))
    clock.jump(3_600_000)
    await clock.settle()
    expect([clock.now(), fired]).toEqual([4_600_000, []])
    clock.jump(-4_000_000)
    expect(clock.now()).toBe(600_000)
    await clock.advance(10)
    expect(fired).toEqual([600_010])
  })
})

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'wa-agent-clock-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
