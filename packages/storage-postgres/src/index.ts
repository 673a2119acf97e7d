export type { PostgresPool, PostgresStorageOptions } from './options.ts'
export { postgresStorage } from './postgres-storage.ts'

// Bringing the schema up to date apart from the bot, e.g. in a deployment
export { type MigrateOptions, migrate } from './migrate.ts'
