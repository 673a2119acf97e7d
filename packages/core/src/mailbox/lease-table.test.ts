import { describe, expect, test } from 'vitest'
import { LeaseTable } from './lease-table.ts'

const ana = { tenant: 'acme', channel: 'main', chat: 'ana' }
const bo = { tenant: 'acme', channel: 'main', chat: 'bo' }
const lost = expect.objectContaining({ code: 'lease_lost' })

function take(table: LeaseTable, conversation = ana, nowMs = 0) {
  return table.take(conversation, { owner: 'worker', nowMs, leaseMs: 100 })
}

function taken(table: LeaseTable, conversation = ana, nowMs = 0) {
  const lease = take(table, conversation, nowMs)
  if (!lease) throw new Error('expected a lease')
  return lease
}

const idle = { isSending: false, hasContent: true }

describe('LeaseTable', () => {
  test('gives a conversation to one holder until its lease ends', () => {
    const table = new LeaseTable()
    const first = taken(table)
    expect(take(table, ana, 99)).toBeUndefined()
    expect(take(table, bo)).toBeDefined()
    const second = taken(table, ana, 100)
    expect(second.token).toBeGreaterThan(first.token)
    expect(() => table.check(first, 50)).toThrow(lost)
    table.release(first)
    expect(() => table.check(second, 199)).not.toThrow()
    expect(() => table.check(second, 200)).toThrow(lost)
  })

  test('begins after the tokens that were given out before', () => {
    expect(taken(new LeaseTable({ afterToken: 41 })).token).toBe(42)
  })

  test('prolongs a lease and keeps its token', () => {
    const table = new LeaseTable()
    const lease = taken(table)
    expect(table.renew(lease, { nowMs: 50, leaseMs: 100 })).toEqual({ ...lease, expiresAtMs: 150 })
    expect(() => table.check(lease, 149)).not.toThrow()
    expect(() => table.renew(lease, { nowMs: 150, leaseMs: 100 })).toThrow(lost)
  })

  test('forgets expired leases that nobody gave back', () => {
    const table = new LeaseTable()
    for (let n = 0; n < 5_000; n += 1) taken(table, { ...ana, chat: `chat ${n}` }, n)
    const kept = Array.from({ length: 5_000 }, (_, n) => table.expiresAtMs(`acme/main/chat ${n}`)).filter(Boolean)
    expect(kept.length).toBeLessThan(3_000)
  })

  test('takes both leases where joined conversations both hold something', () => {
    const table = new LeaseTable()
    const [older, younger] = [taken(table, ana), taken(table, bo)]
    table.join({ key: ana, ...idle }, { key: bo, ...idle })
    for (const lease of [older, younger]) expect(() => table.check(lease, 1)).toThrow(lost)
    expect(take(table, ana, 1)).toBeDefined()
  })

  test('leaves the older lease where the younger conversation is empty', () => {
    const table = new LeaseTable()
    const older = taken(table, ana)
    table.join({ key: ana, ...idle }, { key: bo, isSending: false, hasContent: false })
    expect(() => table.check(older, 1)).not.toThrow()
  })

  test('fences a joined conversation while a former holder may still be sending', () => {
    const table = new LeaseTable()
    const younger = taken(table, bo)
    table.join({ key: ana, ...idle }, { key: bo, ...idle, isSending: true })
    expect(take(table, ana, 99)).toBeUndefined()
    table.release({ ...younger, conversation: ana })
    expect(take(table, ana, 99)).toBeUndefined()
    table.lift(ana)
    expect(take(table, ana, 99)).toBeDefined()
  })

  test('ends a fence with the lease that it stands for, and lifts no real lease', () => {
    const table = new LeaseTable()
    taken(table, ana)
    table.join({ key: ana, ...idle, isSending: true }, { key: bo, ...idle })
    const lease = taken(table, ana, 100)
    table.lift(ana)
    expect(() => table.check(lease, 101)).not.toThrow()
  })

  test('undoes a joining and a lifting that could not be made durable', () => {
    const table = new LeaseTable()
    const [older, younger] = [taken(table, ana), taken(table, bo)]
    const undo = table.join({ key: ana, ...idle }, { key: bo, ...idle })
    undo()
    for (const lease of [older, younger]) expect(() => table.check(lease, 1)).not.toThrow()
    table.fence(ana, 100)
    table.lift(ana)()
    expect(take(table, ana, 99)).toBeUndefined()
  })
})
