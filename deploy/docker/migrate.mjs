// Brings the schema of the database up to date and ends. Workers do the same when they start; apart it is for databases where they
// may not change tables, and for updates whose migration is to be seen to succeed first.
//   DATABASE_URL=postgres://... node migrate.mjs
import { migrate } from '@wa-agent/storage-postgres'

const url = process.env['DATABASE_URL']
if (!url) {
  process.stderr.write('DATABASE_URL is missing: the PostgreSQL database to migrate.\n')
  process.exitCode = 1
} else {
  try {
    await migrate({ url })
    process.stdout.write('the schema is up to date\n')
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
