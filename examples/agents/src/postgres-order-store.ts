import { WaAgentError } from '@wa-agent/core'
import type { Pool } from 'pg'
import { idOf, type NewOrder, type Order, type OrderRow, type OrderStore, toOrder } from './order-store.ts'

/** Options of `postgresOrderStore`. */
export interface PostgresOrderStoreOptions {
  /** `postgres://user:password@host:5432/database`, with `?sslmode=verify-full` where the server asks for TLS. */
  readonly url: string
  /** Where the table is. Two shops may share a database in two schemas. Default: `wa_agent_shop`. */
  readonly schema?: string | undefined
}

const poolSize = 4
const connectTimeoutMs = 10_000
const answerTimeoutMs = 30_000

/** Kept for good: two versions that differed in it would no longer wait for each other. */
const lockNumber = 0x73686f70

/**
 * Keeps orders in PostgreSQL, in one place for all workers. The schema and the table are made where they are missing. Throws
 * `invalid_options` without a URL; its calls reject with `storage_unavailable` where the database does.
 */
export function postgresOrderStore({ url, schema = 'wa_agent_shop' }: PostgresOrderStoreOptions): OrderStore {
  checkUrl(url)
  checkSchema(schema)
  const sql = statementsOf(`"${schema}"`)
  const begun = new Set<Promise<unknown>>()
  let opening: Promise<Pool> | undefined

  function opened(): Promise<Pool> {
    if (opening) return opening
    const mine = openPool(url, sql).catch((error: unknown) => {
      if (opening === mine) opening = undefined
      throw error
    })
    opening = mine
    return mine
  }

  async function answerTo<Row extends object>(text: string, values: readonly unknown[]) {
    const pool = await opened()
    try {
      const { rows, rowCount } = await pool.query<Row>(text, [...values])
      return { rows, rowCount: rowCount ?? 0 }
    } catch (error) {
      throw toStoreError(error)
    }
  }

  function ask<Row extends object>(text: string, values: readonly unknown[]) {
    const asked = answerTo<Row>(text, values)
    begun.add(asked)
    return asked.finally(() => begun.delete(asked))
  }

  return {
    async open() {
      await opened()
    },
    async place(order) {
      const { rows } = await ask<OrderRow>(sql.place, placeValues(order))
      const [placed] = rows
      // A database that returns nothing here has rules or policies of somebody else's.
      if (!placed) throw toStoreError(new Error('the statement returned no row'))
      return orderOf(placed)
    },
    async latest({ tenant, chat }, limit) {
      const { rows } = await ask<OrderRow>(sql.latest, [toKey(tenant), toKey(chat), limit])
      return rows.map(orderOf)
    },
    async find({ tenant, chat }, number) {
      const { rows } = await ask<OrderRow>(sql.find, [toKey(tenant), toKey(chat), idOf(number)])
      return rows[0] && orderOf(rows[0])
    },
    cancel: async ({ tenant, chat }, number) =>
      (await ask(sql.cancel, [toKey(tenant), toKey(chat), idOf(number)])).rowCount > 0,
    async withdraw({ tenant, chat }, draft) {
      await ask(sql.withdraw, [toKey(tenant), toKey(chat), toKey(draft)])
    },
    setStatus: async (number, status) => (await ask(sql.setStatus, [status, idOf(number)])).rowCount > 0,
    async close() {
      const closing = opening
      opening = undefined
      // A pool that ends forgets whoever waits for one of its connections.
      await Promise.allSettled(begun)
      const pool = await closing?.catch(() => undefined)
      await pool?.end()
    },
  }
}

/** Whether it is the URL of a PostgreSQL database, rather than the path of a file. */
export function isPostgresUrl(place: unknown): place is string {
  return typeof place === 'string' && /^postgres(ql)?:\/\//.test(place)
}

function checkUrl(url: unknown): void {
  if (isPostgresUrl(url)) return
  const got = url === undefined || url === '' ? 'none' : 'something else'
  throw new WaAgentError(
    'invalid_options',
    `[shop] Expected \`url\` like postgres://user:password@host:5432/database, got ${got}. Pass it to postgresOrderStore().`,
  )
}

function checkSchema(schema: unknown): void {
  if (typeof schema === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,47}$/.test(schema)) return
  throw new WaAgentError(
    'invalid_options',
    '[shop] Expected `schema` to be a name of at most 48 letters, digits and _. Correct it in postgresOrderStore().',
  )
}

type Statements = ReturnType<typeof statementsOf>

/** Every name is written out with its schema: behind a pooler a connection has no memory of a search path. */
function statementsOf(schema: string) {
  const table = `${schema}.shop_orders`
  const columns = 'id, lines, address, total_cents, status, created_at_ms'
  return {
    exists: `select to_regclass('${table}') is not null as exists`,
    // One transaction, as statements are that are sent together. Of workers that start at once one creates, the others wait.
    create: `
      select pg_advisory_xact_lock(${lockNumber}, hashtext('${schema}'));
      do $$ begin
        if to_regnamespace('${schema}') is null then create schema ${schema}; end if;
      end $$;
      create table if not exists ${table} (
        id bigint generated always as identity primary key,
        tenant text not null,
        chat text not null,
        draft text not null,
        lines text not null,
        address text not null,
        total_cents bigint not null,
        status text not null default 'received',
        created_at_ms bigint not null,
        unique (tenant, chat, draft)
      );
      create index if not exists shop_orders_by_customer on ${table} (tenant, chat, id);`,
    place: `
      insert into ${table} (tenant, chat, draft, lines, address, total_cents, created_at_ms)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (tenant, chat, draft) do update
        set lines = excluded.lines, address = excluded.address, total_cents = excluded.total_cents
      returning ${columns}`,
    latest: `select ${columns} from ${table} where tenant = $1 and chat = $2 order by id desc limit $3`,
    find: `select ${columns} from ${table} where tenant = $1 and chat = $2 and id = $3`,
    cancel: `update ${table} set status = 'cancelled' where tenant = $1 and chat = $2 and id = $3 and status = 'received'`,
    withdraw: `delete from ${table} where tenant = $1 and chat = $2 and draft = $3`,
    setStatus: `update ${table} set status = $1 where id = $2`,
  } as const
}

/** Only now `pg` is loaded: a shop that keeps its orders in a file pays nothing for it. */
async function openPool(url: string, sql: Statements): Promise<Pool> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
  })
  // An idle connection that is lost would end the process. The pool replaces it; who asks next learns if it cannot.
  pool.on('error', () => undefined)
  try {
    // Who may only read and write rows can open what somebody else has created.
    const { rows } = await pool.query<{ exists: boolean }>(sql.exists)
    if (rows[0]?.exists !== true) await pool.query(sql.create)
    return pool
  } catch (error) {
    await pool.end()
    throw toStoreError(error)
  }
}

function placeValues({ customer, draft, lines, address, totalCents, nowMs }: NewOrder): readonly unknown[] {
  const { tenant, chat } = customer
  const text = address.replaceAll('\0', '')
  return [toKey(tenant), toKey(chat), toKey(draft), JSON.stringify(lines), text, totalCents, nowMs]
}

/** An id as it is stored: as it is, but for what the database refuses or would change, such as NUL. Two ids stay two. */
function toKey(id: string): string {
  return JSON.stringify(id).slice(1, -1)
}

/** Big integers come as texts, or as what the process has set up for them. */
function orderOf(row: OrderRow): Order {
  const numbers = { id: Number(row.id), total_cents: Number(row.total_cents), created_at_ms: Number(row.created_at_ms) }
  return toOrder({ ...row, ...numbers })
}

/** What the database says is the cause only: it may name the server, or quote what a customer wrote. */
function toStoreError(cause: unknown): WaAgentError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const state = typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? ` (${code})` : ''
  const message = `[shop] The database of the orders did not do what it was asked${state}. Check that it runs, its URL and the user's rights; then try again.`
  return new WaAgentError('storage_unavailable', message, { retryable: true, cause })
}
