import { Database } from './database.ts'
import { toStorageError } from './errors.ts'
import { migrateDatabase, runScript } from './migrate-database.ts'
import { type PostgresStorageOptions, settingsOf } from './options.ts'
import { migrations } from './sql/migrations.ts'
import { rowLevelSecurity } from './sql/row-level-security.ts'

/** What `migrate` needs. */
export interface MigrateOptions extends Pick<PostgresStorageOptions, 'url' | 'pool' | 'ssl' | 'schema'> {
  /**
   * Also lets other roles see only one tenant, the one in their setting `wa_agent.tenant`. The owner of the tables, as whom the
   * bot connects, is not bound by it. Default: `false`, which changes nothing where it was switched on before.
   */
  readonly rls?: boolean
}

/**
 * Brings the schema up to date, all or nothing. Any number of processes may do it at once: one does, the others wait. Rejects
 * with `storage_newer` where a newer version of this package has been here.
 */
export async function migrate({ rls = false, ...options }: MigrateOptions): Promise<void> {
  const database = new Database(settingsOf(options))
  try {
    await migrateDatabase(database, migrations)
    if (rls) await database.transaction((runner) => runScript(runner, rowLevelSecurity))
  } catch (error) {
    throw toStorageError(error)
  } finally {
    await database.end()
  }
}
