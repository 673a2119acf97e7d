import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type NewOrder, sqliteOrderStore } from './order-store.ts'

const anna = { tenant: 'shop', chat: 'anna' }
const line = { product: 'tape', key: 'brown', label: 'brown tape (66 m)', quantity: 2, priceCents: 180 }
const newOrder = (draft: string, change: Partial<NewOrder> = {}): NewOrder => ({
  customer: anna,
  draft,
  lines: [line],
  address: '12 Hill Road, Leeds',
  totalCents: 860,
  nowMs: 1000,
  ...change,
})

/** A folder that is removed at the end of the test. */
function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'orders-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

test('keeps orders in a file beyond its own life', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'data', 'shop.db')
  const first = sqliteOrderStore({ path })
  const placed = await first.place(newOrder('turn-1'))
  await first.close()
  const second = sqliteOrderStore({ path })
  expect(await second.find(anna, 'PK1001')).toEqual(placed)
  await second.close()
})

test('places one draft once, also when two attempts come at the same moment', async () => {
  const store = sqliteOrderStore({ path: ':memory:' })
  const [first, second] = await Promise.all([store.place(newOrder('turn-1')), store.place(newOrder('turn-1'))])
  expect(second).toEqual(first)
  expect(await store.latest(anna, 9)).toHaveLength(1)
})

test('gives every order of a burst its own number', async () => {
  const store = sqliteOrderStore({ path: ':memory:' })
  const placed = await Promise.all(Array.from({ length: 50 }, (_, at) => store.place(newOrder(`turn-${at}`))))
  expect(new Set(placed.map((order) => order.number)).size).toBe(50)
})

test('keeps drafts of two customers and of two tenants apart', async () => {
  const store = sqliteOrderStore({ path: ':memory:' })
  const others = [
    { tenant: 'shop', chat: 'boris' },
    { tenant: 'other', chat: 'anna' },
  ]
  await Promise.all([anna, ...others].map((customer) => store.place(newOrder('turn-1', { customer }))))
  for (const customer of [anna, ...others]) expect(await store.latest(customer, 9)).toHaveLength(1)
  expect(await Promise.all(others.map((customer) => store.find(customer, 'PK1001')))).toEqual([undefined, undefined])
})

test('cancels only what is not packed yet, and only for its customer', async () => {
  const store = sqliteOrderStore({ path: ':memory:' })
  const { number } = await store.place(newOrder('turn-1'))
  expect(await store.cancel({ tenant: 'shop', chat: 'boris' }, number)).toBe(false)
  expect(await store.setStatus(number, 'packed')).toBe(true)
  expect(await store.cancel(anna, number)).toBe(false)
  expect(await store.setStatus(number, 'received')).toBe(true)
  expect(await store.cancel(anna, number)).toBe(true)
  expect((await store.find(anna, number))?.status).toBe('cancelled')
})

test('knows no order of a strange number', async () => {
  const store = sqliteOrderStore({ path: ':memory:' })
  for (const number of ['', 'PK', 'PK0000', 'PK999999999', "1001' or 1=1"])
    expect(await store.find(anna, number)).toBeUndefined()
  expect(await store.setStatus('PK1001', 'packed')).toBe(false)
})

test('rejects when the file cannot be opened', async () => {
  using folder = temporaryFolder()
  const store = sqliteOrderStore({ path: folder.path })
  await expect(store.open()).rejects.toThrow()
  await expect(store.place(newOrder('turn-1'))).rejects.toThrow()
})

test('shares a file with another writer', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'shop.db')
  const [first, second] = [sqliteOrderStore({ path }), sqliteOrderStore({ path })]
  const numbers = await Promise.all([first, second].map((store, at) => store.place(newOrder(`turn-${at}`))))
  expect(new Set(numbers.map((order) => order.number)).size).toBe(2)
  expect(await first.latest(anna, 9)).toHaveLength(2)
  await first.close()
  await second.close()
})
