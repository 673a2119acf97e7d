export type { SqliteStorageOptions } from './options.ts'
export { type IntegrityReport, type SqliteStorage, sqliteStorage } from './sqlite-storage.ts'
