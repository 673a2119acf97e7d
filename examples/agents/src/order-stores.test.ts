import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { createPipeline } from '@wa-agent/core'
import { inboundBuilder } from '@wa-agent/testing'
import { postgresForTests } from '@wa-agent/testing/servers'
import pg from 'pg'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { type NewOrder, type OrderStore, sqliteOrderStore } from './order-store.ts'
import { postgresOrderStore } from './postgres-order-store.ts'
import { shopPlugin } from './shop.ts'
import { ShopConversation } from './transcript.ts'

/** One place for orders, empty at first, which any number of workers open. */
interface Place extends AsyncDisposable {
  worker(): OrderStore
}

const anna = { tenant: 'shop', chat: 'anna' }
const boris = { tenant: 'shop', chat: 'boris' }
const annaElsewhere = { tenant: 'other', chat: 'anna' }
const line = { product: 'tape', key: 'brown', label: 'brown tape (66 m)', quantity: 2, priceCents: 180 }
const newOrder = (draft: string, change: Partial<NewOrder> = {}): NewOrder => ({
  customer: anna,
  draft,
  lines: [line],
  address: '12 Hill Road, Leeds',
  totalCents: 860,
  nowMs: Date.UTC(2026, 10, 23),
  ...change,
})
const times = <Value>(count: number, make: (at: number) => Value) => Array.from({ length: count }, (_, at) => make(at))

/** What every order store does, whatever keeps the orders. */
const cases: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  async 'keeps an order for every worker and beyond the life of one'(place) {
    const first = place.worker()
    const placed = await first.place(newOrder('turn-1'))
    await first.close()
    const { lines, address, totalCents, nowMs } = newOrder('turn-1')
    expect(placed).toEqual({ number: 'PK1001', lines, address, totalCents, status: 'received', createdAtMs: nowMs })
    expect(await place.worker().find(anna, 'PK1001')).toEqual(placed)
  },

  async 'keeps what a customer wrote as it is'(place) {
    const store = place.worker()
    const address = '12 O\'Hill "Road" \\n, Łódź, गाँव 🏡; drop table shop_orders; --\nLeeds $1'
    const label = 'brown\u0000 tape 🏡 \\u0041'
    const { number } = await store.place(newOrder('turn-1', { address, lines: [{ ...line, label }] }))
    expect(await store.find(anna, number)).toMatchObject({ address, lines: [{ label }] })
  },

  async 'opens at once for many workers that start together'(place) {
    const workers = times(8, () => place.worker())
    await Promise.all(workers.map((worker) => worker.open()))
    await Promise.all(workers.map((worker, at) => worker.place(newOrder(`turn-${at}`))))
    expect(await workers[0]?.latest(anna, 100)).toHaveLength(8)
  },

  async 'gives every order of every worker its own number'(place) {
    const workers = times(3, () => place.worker())
    const placed = await Promise.all(times(60, (at) => workers[at % 3]?.place(newOrder(`turn-${at}`))))
    expect(new Set(placed.map((order) => order?.number)).size).toBe(60)
  },

  async 'makes one order of a draft that several workers place at the same moment'(place) {
    const workers = times(4, () => place.worker())
    const placed = await Promise.all(times(20, (at) => workers[at % 4]?.place(newOrder('turn-1'))))
    expect(new Set(placed.map((order) => order?.number)).size).toBe(1)
    expect(await workers[0]?.latest(anna, 9)).toHaveLength(1)
  },

  async 'changes an order whose draft is placed again'(place) {
    const [first, second] = [place.worker(), place.worker()]
    const { number } = await first.place(newOrder('turn-1'))
    const change = { lines: [{ ...line, quantity: 9 }], address: '1 New Street', totalCents: 2120, nowMs: 5 }
    expect(await second.place(newOrder('turn-1', change))).toMatchObject({
      number,
      lines: change.lines,
      address: '1 New Street',
      totalCents: 2120,
      createdAtMs: newOrder('turn-1').nowMs,
    })
    expect(await first.latest(anna, 9)).toHaveLength(1)
  },

  async 'leaves the status of an order whose draft is placed again'(place) {
    const store = place.worker()
    const { number } = await store.place(newOrder('turn-1'))
    await store.setStatus(number, 'packed')
    expect(await store.place(newOrder('turn-1'))).toMatchObject({ number, status: 'packed' })
  },

  async 'keeps the orders of two customers and of two tenants apart'(place) {
    const store = place.worker()
    const customers = [anna, boris, annaElsewhere]
    const placed = await Promise.all(customers.map((customer) => store.place(newOrder('turn-1', { customer }))))
    for (const [at, customer] of customers.entries()) {
      expect(await store.latest(customer, 9)).toEqual([placed[at]])
      for (const other of placed.filter((order) => order !== placed[at])) {
        expect(await store.find(customer, other.number)).toBeUndefined()
        expect(await store.cancel(customer, other.number)).toBe(false)
      }
    }
    await store.withdraw(boris, 'turn-1')
    expect(await store.latest(anna, 9)).toHaveLength(1)
    expect(await store.latest(annaElsewhere, 9)).toHaveLength(1)
  },

  async 'keeps customers apart whose ids hardly differ'(place) {
    const store = place.worker()
    const chats = ['a', 'a\\u0000', 'a\\', 'a"', 'a ', 'A', 'a%', 'a_']
    await Promise.all(chats.map((chat) => store.place(newOrder('turn-1', { customer: { tenant: 'shop', chat } }))))
    for (const chat of chats) expect(await store.latest({ tenant: 'shop', chat }, 9)).toHaveLength(1)
  },

  async 'tells the newest orders first, as many as asked for'(place) {
    const store = place.worker()
    for (const draft of ['turn-1', 'turn-2', 'turn-3']) await store.place(newOrder(draft))
    expect((await store.latest(anna, 2)).map(({ number }) => number)).toEqual(['PK1003', 'PK1002'])
    expect(await store.latest(boris, 2)).toEqual([])
  },

  async 'cancels only what is not packed yet, once'(place) {
    const store = place.worker()
    const { number } = await store.place(newOrder('turn-1'))
    expect(await store.setStatus(number, 'packed')).toBe(true)
    expect(await store.cancel(anna, number)).toBe(false)
    expect(await store.setStatus(number, 'received')).toBe(true)
    expect(await store.cancel(anna, number)).toBe(true)
    expect(await store.cancel(anna, number)).toBe(false)
    expect((await place.worker().find(anna, number))?.status).toBe('cancelled')
  },

  async 'lets one of several workers cancel'(place) {
    const workers = times(4, () => place.worker())
    const number = (await workers[0]?.place(newOrder('turn-1')))?.number ?? ''
    const cancelled = await Promise.all(workers.map((worker) => worker.cancel(anna, number)))
    expect(cancelled.filter(Boolean)).toHaveLength(1)
  },

  async 'takes back what a draft has placed, and gives its number to nobody else'(place) {
    const store = place.worker()
    await store.place(newOrder('turn-1'))
    await store.withdraw(anna, 'turn-1')
    await store.withdraw(anna, 'turn-1')
    expect(await store.latest(anna, 9)).toEqual([])
    expect((await store.place(newOrder('turn-1'))).number).toBe('PK1002')
  },

  async 'knows no order of a strange number'(place) {
    const store = place.worker()
    await store.place(newOrder('turn-1'))
    for (const number of ['', 'PK', 'PK0000', 'PK1000', 'PK999999999', 'PK99999999999999999999', "PK1002' or 1=1"]) {
      expect(await store.find(anna, number), number).toBeUndefined()
      expect(await store.cancel(anna, number), number).toBe(false)
    }
    expect(await store.setStatus('PK1002', 'packed')).toBe(false)
    expect((await store.find(anna, 'pk 1001'))?.number).toBe('PK1001')
  },

  async 'finishes what was begun before it closes, and opens again when it is asked'(place) {
    const store = place.worker()
    const placing = times(20, (at) => store.place(newOrder(`turn-${at}`)))
    await store.close()
    expect(new Set((await Promise.all(placing)).map(({ number }) => number)).size).toBe(20)
    expect(await store.latest(anna, 100)).toHaveLength(20)
    await store.close()
    await store.close()
  },

  async 'is one order book for two workers of the shop'(place) {
    const first = new ShopConversation({ store: place.worker() })
    const steps = [['10 large boxes'], ['12 Hill Road, Leeds'], ['yes', 'PK1001']] as const
    expect(await first.play(steps)).toBeUndefined()
    const second = new ShopConversation({ store: place.worker() })
    expect(
      await second.play([
        ['where is my order', 'Order PK1001 is received', '10 × large box'],
        ['cancel order 1001', 'Shall I cancel order PK1001'],
        ['yes', 'PK1001 is cancelled'],
      ]),
    ).toBeUndefined()
    expect(await first.ask('where is my order')).toContain('Order PK1001 was cancelled')
  },
}

describe('an order store in an SQLite file', () => {
  test.each(Object.entries(cases))('%s', async (_title, run) => {
    const folder = mkdtempSync(join(tmpdir(), 'orders-'))
    await using place = placeOf(
      () => sqliteOrderStore({ path: join(folder, 'shop.db') }),
      () => rmSync(folder, { recursive: true }),
    )
    await run(place)
  })
})

const database = await postgresForTests()

describe.skipIf(!database)('an order store in PostgreSQL', () => {
  const url = database?.url ?? ''
  const admin = new pg.Pool({ connectionString: url, max: 1 })
  afterAll(async () => {
    await admin.end()
    await database?.[Symbol.asyncDispose]()
  })

  /** A schema of the test's own; its connections bear its name. */
  function schemaPlace() {
    const schema = `test_orders_${randomUUID().slice(0, 8)}`
    const place = placeOf(
      () => postgresOrderStore({ url: withSetting(url, 'application_name', schema), schema }),
      async () => void (await admin.query(`drop schema if exists "${schema}" cascade`)),
    )
    return Object.assign(place, { schema })
  }

  async function connectionsOf(schema: string): Promise<number> {
    const { rowCount } = await admin.query('select from pg_stat_activity where application_name = $1', [schema])
    return rowCount ?? 0
  }

  test.each(Object.entries(cases))('%s', async (_title, run) => {
    await using place = schemaPlace()
    await run(place)
  })

  test('takes four connections at most, and leaves none', async () => {
    await using place = schemaPlace()
    const store = place.worker()
    await Promise.all(times(40, (at) => store.place(newOrder(`turn-${at}`))))
    expect(await connectionsOf(place.schema)).toBeGreaterThan(1)
    expect(await connectionsOf(place.schema)).toBeLessThanOrEqual(4)
    await store.close()
    await vi.waitFor(async () => expect(await connectionsOf(place.schema)).toBe(0), waiting)
  })

  test('goes on when the server has ended its connections', async () => {
    await using place = schemaPlace()
    const store = place.worker()
    const placed = await store.place(newOrder('turn-1'))
    const end = 'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1'
    expect((await admin.query(end, [place.schema])).rowCount).toBe(1)
    // Its idle connection is gone before anybody asks for it: nobody waits for that failure.
    await vi.waitFor(async () => expect(await connectionsOf(place.schema)).toBe(0), waiting)
    await vi.waitFor(async () => expect(await store.find(anna, placed.number)).toEqual(placed), waiting)
  })

  test('takes characters that a text of PostgreSQL cannot hold', async () => {
    await using place = schemaPlace()
    const store = place.worker()
    const chats = ['a', 'a\0', 'a\ud800', 'a\udbff']
    const address = '12 Hill\0 Road'
    const order = (chat: string) => newOrder('turn-1', { customer: { tenant: 'shop', chat }, address })
    await Promise.all(chats.map((chat) => store.place(order(chat))))
    for (const chat of chats) {
      expect(await store.latest({ tenant: 'shop', chat }, 9)).toMatchObject([{ address: '12 Hill Road' }])
    }
  })

  test('is opened and closed with the pipeline where the plugin has the URL, in a schema of its own', async () => {
    const pipeline = createPipeline({ plugins: [shopPlugin({ orders: url })] })
    await pipeline.start?.()
    const { rows } = await admin.query(`select to_regclass('wa_agent_shop.shop_orders') is not null as exists`)
    expect(rows).toEqual([{ exists: true }])
    const { replies } = await pipeline.run({ messages: [inboundBuilder().text('where is my order')] })
    expect(replies).toMatchObject([{ text: expect.stringContaining('cannot find an order') }])
    await pipeline.stop?.()
    const others = `select from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`
    await vi.waitFor(async () => expect((await admin.query(others)).rowCount).toBe(0), waiting)
  })

  test('needs no right to create where somebody else has created', async () => {
    await using place = schemaPlace()
    const limitedUrl = withSetting(url, 'options', '-c role=pg_read_all_data')
    const limited = postgresOrderStore({ url: limitedUrl, schema: place.schema })
    await expect(limited.open()).rejects.toMatchObject({ code: 'storage_unavailable', message: /42501/ })
    await place.worker().open()
    await limited.open()
    expect(await limited.latest(anna, 9)).toEqual([])
    await limited.close()
  })
})

describe('the address of a database', () => {
  test('is needed, and said in a word that names the factory', () => {
    const noUrl = {} as { url: string }
    const expected = { code: 'invalid_options', message: expect.stringContaining('postgresOrderStore()') }
    for (const options of [noUrl, { url: '' }, { url: 'shop.db' }, { url: 'mysql://root:secret@db/shop' }]) {
      expect(() => postgresOrderStore(options)).toThrow(expect.objectContaining(expected))
      expect(() => postgresOrderStore(options)).not.toThrow('secret')
    }
    for (const schema of ['', 'x"; drop table shop_orders; --', 'x'.repeat(49)]) {
      const options = { url: 'postgres://db/shop', schema }
      expect(() => postgresOrderStore(options)).toThrow(expect.objectContaining(expected))
    }
  })

  test('is what the plugin takes, and it rejects without the password where nobody answers', async () => {
    const port = await unusedPort()
    for (const scheme of ['postgres', 'postgresql']) {
      const orders = `${scheme}://root:secret@127.0.0.1:${port}/shop`
      const pipeline = createPipeline({ plugins: [shopPlugin({ orders })] })
      const error = await Promise.resolve(pipeline.start?.()).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'storage_unavailable', retryable: true, message: /ECONNREFUSED/ })
      expect(inspect(error)).not.toContain('secret')
    }
  })

  test('is not told by the error where it is none', async () => {
    const store = postgresOrderStore({ url: 'postgres://root:secret@db:70000000/shop' })
    const error = await store.open().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'storage_unavailable' })
    expect(inspect(error)).not.toContain('secret')
  })
})

/** Another process on a busy machine. */
const waiting = { timeout: 10_000, interval: 20 }

function placeOf(open: () => OrderStore, remove: () => void | Promise<void>): Place {
  const workers: OrderStore[] = []
  return {
    worker() {
      const worker = open()
      workers.push(worker)
      return worker
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.close()))
      await remove()
    },
  }
}

function withSetting(url: string, name: string, value: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`
}

async function unusedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
