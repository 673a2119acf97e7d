export type { IntegrityReport } from './handle.ts'
export type { SqliteStorageOptions } from './options.ts'
export { type SqliteStorage, sqliteStorage } from './sqlite-storage.ts'
