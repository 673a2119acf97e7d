import { silentLogger, WaAgentError } from '@wa-agent/core'
import { virtualClock } from '@wa-agent/testing'
import { describe, expect, test } from 'vitest'
import { Handover } from './handover.ts'

const away = () => new WaAgentError('storage_unavailable', 'Try again.', { retryable: true })

function handover(refusals: unknown[] = []) {
  const clock = virtualClock()
  const handed: number[][] = []
  const hand = async (items: readonly number[]) => {
    const refusal = typeof refusals[0] === 'function' ? refusals[0](items) : refusals.shift()
    if (refusal) throw refusal
    handed.push([...items])
  }
  const one = new Handover<number>({ hand, what: 'a number', clock, logger: silentLogger, random: () => 0.5 })
  return { clock, handed, one, add: (item: number) => one.add(async () => item) }
}

describe('a handover', () => {
  test('keeps the order, however long something takes to prepare', async () => {
    const { clock, handed, one, add } = handover()
    const { promise, resolve } = Promise.withResolvers<number>()
    one.add(() => promise)
    add(2)
    await clock.settle()
    expect(handed).toEqual([])
    resolve(1)
    await clock.settle()
    expect(handed.flat()).toEqual([1, 2])
  })

  test('tries again while the storage is away, with everything that has come meanwhile', async () => {
    const { clock, handed, add } = handover([away(), away()])
    add(1)
    await clock.settle()
    add(2)
    await clock.advance(2000)
    expect(handed).toEqual([[1, 2]])
  })

  test('leaves out what is wrong, and nothing else', async () => {
    const wrong = (items: readonly number[]) =>
      items.includes(2) ? new WaAgentError('invalid_message', 'It is wrong.') : undefined
    const { clock, handed, one } = handover([wrong])
    const { promise, resolve } = Promise.withResolvers<number>()
    one.add(() => promise)
    for (const item of [2, 3]) one.add(async () => item)
    resolve(1)
    await clock.settle()
    expect(handed.flat()).toEqual([1, 3])
  })

  test('goes on where something cannot be prepared, or is nothing', async () => {
    const { clock, handed, one, add } = handover()
    one.add(() => Promise.reject(new Error('no page')))
    one.add(async () => undefined)
    add(3)
    await clock.settle()
    expect(handed).toEqual([[3]])
  })

  test('that was stopped hands over nothing more', async () => {
    const { clock, handed, one, add } = handover([away()])
    add(1)
    await clock.settle()
    await one.stop()
    add(2)
    await clock.advance(60_000)
    expect(handed).toEqual([])
    expect(clock.timers).toBe(0)
  })
})
