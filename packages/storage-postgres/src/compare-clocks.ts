import type { Database } from './database.ts'
import type { Settings } from './options.ts'

/** Clocks that differ by more make leases end early or late. */
const toleratedMs = 3_000

/** Warns where this machine's clock is not the server's: all processes must agree on the time, or leases overlap. */
export async function compareClocks(database: Database, { clock, logger }: Settings): Promise<void> {
  const beforeMs = clock.now()
  const [row] = await database.query('SELECT extract(epoch FROM clock_timestamp()) * 1000')
  const afterMs = clock.now()
  const aheadMs = Math.round((beforeMs + afterMs) / 2 - Number(row?.[0]))
  if (Math.abs(aheadMs) <= toleratedMs + (afterMs - beforeMs) / 2) return
  logger.warn({ aheadMs }, 'the clock of this machine differs from that of PostgreSQL: synchronise both')
}
