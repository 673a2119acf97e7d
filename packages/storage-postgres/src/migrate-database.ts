import { WaAgentError } from '@wa-agent/core'
import type { Database, Runner } from './database.ts'

/** One number for all schemas would let them wait for each other: the schema's name is the second. */
const lockNumber = 0x77616774

/** Runs the missing steps. */
export async function migrateDatabase(database: Database, steps: readonly string[]): Promise<void> {
  if ((await versionOf(database, database)) === steps.length) return
  await database.transaction(async (runner) => {
    await runner.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [lockNumber, database.schema])
    const version = await versionOf(runner, database)
    if (version > steps.length) throw isNewer(version, steps.length)
    if (version === steps.length) return
    await runner.query(`CREATE SCHEMA IF NOT EXISTS ${database.schema}`)
    for (const step of steps.slice(version)) await runScript(runner, step)
    await runner.query('CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)')
    await runner.query('DELETE FROM schema_version')
    await runner.query('INSERT INTO schema_version VALUES ($1)', [steps.length])
  })
}

/** Rejects where the schema is not the one that this version knows. */
export async function assertMigrated(database: Database, steps: readonly string[]): Promise<void> {
  const version = await versionOf(database, database)
  if (version > steps.length) throw isNewer(version, steps.length)
  if (version === steps.length) return
  const message = `[storage-postgres] The schema is at version ${version}, this package needs ${steps.length}. Call migrate() before, or leave \`migrate\` out.`
  throw new WaAgentError('storage_unavailable', message)
}

/** Statements without parameters, several in one go. */
export async function runScript(runner: Runner, script: string): Promise<void> {
  await runner.query(script)
}

/** The catalogue is read as a table: by name, a session may remember for a moment that the schema was missing. */
async function versionOf(runner: Runner, { schema }: Database): Promise<number> {
  const text = `SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'schema_version'`
  const found = await runner.query(text, [schema.slice(1, -1)])
  if (found.length === 0) return 0
  const [row] = await runner.query(`SELECT max(version) FROM ${schema}.schema_version`)
  return Number(row?.[0] ?? 0)
}

function isNewer(version: number, known: number): WaAgentError {
  return new WaAgentError(
    'storage_newer',
    `[storage-postgres] The database has schema ${version}, this version knows up to ${known}. Install the version of @wa-agent/storage-postgres that wrote it, or restore a backup from before the update.`,
  )
}
