import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DueIndex } from './due-index.ts'

const all = { limit: Number.POSITIVE_INFINITY, accept: () => true }

describe('DueIndex', () => {
  test('gives what is due, the most overdue first', () => {
    const index = new DueIndex<string>()
    index.set('late', 30)
    index.set('first', 10)
    index.set('second', 20)
    expect(index.due(20, all)).toEqual(['first', 'second'])
    expect(index.due(9, all)).toEqual([])
  })

  test('gives no more than asked for and only what is accepted, and keeps the rest', () => {
    const index = new DueIndex<number>()
    for (const n of [1, 2, 3, 4]) index.set(n, n)
    expect(index.due(9, { limit: 2, accept: (n) => n !== 1 })).toEqual([2, 3])
    expect(index.due(9, all)).toEqual([1, 2, 3, 4])
  })

  test('does what sorting all of them would, whatever is changed in between', () => {
    const changes = fc.array(fc.tuple(fc.nat(20), fc.option(fc.nat(50), { nil: undefined })), { maxLength: 200 })
    fc.assert(
      fc.property(changes, fc.nat(50), (sets, nowMs) => {
        const index = new DueIndex<number>()
        const model = new Map<number, number>()
        for (const [id, atMs] of sets) {
          index.set(id, atMs)
          if (atMs === undefined) model.delete(id)
          else model.set(id, atMs)
        }
        const due = [...model].filter(([, atMs]) => atMs <= nowMs).map(([, atMs]) => atMs)
        const times = () => index.due(nowMs, all).map((id) => model.get(id))
        expect(times()).toEqual(due.sort((a, b) => a - b))
        expect(times()).toEqual(due)
      }),
    )
  })
})
