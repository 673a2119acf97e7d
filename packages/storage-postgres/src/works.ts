import { randomUUID } from 'node:crypto'
import { Appender } from './append.ts'
import { Channels } from './channels.ts'
import { Claims } from './claim.ts'
import { Commits } from './commit.ts'
import { compareClocks } from './compare-clocks.ts'
import { Database } from './database.ts'
import { DeadLetterTable } from './dead-letters.ts'
import { Doorbell } from './doorbell.ts'
import { toStorageError } from './errors.ts'
import { HeldLeases, Leases } from './leases.ts'
import { assertMigrated, migrateDatabase } from './migrate-database.ts'
import type { Settings } from './options.ts'
import { OutsideTurns } from './outside-turns.ts'
import type { Parts } from './parts.ts'
import { RecordTable } from './record-table.ts'
import { Settlements } from './settle.ts'
import { migrations } from './sql/migrations.ts'
import { Tracking } from './track.ts'

/** Everything that works on one database. */
export class Works {
  readonly parts: Parts
  readonly held = new HeldLeases(randomUUID())
  readonly appender: Appender
  readonly claims: Claims
  readonly commits: Commits
  readonly settlements: Settlements
  readonly tracking: Tracking
  readonly leases: Leases
  readonly outside: OutsideTurns
  readonly letters: DeadLetterTable
  readonly records: RecordTable

  constructor(settings: Settings) {
    const database = new Database(settings)
    const channels = new Channels(database)
    const parts = { settings, database, channels, doorbell: new Doorbell(database, settings) }
    this.parts = parts
    this.appender = new Appender(parts)
    this.claims = new Claims(parts, this.held)
    this.commits = new Commits(parts, this.held)
    this.settlements = new Settlements(parts)
    this.tracking = new Tracking(parts)
    this.leases = new Leases(parts, this.held)
    this.outside = new OutsideTurns(parts)
    this.letters = new DeadLetterTable(parts)
    this.records = new RecordTable(parts)
  }

  async open(): Promise<void> {
    const { database, settings } = this.parts
    try {
      if (settings.migrate) await migrateDatabase(database, migrations)
      else await assertMigrated(database, migrations)
      await compareClocks(database, settings)
    } catch (error) {
      throw toStorageError(error)
    }
  }

  /** Finishes what was begun, gives back what is held, lets go of the connections. */
  async close(): Promise<void> {
    const { appender, claims, commits, settlements, tracking, leases, outside, records, parts } = this
    const all = [appender, claims, commits, settlements, tracking, leases, outside, records]
    await Promise.all(all.map((one) => one.drained()))
    // Where the database is away, the leases end by themselves.
    await leases.releaseHeld().catch(() => undefined)
    await parts.doorbell.drained()
    await parts.database.end()
  }
}
