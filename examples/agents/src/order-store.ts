import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { makeFolderOf } from './make-folder.ts'

export type OrderStatus = 'received' | 'packed' | 'shipped' | 'delivered' | 'cancelled'

/** One line of an order, as it was when the order was placed. */
export interface OrderLine {
  readonly product: string
  readonly key: string
  readonly label: string
  readonly quantity: number
  readonly priceCents: number
}

/** Whose orders they are: one customer of one tenant never sees another's. */
export interface Customer {
  readonly tenant: string
  readonly chat: string
}

/** An order that is to be placed. */
export interface NewOrder {
  readonly customer: Customer
  /** What makes it once-only: placing the same draft again changes that order, it never makes a second one. */
  readonly draft: string
  readonly lines: readonly OrderLine[]
  readonly address: string
  readonly totalCents: number
  readonly nowMs: number
}

/** An order that was placed. */
export interface Order {
  /** What the customer is told: `PK1001`. */
  readonly number: string
  readonly lines: readonly OrderLine[]
  readonly address: string
  readonly totalCents: number
  readonly status: OrderStatus
  readonly createdAtMs: number
}

/**
 * Where orders are kept. Several workers may share one place; each of them has a store of its own there. Every call may
 * reject with what the place says, and may then be made again.
 */
export interface OrderStore {
  /** Opens what orders are kept in, so that a wrong path or URL is known at the start. The other functions do it too. */
  open(): Promise<void>
  /** Resolves once the order is on disk. */
  place(order: NewOrder): Promise<Order>
  /** The customer's newest orders, newest first. */
  latest(customer: Customer, limit: number): Promise<readonly Order[]>
  /** The customer's order of that number. */
  find(customer: Customer, number: string): Promise<Order | undefined>
  /** Cancels the customer's order as long as nobody has packed it; says whether it did. */
  cancel(customer: Customer, number: string): Promise<boolean>
  /** Takes back what a draft has placed, if a turn that was never committed has placed it. */
  withdraw(customer: Customer, draft: string): Promise<void>
  /** For the shop's own people. Says whether there is such an order. */
  setStatus(number: string, status: OrderStatus): Promise<boolean>
  /** Resolves once what was begun is done and everything is let go. */
  close(): Promise<void>
}

/** An order as a table of either database has it. */
export interface OrderRow {
  readonly id: number
  readonly lines: string
  readonly address: string
  readonly total_cents: number
  readonly status: OrderStatus
  readonly created_at_ms: number
}

interface Waiting {
  readonly order: NewOrder
  readonly resolve: (order: Order) => void
  readonly reject: (error: unknown) => void
}

// Customers need not see how many orders there were: the first one is PK1001.
const firstNumber = 1000

const schema = `
create table if not exists shop_orders (
  id integer primary key autoincrement,
  tenant text not null,
  chat text not null,
  draft text not null,
  lines text not null,
  address text not null,
  total_cents integer not null,
  status text not null default 'received',
  created_at_ms integer not null,
  unique (tenant, chat, draft)
) strict;
create index if not exists shop_orders_by_customer on shop_orders (tenant, chat, id);`

/**
 * Keeps orders in an SQLite file; `:memory:` for tests. The file may be the bot's own one: the table's name begins with
 * `shop_`. Orders that come at the same moment share one commit, because each commit waits for the disk.
 */
export function sqliteOrderStore({ path }: { readonly path: string }): OrderStore {
  let opened: ReturnType<typeof openDatabase> | undefined
  let waiting: Waiting[] = []
  const database = () => {
    opened ??= openDatabase(path)
    return opened
  }

  function placeAll(): void {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    try {
      const { db, place } = database()
      const placed = inTransaction(db, () => batch.map(({ order }) => toOrder(rowOf(place, insertValues(order)))))
      batch.forEach(({ resolve }, at) => {
        const order = placed[at]
        if (order) resolve(order)
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    async open() {
      database()
    },
    place: (order) =>
      new Promise((resolve, reject) => {
        if (waiting.push({ order, resolve, reject }) === 1) setImmediate(placeAll)
      }),
    latest: async ({ tenant, chat }, limit) =>
      (database().latest.all(tenant, chat, limit) as unknown as OrderRow[]).map((row) => toOrder(row)),
    async find({ tenant, chat }, number) {
      const row = database().find.get(tenant, chat, idOf(number))
      return row && toOrder(row as unknown as OrderRow)
    },
    cancel: async ({ tenant, chat }, number) => Number(database().cancel.run(tenant, chat, idOf(number)).changes) > 0,
    async withdraw({ tenant, chat }, draft) {
      database().withdraw.run(tenant, chat, draft)
    },
    setStatus: async (number, status) => Number(database().setStatus.run(status, idOf(number)).changes) > 0,
    async close() {
      placeAll()
      opened?.db.close()
      opened = undefined
    },
  }
}

function openDatabase(path: string) {
  if (path !== ':memory:') makeFolderOf(path, 'the orders')
  const db = new DatabaseSync(path)
  // FULL: an order whose number a customer has read survives a power cut. The bot may write to the same file.
  db.exec('pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full;')
  db.exec(schema)
  const columns = 'id, lines, address, total_cents, status, created_at_ms'
  return {
    db,
    place: db.prepare(
      `insert into shop_orders (tenant, chat, draft, lines, address, total_cents, created_at_ms) values (?, ?, ?, ?, ?, ?, ?)
       on conflict (tenant, chat, draft) do update
         set lines = excluded.lines, address = excluded.address, total_cents = excluded.total_cents
       returning ${columns}`,
    ),
    latest: db.prepare(`select ${columns} from shop_orders where tenant = ? and chat = ? order by id desc limit ?`),
    find: db.prepare(`select ${columns} from shop_orders where tenant = ? and chat = ? and id = ?`),
    cancel: db.prepare(
      `update shop_orders set status = 'cancelled' where tenant = ? and chat = ? and id = ? and status = 'received'`,
    ),
    withdraw: db.prepare(`delete from shop_orders where tenant = ? and chat = ? and draft = ?`),
    setStatus: db.prepare('update shop_orders set status = ? where id = ?'),
  }
}

function inTransaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec('begin immediate')
  try {
    const result = work()
    db.exec('commit')
    return result
  } catch (error) {
    db.exec('rollback')
    throw error
  }
}

function insertValues({ customer, draft, lines, address, totalCents, nowMs }: NewOrder) {
  return [customer.tenant, customer.chat, draft, JSON.stringify(lines), address, totalCents, nowMs] as const
}

function rowOf(statement: StatementSync, values: readonly (string | number)[]): OrderRow {
  return statement.get(...values) as unknown as OrderRow
}

/** The order that a row tells of. */
export function toOrder(row: OrderRow): Order {
  return {
    number: `PK${firstNumber + row.id}`,
    lines: JSON.parse(row.lines) as OrderLine[],
    address: row.address,
    totalCents: row.total_cents,
    status: row.status,
    createdAtMs: row.created_at_ms,
  }
}

/** The row of an order's number; 0, which no row has, for what is no number. */
export function idOf(number: string): number {
  const digits = /\d{4,9}/.exec(number)?.[0]
  return digits === undefined ? 0 : Number(digits) - firstNumber
}
