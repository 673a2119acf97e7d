import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DueIndex } from './due-index.ts'

const all = { limit: Number.POSITIVE_INFINITY, accept: () => true }
const only = 'channel'

describe('DueIndex', () => {
  test('gives what is due, the most overdue first', () => {
    const index = new DueIndex<string, string>()
    index.set(only, 'late', 30)
    index.set(only, 'first', 10)
    index.set(only, 'second', 20)
    expect(index.due(20, all)).toEqual(['first', 'second'])
    expect(index.due(9, all)).toEqual([])
  })

  test('gives no more than asked for and only what is accepted, and keeps the rest', () => {
    const index = new DueIndex<number, string>()
    for (const n of [1, 2, 3, 4]) index.set(only, n, n)
    expect(index.due(9, { limit: 2, accept: (n) => n !== 1 })).toEqual([2, 3])
    expect(index.due(9, all)).toEqual([1, 2, 3, 4])
  })

  test('gives only what is due in the channels that are asked for, as few or as many as they are', () => {
    const index = new DueIndex<string, string>()
    index.set('a', 'a2', 20)
    index.set('b', 'b1', 10)
    index.set('c', 'c3', 30)
    index.set('c', 'c1', 10)
    const of = (...channels: string[]) => index.due(30, { ...all, channels })
    expect([of('c'), of('c', 'a', 'nothing'), of()]).toEqual([['c1', 'c3'], ['c1', 'a2', 'c3'], []])
    expect(index.due(30, { ...all, limit: 2, channels: ['a', 'b'] })).toEqual(['b1', 'a2'])
    expect([index.overdue(20), index.overdue(31)]).toEqual([
      ['b', 'c'],
      ['a', 'b', 'c'],
    ])
  })

  test('does what sorting all of them would, whatever is changed in between', () => {
    const changes = fc.array(fc.tuple(fc.nat(20), fc.option(fc.nat(50), { nil: undefined })), { maxLength: 200 })
    const subset = fc.option(fc.subarray([0, 1, 2]), { nil: undefined })
    fc.assert(
      fc.property(changes, fc.nat(50), subset, (sets, nowMs, channels) => {
        const index = new DueIndex<number, number>()
        const model = new Map<number, number>()
        for (const [id, atMs] of sets) {
          index.set(id % 3, id, atMs)
          if (atMs === undefined) model.delete(id)
          else model.set(id, atMs)
        }
        const wanted = [...model].filter(([id, atMs]) => atMs <= nowMs && (channels?.includes(id % 3) ?? true))
        const due = wanted.map(([, atMs]) => atMs).sort((a, b) => a - b)
        const times = () => index.due(nowMs, { ...all, channels }).map((id) => model.get(id))
        expect(times()).toEqual(due)
        expect(times()).toEqual(due)
      }),
    )
  })
})
